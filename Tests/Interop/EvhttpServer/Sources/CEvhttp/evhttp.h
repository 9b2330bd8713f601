#pragma once

// Before libevent, which would define it otherwise than Swift knows it.
#include <sys/select.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
