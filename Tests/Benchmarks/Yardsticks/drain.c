// Reads many responses at once and counts their bytes, whatever they are: one thread, epoll, no parsing.
// usage: drain PORT READERS SECONDS ACCEPT_ENCODING PATH PUBLISH_PATH
// Opens the readers, waits until all have had bytes, POSTs to PUBLISH_PATH unless it is "-", reads for so many seconds
// after that and until hardly anything comes, and prints {"readers": …, "bytes": …, "closed": …}: the bytes that came
// after the POST.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int request(int port, const char *text) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) || write(fd, text, strlen(text)) < 0) {
    perror("drain");
    exit(1);
  }
  return fd;
}

int main(int count, char **arguments) {
  if (count != 7) return 64;
  int port = atoi(arguments[1]), readers = atoi(arguments[2]);
  double seconds = atof(arguments[3]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  char text[1024];
  snprintf(text, sizeof text,
      "GET %s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAccept-Encoding: %s\r\n\r\n", arguments[5],
      arguments[4]);
  int poller = epoll_create1(EPOLL_CLOEXEC), waiting = readers, closed = 0;
  char *has_bytes = calloc(1, 1 << 20);
  for (int index = 0; index < readers; index++) {
    int fd = request(port, text);
    if (fd >= 1 << 20) return 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
  unsigned long long bytes = 0;
  double begun = now(), end = 0, looked = 0, complete = 0;
  unsigned long long seen = 0;
  for (;;) {
    struct epoll_event events[512];
    int ready = epoll_wait(poller, events, 512, 50);
    for (int index = 0; index < ready; index++) {
      int fd = events[index].data.fd;
      ssize_t taken = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (taken < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (taken <= 0) {
        closed++;
        close(fd);
        continue;
      }
      if (!has_bytes[fd]) waiting--;
      has_bytes[fd] = 1;
      if (end) bytes += taken;
    }
    if (waiting > 0 && now() > begun + 60) {
      fprintf(stderr, "drain: %d of %d readers had nothing after a minute\n", waiting, readers);
      return 1;
    }
    // Nothing comes any more, or only what is due at times, such as heartbeats.
    if (!complete && waiting == 0) complete = now();
    if (!end && complete && (ready < 1 || now() > complete + 1)) {
      printf("{\"open\": %d}\n", readers);
      fflush(stdout);
      if (strcmp(arguments[6], "-")) {
        snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", arguments[6]);
        request(port, text);
      }
      looked = end = now() + seconds;
    }
    if (end && now() > looked + 2) {
      // Heartbeats of many readers always come.
      if ((bytes - seen) * 1000 <= bytes) break;
      looked = now(), seen = bytes;
    }
  }
  printf("{\"readers\": %d, \"bytes\": %llu, \"closed\": %d}\n", readers, bytes, closed);
  fflush(stdout);
  // The streams stay open until the standard input ends.
  while (getchar() != EOF) {}
  return 0;
}
