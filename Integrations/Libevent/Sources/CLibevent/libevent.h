#pragma once

// Included first: libevent's configuration defines _GNU_SOURCE, which would make fd_set differ from the one Swift
// imports.
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

// send() is a thread cancellation point, which costs two locked instructions per call. No thread here is cancelled.
static inline ssize_t eventsource_send(int fd, const void *bytes, size_t count, int flags) {
  return syscall(SYS_sendto, fd, bytes, count, flags, NULL, 0);
}
