#pragma once

#include <sys/prctl.h>

/* Names the calling thread, for top -H and debuggers. At most 15 characters. */
static inline void eventsource_redis_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
