#pragma once

// First, because libevent's configuration defines _GNU_SOURCE, with which fd_set would differ from the one that Swift knows.
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/thread.h>
#include <event2/util.h>

// send() is a point at which a thread can be canceled, which costs two locked instructions a call; no thread here is.
static inline ssize_t eventsource_send(int fd, const void *bytes, size_t count, int flags) {
  return syscall(SYS_sendto, fd, bytes, count, flags, NULL, 0);
}
