#include "CEventSourceCurl.h"

#ifdef __linux__
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

// libcurl's option numbers. The ten thousands encode the type: a long, an object pointer, a function pointer or an
// offset.
enum {
  option_fresh_connect = 74,
  option_forbid_reuse = 75,
  option_http_version = 84,
  option_no_progress = 43,
  option_no_body = 44,
  option_tcp_keep_alive = 213,
  option_keep_idle = 214,
  option_keep_interval = 215,
  option_no_signal = 99,
  option_post = 47,
  option_protocols = 181,
  option_suppress_connect_heads = 265,
  option_connect_timeout = 156,
  option_path_as_is = 234,
  option_quick_exit = 322,
  option_write_data = 10001,
  option_url = 10002,
  option_post_fields = 10015,
  option_fields = 10023,
  option_head_data = 10029,
  option_custom_method = 10036,
  option_proxy = 10004,
  option_certificate = 10025,
  option_key_password = 10026,
  option_interface = 10062,
  option_authority_file = 10065,
  option_certificate_key = 10087,
  option_authority_folder = 10097,
  option_pinned_key = 10230,
  option_private = 10103,
  option_write_function = 20011,
  option_head_function = 20079,
  option_post_size = 30120,
  info_private = 0x100000 + 21,
  message_done = 1,
  protocol_http_and_https = 3,
};

typedef struct {
  int message;
  void *transfer;
  union {
    void *any;
    int result;
  } data;
} curl_message;

// The library's functions, set once by eventsource_curl_load.
static struct {
  int (*global_init)(long);
  void *(*easy_init)(void);
  int (*easy_setopt)(void *, int, ...);
  int (*easy_getinfo)(void *, int, ...);
  int (*easy_pause)(void *, int);
  void (*easy_cleanup)(void *);
  const char *(*easy_strerror)(int);
  void *(*slist_append)(void *, const char *);
  void (*slist_free_all)(void *);
  void *(*multi_init)(void);
  int (*multi_add_handle)(void *, void *);
  int (*multi_remove_handle)(void *, void *);
  int (*multi_perform)(void *, int *);
  curl_message *(*multi_info_read)(void *, int *);
  int (*multi_poll)(void *, void *, unsigned, int, int *);
  int (*multi_wakeup)(void *);
} curl;

// A transfer: libcurl's handle and the field list, which libcurl does not copy.
typedef struct {
  void *handle;
  void *lines;
  void *context;
} transfer;

const size_t eventsource_curl_pause = 0x10000001, eventsource_curl_abort = 0;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_loaded;

#define LOAD(name) ((*(void **)&curl.name = dlsym(library, "curl_" #name)) != NULL)

static void load(void) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return;
  is_loaded = LOAD(global_init) && LOAD(easy_init) && LOAD(easy_setopt) && LOAD(easy_getinfo) && LOAD(easy_pause) &&
              LOAD(easy_cleanup) && LOAD(easy_strerror) && LOAD(slist_append) && LOAD(slist_free_all) &&
              LOAD(multi_init) && LOAD(multi_add_handle) && LOAD(multi_remove_handle) && LOAD(multi_perform) &&
              LOAD(multi_info_read) && LOAD(multi_poll) && LOAD(multi_wakeup) && curl.global_init(3) == 0;
}

int eventsource_curl_load(void) {
  pthread_once(&once, load);
  return is_loaded;
}

// Sets the caller's options. Returns the name of a rejected option, or NULL. Texts that are NULL keep libcurl's
// defaults.
static const char *set_options(void *handle, const eventsource_curl_options *options) {
  const struct {
    int option;
    const char *value;
    const char *name;
  } texts[] = {
      {option_authority_file, options->authority_file, "the file of certificate authorities"},
      {option_authority_folder, options->authority_folder, "the folder of certificate authorities"},
      {option_certificate, options->certificate_file, "the client certificate"},
      {option_certificate_key, options->key_file, "the client certificate's key"},
      {option_key_password, options->key_password, "the password of the client certificate's key"},
      {option_pinned_key, options->pinned_key, "the pinned key"},
      {option_proxy, options->proxy, "the proxy"},
      {option_interface, options->interface, "the interface"},
  };
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    if (texts[i].value != NULL && curl.easy_setopt(handle, texts[i].option, texts[i].value) != 0) return texts[i].name;
  if (options->http_version != 0 && curl.easy_setopt(handle, option_http_version, options->http_version) != 0)
    return "the HTTP version";
  // Zero would mean libcurl's own limit.
  long limit = options->connect_milliseconds > 0 ? options->connect_milliseconds : LONG_MAX / 2;
  return curl.easy_setopt(handle, option_connect_timeout, limit) != 0 ? "the time limit for connections" : NULL;
}

// Configures a transfer. Returns the name of what libcurl rejects, or NULL.
static const char *configure(transfer *it, const eventsource_curl_request *request) {
  void *handle = it->handle;
  // Options that an old library does not know keep their defaults. Options that a request cannot work without are
  // checked.
  curl.easy_setopt(handle, option_no_progress, 1L);
  curl.easy_setopt(handle, option_no_signal, 1L);
  curl.easy_setopt(handle, option_forbid_reuse, 1L);
  curl.easy_setopt(handle, option_tcp_keep_alive, 1L);
  curl.easy_setopt(handle, option_keep_idle, 60L);
  curl.easy_setopt(handle, option_keep_interval, 15L);
  curl.easy_setopt(handle, option_suppress_connect_heads, 1L);
  curl.easy_setopt(handle, option_path_as_is, 1L);
  // A transfer that is cancelled during name resolution must not make all others wait for the resolver.
  curl.easy_setopt(handle, option_quick_exit, 1L);
  // Streams that share a connection share its flow control: libcurl would buffer what a stalled stream does not accept,
  // up to the 32 MiB of HTTP/2's window, for each stream.
  curl.easy_setopt(handle, option_fresh_connect, 1L);
  const char *flaw = set_options(handle, &request->options);
  if (flaw != NULL) return flaw;
  int failed = curl.easy_setopt(handle, option_protocols, (long)protocol_http_and_https) ||
               curl.easy_setopt(handle, option_url, request->url) ||
               curl.easy_setopt(handle, option_custom_method, request->method) ||
               curl.easy_setopt(handle, option_fields, it->lines) ||
               curl.easy_setopt(handle, option_private, it) ||
               curl.easy_setopt(handle, option_write_data, request->context) ||
               curl.easy_setopt(handle, option_write_function, request->receive_body) ||
               curl.easy_setopt(handle, option_head_data, request->context) ||
               curl.easy_setopt(handle, option_head_function, request->receive_head_line);
  if (request->body != NULL)
    failed = failed || curl.easy_setopt(handle, option_post, 1L) ||
             curl.easy_setopt(handle, option_post_size, request->body_count) ||
             curl.easy_setopt(handle, option_post_fields, request->body);
  if (request->is_head_request) failed = failed || curl.easy_setopt(handle, option_no_body, 1L);
  return failed ? "the URL" : NULL;
}

void *eventsource_curl_new_transfer(
    const eventsource_curl_request *request, const char *const *lines, size_t count, const char **flaw) {
  transfer *it = calloc(1, sizeof(transfer));
  *flaw = NULL;
  if (it == NULL) return NULL;
  it->context = request->context;
  int is_made = (it->handle = curl.easy_init()) != NULL;
  for (size_t i = 0; is_made && i < count; i++) {
    void *longer = curl.slist_append(it->lines, lines[i]);
    if ((is_made = longer != NULL)) it->lines = longer;
  }
  if (is_made && (*flaw = configure(it, request)) == NULL) return it;
  eventsource_curl_free_transfer(it);
  return NULL;
}

void eventsource_curl_free_transfer(void *opaque) {
  transfer *it = opaque;
  if (it->handle != NULL) curl.easy_cleanup(it->handle);
  curl.slist_free_all(it->lines);
  free(it);
}

void eventsource_curl_go_on(void *it) { curl.easy_pause(((transfer *)it)->handle, 0); }

void eventsource_curl_enter_thread(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
}

void *eventsource_curl_new_engine(void) { return curl.multi_init(); }

int eventsource_curl_add(void *engine, void *it) { return curl.multi_add_handle(engine, ((transfer *)it)->handle); }

void eventsource_curl_remove(void *engine, void *it) { curl.multi_remove_handle(engine, ((transfer *)it)->handle); }

void eventsource_curl_perform(void *engine) {
  int running;
  curl.multi_perform(engine, &running);
}

void *eventsource_curl_next_done(void *engine, int *result) {
  int left;
  curl_message *message;
  while ((message = curl.multi_info_read(engine, &left)) != NULL) {
    if (message->message != message_done) continue;
    transfer *it = NULL;
    *result = message->data.result;
    curl.easy_getinfo(message->transfer, info_private, &it);
    if (it != NULL) return it->context;
  }
  return NULL;
}

void eventsource_curl_wait(void *engine, int milliseconds) {
  curl.multi_poll(engine, NULL, 0, milliseconds, NULL);
}

void eventsource_curl_wake(void *engine) { curl.multi_wakeup(engine); }

const char *eventsource_curl_description(int result) { return curl.easy_strerror(result); }
#endif
