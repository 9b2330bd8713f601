/* Shared by the tests with a server: the server and its readers in one event base. */
#pragma once

#include "expect.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

static struct event_base *base;
static ev_uint16_t port;

/* Runs the loop until the condition is true. Other threads may make it true. */
#define RUN_UNTIL(condition) \
  do { \
    time_t start = time(NULL); \
    while (!(condition)) { \
      EXPECT(time(NULL) - start < 60); \
      EXPECT(event_base_loop(base, EVLOOP_ONCE) == 0); \
    } \
  } while (0)

static void on_tick(evutil_socket_t descriptor, short what, void *context) {
  (void)descriptor, (void)what, (void)context;
}

/* Wakes the base periodically, so that RUN_UNTIL sees changes by other threads. Free the event with event_free. */
static struct event *start_ticking(void) {
  struct event *ticking = event_new(base, -1, EV_PERSIST, on_tick, NULL);
  event_add(ticking, &(struct timeval){.tv_usec = 2000});
  return ticking;
}

/* Creates a server on a port that the system chooses. */
static struct evhttp *listen_anywhere(void) {
  struct evhttp *http = evhttp_new(base);
  struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  EXPECT(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &length) == 0);
  port = ntohs(address.sin_port);
  return http;
}

struct reader {
  struct evhttp_connection *connection;
  int status, is_over;
  size_t length;
  char body[65536];
  char fields[1024]; /* The response's fields, each `name: value` and a line break. */
};

static void read_some(struct evhttp_request *request, struct reader *reader) {
  struct evbuffer *input = evhttp_request_get_input_buffer(request);
  int count = evbuffer_remove(input, reader->body + reader->length, sizeof reader->body - 1 - reader->length);
  if (count > 0) reader->length += (size_t)count;
}

static void on_chunk(struct evhttp_request *request, void *context) { read_some(request, context); }

static int on_header(struct evhttp_request *request, void *context) {
  struct reader *reader = context;
  reader->status = evhttp_request_get_response_code(request);
  struct evkeyval *field;
  size_t length = 0;
  reader->fields[0] = '\0';
  for (field = evhttp_request_get_input_headers(request)->tqh_first; field; field = field->next.tqe_next)
    length += (size_t)snprintf(
      reader->fields + length, sizeof reader->fields - length, "%s: %s\n", field->key, field->value);
  return 0;
}

static void on_end(struct evhttp_request *request, void *context) {
  struct reader *reader = context;
  reader->is_over = 1;
  if (!request) return;
  reader->status = evhttp_request_get_response_code(request);
  read_some(request, reader);
}

/* Sends a request, with a field if `name` is not NULL, and with a body. */
static struct reader *send_request(
  enum evhttp_cmd_type method, const char *path, const char *name, const char *value, const char *body) {
  struct reader *reader = calloc(1, sizeof *reader);
  reader->connection = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
  struct evhttp_request *request = evhttp_request_new(on_end, reader);
  evhttp_request_set_chunked_cb(request, on_chunk);
  evhttp_request_set_header_cb(request, on_header);
  evhttp_add_header(evhttp_request_get_output_headers(request), "Host", "localhost");
  if (name) evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
  evbuffer_add(evhttp_request_get_output_buffer(request), body, strlen(body));
  EXPECT(evhttp_make_request(reader->connection, request, method, path) == 0);
  return reader;
}

/* Requests a path with a method, and with a field if `name` is not NULL. */
static struct reader *ask_with(enum evhttp_cmd_type method, const char *path, const char *name, const char *value) {
  return send_request(method, path, name, value, "");
}

/* Requests a stream, with a last event ID if it is not NULL. */
static struct reader *ask(const char *path, const char *last_event_id) {
  return ask_with(EVHTTP_REQ_GET, path, last_event_id ? "Last-Event-ID" : NULL, last_event_id);
}

static void leave(struct reader *reader) {
  evhttp_connection_free(reader->connection);
  free(reader);
}

static inline void expect_answer(const char *path, int status) {
  struct reader *reader = ask(path, NULL);
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == status);
  leave(reader);
}
