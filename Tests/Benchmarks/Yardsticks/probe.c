// Requests a page from a busy server every few milliseconds, whether or not earlier requests were answered, and reads a
// stream of heartbeats. At SIGTERM, prints how late both were, as one object. Prints a line when its connections are
// open. SIGUSR1 discards the measurements so far.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 20, CONNECTIONS = 200 };
static const int64_t ms = 1000000;
// A heartbeat is due after 10 ms without data, rounded up to 50 ms of the monotonic clock.
static const int64_t silence = 10 * ms, grid = 50 * ms;

struct times { int64_t values[MOST]; int count; };
static struct times answers, heartbeats, own;
static volatile sig_atomic_t is_over, forgets;
// The time at which each connection's request was due. 0 marks a free connection. The last connection receives the
// heartbeats.
static int64_t due[CONNECTIONS];
static int server_port;
static struct pollfd fds[CONNECTIONS + 1];

static void take_signal(int signal) {
  if (signal == SIGTERM) is_over = 1; else forgets = 1;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 * ms + time.tv_nsec;
}

static void add(struct times *times, int64_t value) {
  if (times->count < MOST) times->values[times->count++] = value > 0 ? value : 0;
}

static int compare(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static void print(const char *name, struct times *times) {
  qsort(times->values, times->count, sizeof *times->values, compare);
  double values[] = {0.5, 0.99, 1};
  for (int i = 0; i < 3; i++) {
    int index = times->count * values[i];
    if (index >= times->count) index = times->count - 1;
    values[i] = index < 0 ? 0 : times->values[index] / 1e6;
  }
  printf("\"%ss\": %d, \"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f, \"%s_max_ms\": %.3f", name, times->count, name,
         values[0], name, values[1], name, values[2]);
}

static int open_connection(const char *path) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (void *)&to, sizeof to)) exit(1);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (!path) return fd;
  char request[256];
  int count = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
  if (send(fd, request, count, MSG_NOSIGNAL) != count) exit(1);
  return fd;
}

// Sends a request on a free connection. If none is free, the request waits, and that time counts as delay.
static bool ask(int64_t moment) {
  static const char request[] = "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n";
  for (int i = 0; i < CONNECTIONS; i++) {
    if (due[i]) continue;
    due[i] = moment;
    if (send(fds[i].fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) exit(1);
    return true;
  }
  return false;
}

static void receive(int index) {
  static int64_t last_beat;
  char buffer[4096];
  ssize_t count = recv(fds[index].fd, buffer, sizeof buffer, 0);
  if (count <= 0 && index < CONNECTIONS && !due[index]) {
    // The server closed it because it was idle for too long.
    close(fds[index].fd);
    fds[index].fd = open_connection(NULL);
    return;
  }
  if (count <= 0) {
    fputs("probe: the server has closed a connection\n", stderr);
    exit(1);
  }
  int64_t moment = now();
  if (index == CONNECTIONS) {
    if (last_beat) add(&heartbeats, moment - (last_beat + silence + grid - 1) / grid * grid);
    last_beat = moment;
  } else if (count >= 3 && !memcmp(buffer + count - 3, "ok\n", 3)) {
    add(&answers, moment - due[index]);
    due[index] = 0;
  }
}

int main(int count, char **arguments) {
  if (count != 3) { fputs("usage: probe PORT MILLISECONDS\n", stderr); return 64; }
  server_port = atoi(arguments[1]);
  int64_t interval = atoi(arguments[2]) * ms;
  struct sigaction action = {.sa_handler = take_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  for (int i = 0; i <= CONNECTIONS; i++)
    fds[i] = (struct pollfd){.fd = open_connection(i < CONNECTIONS ? NULL : "/heartbeats"), .events = POLLIN};
  puts("open");
  fflush(stdout);
  int64_t next = now() + interval;
  while (!is_over) {
    int64_t moment = now();
    if (forgets) forgets = answers.count = heartbeats.count = own.count = 0;
    while (next <= moment && ask(next)) next += interval;
    int64_t rest = next - moment;
    bool has_free = rest > 0;
    struct timespec time = {.tv_sec = rest / 1000 / ms, .tv_nsec = rest % (1000 * ms)};
    int ready = ppoll(fds, CONNECTIONS + 1, has_free ? &time : NULL, NULL);
    if (ready == 0) add(&own, now() - next);
    for (int i = 0; i <= CONNECTIONS && ready > 0; i++)
      if (fds[i].revents) receive(i);
  }
  printf("{");
  print("answer", &answers);
  printf(", ");
  print("heartbeat", &heartbeats);
  printf(", ");
  print("own", &own);
  printf("}\n");
  return 0;
}
