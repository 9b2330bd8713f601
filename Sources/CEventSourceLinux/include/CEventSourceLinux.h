// What the built-in server needs of Linux and Swift's Glibc module does not have.
//
// Nothing of the system is included here but integer types: with _GNU_SOURCE, which these calls want, glibc's own types
// look different from those that the Glibc module was built with, and Swift refuses to see both.
#pragma once

#ifdef __linux__
#include <stddef.h>
#include <stdint.h>

// What to wait for, and what is ready: the values of EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP | EPOLLERR, EPOLLET,
// EPOLLEXCLUSIVE.
extern const uint32_t eventsource_readable, eventsource_writable, eventsource_peer_finished, eventsource_dead;
extern const uint32_t eventsource_on_change, eventsource_one_waiter;

// All of these answer -1 and set errno when they fail.

int eventsource_epoll_create(void);
int eventsource_epoll_add(int epoll, int fd, uint32_t interest, uint64_t token);
int eventsource_epoll_change(int epoll, int fd, uint32_t interest, uint64_t token);
int eventsource_epoll_remove(int epoll, int fd);

// Waits, and takes the packed events apart into tokens and what is ready; at most 256 at a time.
int eventsource_epoll_wait(int epoll, uint64_t *tokens, uint32_t *ready, int capacity, int milliseconds);

// Close-on-exec and non-blocking, like every descriptor made here.
int eventsource_eventfd(void);
int eventsource_socket(int family);
int eventsource_accept(int listener);

// send() that never raises SIGPIPE.
ptrdiff_t eventsource_send(int fd, const void *bytes, size_t count);

// Small writes go out at once (TCP_NODELAY).
int eventsource_set_no_delay(int fd);
// A port whose last connections are in TIME_WAIT can be bound again (SO_REUSEADDR).
int eventsource_set_reuse_address(int fd);
// Whether an IPv6 socket on :: takes IPv4 as well.
int eventsource_set_dual_stack(int fd, int takes_ipv4);
int eventsource_set_send_buffer(int fd, int bytes);
// Finds a peer that has vanished in about so many seconds: by TCP_USER_TIMEOUT when data is unanswered, by keep-alive
// probes when there is none.
int eventsource_set_peer_timeout(int fd, int seconds);
// close() will send RST and drop what is unsent.
int eventsource_set_reset_on_close(int fd);

// How many bytes the peer has not acknowledged (SIOCOUTQ), or less than 0.
int eventsource_unsent(int fd);

// Has SIGTERM and SIGINT written to a new eventfd, which is returned, instead of their ending the process. Only the first
// one: at the second the process ends as it would have. One such eventfd at a time.
int eventsource_catch_signals(void);
// Gives both signals back to those who had them.
void eventsource_release_signals(void);

// The calling thread's name, at most 15 characters.
void eventsource_name_thread(const char *name);
#endif
