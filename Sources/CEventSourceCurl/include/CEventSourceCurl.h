// What the client needs of libcurl, found when the program runs: Foundation on Linux stands on the same library, so that
// it is there without its headers having to be. The numbers are those of libcurl's stable binary interface (SONAME 4).
#pragma once

#include "CEventSourceInflate.h"

#ifdef __linux__
#include <stddef.h>
#include <stdint.h>

// Loads the library, once; 0: it is not there, or too old (7.68 is needed). Every other function wants it loaded.
int eventsource_curl_load(void);

typedef size_t (*eventsource_curl_receive)(char *bytes, size_t size, size_t count, void *context);

// What a receiving function answers, besides the number of bytes: keep the bytes and wait; give the transfer up.
extern const size_t eventsource_curl_pause, eventsource_curl_abort;

// What the caller has chosen for its connections. NULL, or 0: libcurl's default, and for the time no limit.
typedef struct {
  const char *authority_file;
  const char *authority_folder;
  const char *certificate_file;
  const char *key_file;
  const char *key_password;
  const char *pinned_key;
  const char *proxy;
  const char *interface;
  // 2: HTTP/1.1; 3: HTTP/2, also without TLS by an upgrade; 4: HTTP/2 over TLS.
  long http_version;
  long connect_milliseconds;
} eventsource_curl_options;

// What one request is made of. Everything is used until the transfer is freed, but the texts, which are copied.
typedef struct {
  const char *url;
  const char *method;
  // NULL: none. The bytes have to stay where they are until the transfer is freed.
  const void *body;
  int64_t body_count;
  int is_head_request;
  // Given to both functions.
  void *context;
  eventsource_curl_receive receive_head_line;
  eventsource_curl_receive receive_body;
  eventsource_curl_options options;
} eventsource_curl_request;

// A transfer with these lines of fields, as libcurl wants them; NULL: there is no memory, or what the flaw names is
// refused.
void *eventsource_curl_new_transfer(
    const eventsource_curl_request *request, const char *const *lines, size_t count, const char **flaw);
void eventsource_curl_free_transfer(void *transfer);

// Lets a transfer that waits go on. On the thread of the engine only, like all that follow but the waking.
void eventsource_curl_go_on(void *transfer);

// To be called first on the engine's thread: it takes no signals, and writing to a connection that the peer has closed
// raises none, whatever library for TLS there is.
void eventsource_curl_enter_thread(void);

// An engine runs many transfers on one thread.
void *eventsource_curl_new_engine(void);
// 0: it was added.
int eventsource_curl_add(void *engine, void *transfer);
// Closes the transfer's connection, if it is not done.
void eventsource_curl_remove(void *engine, void *transfer);
// Does what can be done without waiting.
void eventsource_curl_perform(void *engine);
// The context of a transfer that is done, and its result, 0 if it is complete; NULL: there is none.
void *eventsource_curl_next_done(void *engine, int *result);
// Waits until something can be done, or somebody wakes.
void eventsource_curl_wait(void *engine, int milliseconds);
// On any thread.
void eventsource_curl_wake(void *engine);

// A result in words.
const char *eventsource_curl_description(int result);
#endif
