#pragma once

// Included before libevent, which would otherwise change the definition that Swift uses.
#include <sys/select.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
