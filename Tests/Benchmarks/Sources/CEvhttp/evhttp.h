#pragma once

// Included before libevent, which would otherwise change the definition that Swift uses.
#include <sys/select.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

static inline int bench_add_every(struct event *timer, int microseconds) {
  struct timeval interval = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
  return event_add(timer, &interval);
}
