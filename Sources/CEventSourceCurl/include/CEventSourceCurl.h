// The part of libcurl that the client needs, loaded at run time. Foundation on Linux uses the same library, so it is
// installed, but its headers may not be. The numbers are those of libcurl's stable binary interface (SONAME 4).
#pragma once

#include "CEventSourceInflate.h"

#ifdef __linux__
#include <stddef.h>
#include <stdint.h>

// Loads the library once. Returns 0 if it is missing or older than 7.68. Call this before every other function.
int eventsource_curl_load(void);

typedef size_t (*eventsource_curl_receive)(char *bytes, size_t size, size_t count, void *context);

// Results of a receiving function other than the number of bytes: keep the bytes and pause; abort the transfer.
extern const size_t eventsource_curl_pause, eventsource_curl_abort;

// The caller's options for connections. NULL or 0 means libcurl's default; for the time, it means no limit.
typedef struct {
  const char *authority_file;
  const char *authority_folder;
  const char *certificate_file;
  const char *key_file;
  const char *key_password;
  const char *pinned_key;
  const char *proxy;
  const char *interface;
  // 2 is HTTP/1.1. 3 is HTTP/2, without TLS by an upgrade. 4 is HTTP/2 over TLS only.
  long http_version;
  long connect_milliseconds;
} eventsource_curl_options;

// The parts of a request. Texts are copied. Everything else must stay valid until the transfer is freed.
typedef struct {
  const char *url;
  const char *method;
  // NULL means no body. The bytes must not move until the transfer is freed.
  const void *body;
  int64_t body_count;
  int is_head_request;
  // Passed to both functions.
  void *context;
  eventsource_curl_receive receive_head_line;
  eventsource_curl_receive receive_body;
  eventsource_curl_options options;
} eventsource_curl_request;

// Creates a transfer with these header lines. Returns NULL if memory is exhausted or if libcurl rejects the part that
// the flaw names.
void *eventsource_curl_new_transfer(
    const eventsource_curl_request *request, const char *const *lines, size_t count, const char **flaw);
void eventsource_curl_free_transfer(void *transfer);

// Resumes a paused transfer. Call this and all the following functions except the waking one on the engine's thread
// only.
void eventsource_curl_go_on(void *transfer);

// Call this first on the engine's thread. It blocks all signals, so writing to a connection that the peer has closed
// raises none, with every TLS library.
void eventsource_curl_enter_thread(void);

// An engine runs many transfers on one thread.
void *eventsource_curl_new_engine(void);
// Returns 0 if the transfer was added.
int eventsource_curl_add(void *engine, void *transfer);
// Removes a transfer. Closes its connection if the transfer is not done.
void eventsource_curl_remove(void *engine, void *transfer);
// Does all work that is possible without waiting.
void eventsource_curl_perform(void *engine);
// Returns the context of a transfer that is done, or NULL if there is none. The result is 0 if the transfer is
// complete.
void *eventsource_curl_next_done(void *engine, int *result);
// Waits until there is work to do, or until a thread wakes the engine.
void eventsource_curl_wait(void *engine, int milliseconds);
// Wakes the engine, from any thread.
void eventsource_curl_wake(void *engine);

// Returns the description of a result.
const char *eventsource_curl_description(int result);
#endif
