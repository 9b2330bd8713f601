#ifdef __linux__
#define _GNU_SOURCE
#include "CEventSourceLinux.h"
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint32_t eventsource_readable = EPOLLIN, eventsource_writable = EPOLLOUT;
const uint32_t eventsource_peer_finished = EPOLLRDHUP, eventsource_dead = EPOLLHUP | EPOLLERR;
const uint32_t eventsource_on_change = EPOLLET, eventsource_one_waiter = EPOLLEXCLUSIVE;

int eventsource_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int eventsource_epoll_add(int epoll, int fd, uint32_t interest, uint64_t token) {
  struct epoll_event event = {.events = interest, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int eventsource_epoll_change(int epoll, int fd, uint32_t interest, uint64_t token) {
  struct epoll_event event = {.events = interest, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

int eventsource_epoll_remove(int epoll, int fd) {
  struct epoll_event event = {0};
  return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

int eventsource_epoll_wait(int epoll, uint64_t *tokens, uint32_t *ready, int capacity, int milliseconds) {
  struct epoll_event events[256];
  int count = epoll_wait(epoll, events, capacity < 256 ? capacity : 256, milliseconds);
  for (int i = 0; i < count; i++) {
    tokens[i] = events[i].data.u64;
    ready[i] = events[i].events;
  }
  return count;
}

int eventsource_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int eventsource_socket(int family) { return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

int eventsource_accept(int listener) { return accept4(listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK); }

// send() is a thread cancellation point, which costs two locked instructions per call. No thread here is cancelled.
ptrdiff_t eventsource_send(int fd, const void *bytes, size_t count) {
  return syscall(SYS_sendto, fd, bytes, count, MSG_NOSIGNAL, NULL, 0);
}

static int set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value);
}

int eventsource_set_no_delay(int fd) { return set(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

int eventsource_set_reuse_address(int fd) { return set(fd, SOL_SOCKET, SO_REUSEADDR, 1); }

int eventsource_set_dual_stack(int fd, int takes_ipv4) { return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !takes_ipv4); }

int eventsource_set_send_buffer(int fd, int bytes) { return set(fd, SOL_SOCKET, SO_SNDBUF, bytes); }

int eventsource_set_peer_timeout(int fd, int seconds) {
  return set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) | set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds / 2) |
         set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds / 6) | set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3) |
         set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
}

int eventsource_set_reset_on_close(int fd) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

int eventsource_unsent(int fd) {
  int count;
  return ioctl(fd, SIOCOUTQ, &count) == 0 ? count : -1;
}

static int signal_fd = -1;
static volatile sig_atomic_t has_signal;
static struct sigaction on_term_before, on_int_before;

static void on_signal(int number) {
  if (has_signal) {
    // The signal is delivered when this handler returns.
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  has_signal = 1;
  int saved = errno;
  uint64_t one = 1;
  ssize_t written = write(signal_fd, &one, sizeof one);
  (void)written;
  errno = saved;
}

int eventsource_catch_signals(void) {
  signal_fd = eventfd(0, EFD_CLOEXEC);
  if (signal_fd < 0) return -1;
  has_signal = 0;
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &action, &on_term_before);
  sigaction(SIGINT, &action, &on_int_before);
  return signal_fd;
}

void eventsource_release_signals(void) {
  sigaction(SIGTERM, &on_term_before, NULL);
  sigaction(SIGINT, &on_int_before, NULL);
}

void eventsource_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
#endif
