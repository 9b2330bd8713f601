// The minimum work of a server of event streams, as a yardstick for others: one thread, one growing buffer of encoded
// events, a position in it for each reader, and one send per reader and wake-up. It has no limits and no rules for slow
// readers.
//   GET anything                            a stream, from now on
//   POST /publish?n=N&size=S&rate=R         N events of S bytes, R per second (0: as fast as possible)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS = 1 << 16, AT_ONCE = 256 << 10 };
// Address space, which costs nothing until it is written to.
static const size_t room = 8ull << 30;

static char *encoded;
static _Atomic size_t end_of_encoded;
static _Atomic long ids;
static int poller, waker;
static size_t place[DESCRIPTORS];
static bool is_reader[DESCRIPTORS], is_behind[DESCRIPTORS];
static int readers[DESCRIPTORS], reader_count;

static void watch(int fd, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  epoll_ctl(poller, operation, fd, &event);
}

static void leave(int fd) {
  for (int i = 0; is_reader[fd] && i < reader_count; i++)
    if (readers[i] == fd) { readers[i] = readers[--reader_count]; break; }
  is_reader[fd] = is_behind[fd] = false;
  close(fd);
}

static void deliver(int fd, size_t end) {
  while (place[fd] < end) {
    size_t count = end - place[fd] < AT_ONCE ? end - place[fd] : AT_ONCE;
    ssize_t sent = send(fd, encoded + place[fd], count, MSG_NOSIGNAL);
    if (sent <= 0) {
      if (!is_behind[fd]) watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      is_behind[fd] = true;
      return;
    }
    place[fd] += sent;
  }
  if (is_behind[fd]) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
  is_behind[fd] = false;
}

struct job { long count, size; double rate; };

static void *publish(void *argument) {
  struct job job = *(struct job *)argument;
  free(argument);
  struct timespec start, time;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long i = 0; i < job.count; i++) {
    if (job.rate > 0) {
      double at = start.tv_nsec + i / job.rate * 1e9;
      time.tv_sec = start.tv_sec + (long)(at / 1e9);
      time.tv_nsec = (long)(at - (long)(at / 1e9) * 1e9);
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
    }
    size_t begin = atomic_load_explicit(&end_of_encoded, memory_order_relaxed);
    char *to = encoded + begin;
    clock_gettime(CLOCK_REALTIME, &time);
    to += sprintf(to, "id: %ld\ndata: ", atomic_fetch_add(&ids, 1) + 1);
    int stamp = sprintf(to, "ts=%ld%09ld ", time.tv_sec, time.tv_nsec);
    if (job.size > stamp) memset(to + stamp, 'x', job.size - stamp);
    to += job.size > stamp ? job.size : stamp;
    memcpy(to, "\n\n", 2);
    atomic_store_explicit(&end_of_encoded, to + 2 - encoded, memory_order_release);
    eventfd_write(waker, 1);
  }
  return NULL;
}

static double item(const char *request, const char *name, double otherwise) {
  const char *found = strstr(request, name);
  return found ? atof(found + strlen(name)) : otherwise;
}

static void answer(int fd) {
  static const char stream[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
  static const char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
  char request[4096];
  ssize_t count = recv(fd, request, sizeof request - 1, 0);
  if (count <= 0) return leave(fd);
  request[count] = 0;
  if (request[0] == 'G') {
    place[fd] = end_of_encoded;
    is_reader[fd] = true;
    readers[reader_count++] = fd;
    send(fd, stream, sizeof stream - 1, MSG_NOSIGNAL);
    return;
  }
  struct job *job = malloc(sizeof *job);
  *job = (struct job){item(request, "n=", 1000), item(request, "size=", 100), item(request, "rate=", 0)};
  pthread_t thread;
  pthread_create(&thread, NULL, publish, job);
  pthread_detach(thread);
  send(fd, accepted, sizeof accepted - 1, MSG_NOSIGNAL);
}

int main(int count, char **arguments) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
  setrlimit(RLIMIT_NOFILE, &files);
  encoded = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  at.sin_port = htons(count > 1 ? atoi(arguments[1]) : 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&at, sizeof at) || listen(listener, 4096)) return perror("floor_server"), 1;
  poller = epoll_create1(0);
  waker = eventfd(0, EFD_NONBLOCK);
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  watch(waker, EPOLLIN, EPOLL_CTL_ADD);
  static struct epoll_event ready[1024];
  for (;;) {
    int number = epoll_wait(poller, ready, 1024, -1);
    for (int i = 0; i < number; i++) {
      int fd = ready[i].data.fd;
      if (fd == listener) {
        for (int new; (new = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
          setsockopt(new, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          watch(new, EPOLLIN, EPOLL_CTL_ADD);
        }
      } else if (fd == waker) {
        eventfd_t wakes;
        eventfd_read(waker, &wakes);
        size_t end = atomic_load_explicit(&end_of_encoded, memory_order_acquire);
        for (int k = 0; k < reader_count; k++) if (!is_behind[readers[k]]) deliver(readers[k], end);
      } else {
        if (ready[i].events & EPOLLOUT) deliver(fd, atomic_load_explicit(&end_of_encoded, memory_order_acquire));
        if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) answer(fd);
      }
    }
  }
}
