// The parts of Linux that the built-in server needs and Swift's Glibc module lacks.
//
// Includes only integer types. These calls need _GNU_SOURCE, which changes the types of glibc's headers: they would
// differ from those in the Glibc module, and Swift rejects a program that has both.
#pragma once

#ifdef __linux__
#include <stddef.h>
#include <stdint.h>

// Events to wait for, or events that occurred: the values of EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP | EPOLLERR,
// EPOLLET and EPOLLEXCLUSIVE.
extern const uint32_t eventsource_readable, eventsource_writable, eventsource_peer_finished, eventsource_dead;
extern const uint32_t eventsource_on_change, eventsource_one_waiter;

// On failure, all of these functions return -1 and set errno.

int eventsource_epoll_create(void);
int eventsource_epoll_add(int epoll, int fd, uint32_t interest, uint64_t token);
int eventsource_epoll_change(int epoll, int fd, uint32_t interest, uint64_t token);
int eventsource_epoll_remove(int epoll, int fd);

// Waits, and splits the packed events into tokens and event masks. Returns at most 256 events at a time.
int eventsource_epoll_wait(int epoll, uint64_t *tokens, uint32_t *ready, int capacity, int milliseconds);

// Close-on-exec and non-blocking, like every descriptor created here.
int eventsource_eventfd(void);
int eventsource_socket(int family);
int eventsource_accept(int listener);

// A send() that never raises SIGPIPE.
ptrdiff_t eventsource_send(int fd, const void *bytes, size_t count);

// Sends small writes immediately (TCP_NODELAY).
int eventsource_set_no_delay(int fd);
// Allows binding a port whose last connections are in TIME_WAIT (SO_REUSEADDR).
int eventsource_set_reuse_address(int fd);
// Sets whether an IPv6 socket on :: also accepts IPv4 connections.
int eventsource_set_dual_stack(int fd, int takes_ipv4);
int eventsource_set_send_buffer(int fd, int bytes);
// Detects a vanished peer within about this many seconds: by TCP_USER_TIMEOUT while data is unacknowledged, otherwise
// by keep-alive probes.
int eventsource_set_peer_timeout(int fd, int seconds);
// Makes close() send RST and discard unsent data.
int eventsource_set_reset_on_close(int fd);

// Returns the number of bytes that the peer has not acknowledged (SIOCOUTQ), or a negative number.
int eventsource_unsent(int fd);

// Catches SIGTERM and SIGINT: the first signal is written to a new eventfd, which is returned, and does not end the
// process. The second one ends the process as usual. Only one such eventfd can exist at a time.
int eventsource_catch_signals(void);
// Restores the previous handlers of both signals.
void eventsource_release_signals(void);

// Sets the calling thread's name, of at most 15 characters.
void eventsource_name_thread(const char *name);
#endif
