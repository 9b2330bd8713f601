/* A server and its readers in one event base: what the program's authorizer, repository and logger are asked, that they
 * may answer late, twice and wrongly, and in which orders everything may be freed. */
#include "expect.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

static struct event_base *base;
static struct evhttp *http;
static ev_uint16_t port;
static es_hub *hub;
static es_config *config;
static es_streams *streams;

/* Runs the loop until the condition is true, also by what other threads do. */
#define RUN_UNTIL(condition) \
  do { \
    time_t start = time(NULL); \
    while (!(condition)) { \
      EXPECT(time(NULL) - start < 60); \
      EXPECT(event_base_loop(base, EVLOOP_ONCE) == 0); \
    } \
  } while (0)

static void tick(evutil_socket_t descriptor, short what, void *context) { (void)descriptor, (void)what, (void)context; }

/* ---- Readers ---- */

struct reader {
  struct evhttp_connection *connection;
  int status, is_over;
  size_t length;
  char body[65536];
  char challenge[64], retry_after[16];
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
  return 0;
}

static void on_end(struct evhttp_request *request, void *context) {
  struct reader *reader = context;
  reader->is_over = 1;
  if (!request) return;
  reader->status = evhttp_request_get_response_code(request);
  struct evkeyvalq *fields = evhttp_request_get_input_headers(request);
  const char *challenge = evhttp_find_header(fields, "WWW-Authenticate");
  if (challenge) snprintf(reader->challenge, sizeof reader->challenge, "%s", challenge);
  const char *retry_after = evhttp_find_header(fields, "Retry-After");
  if (retry_after) snprintf(reader->retry_after, sizeof reader->retry_after, "%s", retry_after);
  read_some(request, reader);
}

/* Asks for a path; with a last event ID if it is not NULL. */
static struct reader *ask(const char *path, const char *last_event_id) {
  struct reader *reader = calloc(1, sizeof *reader);
  reader->connection = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
  struct evhttp_request *request = evhttp_request_new(on_end, reader);
  evhttp_request_set_chunked_cb(request, on_chunk);
  evhttp_request_set_header_cb(request, on_header);
  evhttp_add_header(evhttp_request_get_output_headers(request), "Host", "localhost");
  if (last_event_id) evhttp_add_header(evhttp_request_get_output_headers(request), "Last-Event-ID", last_event_id);
  EXPECT(evhttp_make_request(reader->connection, request, EVHTTP_REQ_GET, path) == 0);
  return reader;
}

static void leave(struct reader *reader) {
  evhttp_connection_free(reader->connection);
  free(reader);
}

static void expect_answer(const char *path, int status) {
  struct reader *reader = ask(path, NULL);
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == status);
  leave(reader);
}

/* ---- What the program is asked: kept, and answered by the test. ---- */

static _Atomic(es_authorization *) authorization;
static _Atomic(es_replay *) waiting_replay;
static atomic_int from_the_beginning, authorizations_cancelled, replays_cancelled, released, logged;

static void authorize(void *context, es_authorization *asked, const es_request *request) {
  EXPECT(context == &released);
  EXPECT(strcmp(request->method, "GET") == 0);
  EXPECT(strncmp(request->target, "/asked", 6) == 0);
  EXPECT(strcmp(request->peer, "127.0.0.1") == 0);
  EXPECT(strcmp(es_request_field(request, "hOST"), "localhost") == 0);
  EXPECT(es_request_field(request, "X-None") == NULL);
  EXPECT(request->channel_count == 1 && strcmp(request->channels[0], "news") == 0);
  authorization = asked;
}

static void authorization_cancelled(void *context, es_authorization *cancelled) {
  EXPECT(context == &released);
  EXPECT(cancelled == authorization);
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_grant(cancelled, ES_NONE, NULL));
  authorizations_cancelled++;
}

static void replay(void *context, es_replay *asked, const es_replay_request *request) {
  EXPECT(context == &released);
  EXPECT(strcmp(request->channel, "past") == 0);
  const char *last = request->last_event_id;
  from_the_beginning = !last;
  EXPECT(!last || strcmp(last, "old") == 0 || strcmp(last, "2") == 0);
  EXPECT(request->maximum_events >= 2 && request->maximum_bytes > 0);
  waiting_replay = asked;
}

static void replay_cancelled(void *context, es_replay *cancelled) {
  EXPECT(context == &released);
  EXPECT(cancelled == waiting_replay);
  replays_cancelled++;
}

static void log_record(void *context, es_log_level level, const char *message, const es_field *fields, size_t count) {
  EXPECT(context == &released);
  EXPECT(level >= ES_LOG_DEBUG && level <= ES_LOG_ERROR && strlen(message) > 0);
  for (size_t index = 0; index < count; index++) {
    EXPECT(fields[index].name && fields[index].value);
    if (strcmp(fields[index].value, "the disk is gone") == 0) logged++;
  }
}

static void release(void *context) {
  EXPECT(context == &released);
  released++;
}

static struct reader *asked_reader(void) {
  authorization = NULL;
  struct reader *reader = ask("/asked?channel=news", NULL);
  RUN_UNTIL(authorization);
  EXPECT(!reader->status);
  return reader;
}

static struct reader *replayed_reader(void) {
  waiting_replay = NULL;
  struct reader *reader = ask("/open/past", "old");
  RUN_UNTIL(waiting_replay);
  return reader;
}

/* ---- The tests ---- */

static void on_other(struct evhttp_request *request, void *context) {
  (void)context;
  es_status status = es_streams_serve(streams, request);
  EXPECT(status == ES_OK || status == ES_NO_ROUTE);
  if (status == ES_NO_ROUTE) evhttp_send_error(request, 404, NULL);
}

static void paths_are_what_they_are_mounted_as(void) {
  EXPECT_STATUS(ES_PATH_IN_USE, es_streams_mount(streams, http, "/asked", NULL));
  EXPECT_STATUS(ES_PATH_IN_USE, es_streams_mount(streams, http, "/open/{channel}", NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_streams_mount(streams, http, "open", NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_streams_mount(streams, http, "/{a", NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_streams_mount(streams, http, "/a?b", NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_streams_mount(streams, http, "/\xff", NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_mount(streams, http, NULL, NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_mount(streams, NULL, "/x", NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_unmount(streams, NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_serve(streams, NULL));
  EXPECT_STATUS(ES_INVALID_VALUE, es_streams_drain(streams, -1, NULL, NULL));
  expect_answer("/nowhere", 404);
  expect_answer("/open", 404);
  expect_answer("/open/unknown", 404);
  expect_answer("/asked", 400);
}

static void *answer_from_a_thread(void *context) {
  es_authorization *asked = context;
  EXPECT_STATUS(ES_INVALID_VALUE, es_authorization_grant(asked, 0, NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_authorization_grant(asked, ES_NONE, "\xff"));
  EXPECT_STATUS(ES_INVALID_VALUE, es_authorization_refuse(asked, 200, NULL, NULL, 0));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_authorization_refuse(asked, 403, NULL, NULL, 1));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_authorization_refuse(asked, 403, NULL, &(es_field){"X", NULL}, 1));
  EXPECT_STATUS(ES_INVALID_VALUE, es_authorization_refuse(asked, 403, NULL, &(es_field){"X", "y"}, SIZE_MAX / 2));
  EXPECT_OK(es_authorization_grant(asked, ES_NONE, "anna"));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_grant(asked, ES_NONE, NULL));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_refuse(asked, 403, NULL, NULL, 0));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_fail(asked, NULL));
  return NULL;
}

static void an_authorizer_answers_later_and_once(void) {
  struct reader *reader = asked_reader();
  pthread_t thread;
  pthread_create(&thread, NULL, answer_from_a_thread, authorization);
  pthread_join(thread, NULL);
  RUN_UNTIL(reader->status == 200);
  EXPECT_OK(es_publish(hub, "news", "granted", 7));
  RUN_UNTIL(strstr(reader->body, "data: granted\n"));
  EXPECT(authorizations_cancelled == 0);
  leave(reader);
}

static void an_authorizer_refuses(void) {
  struct reader *reader = asked_reader();
  EXPECT_OK(es_authorization_refuse(authorization, 401, "who are you?", NULL, 0));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 401 && !reader->challenge[0]);
  EXPECT(strcmp(reader->body, "who are you?\n") == 0);
  leave(reader);
  reader = asked_reader();
  const char *framing[] = {"Content-Length", "transfer-encoding", "Connection", "Date", "a b", "a\r\nb", ""};
  for (size_t index = 0; index < sizeof framing / sizeof *framing; index++) {
    es_field field = {framing[index], "1"};
    EXPECT_STATUS(ES_INVALID_TEXT, es_config_add_field(config, field.name, field.value));
  }
  EXPECT_OK(es_authorization_refuse(
    authorization, 401, NULL,
    (es_field[]){{"WWW-Authenticate", "Basic"}, {"Retry-After", "9"}, {"Content-Length", "0"}}, 3));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 401 && strcmp(reader->challenge, "Basic") == 0 && strcmp(reader->retry_after, "9") == 0);
  EXPECT(strcmp(reader->body, "\n") == 0);
  leave(reader);
  reader = asked_reader();
  EXPECT_OK(es_authorization_fail(authorization, "the disk is gone"));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 503 && !strstr(reader->body, "disk"));
  EXPECT(logged == 1);
  leave(reader);
}

static void a_grant_ends_its_stream(void) {
  struct reader *reader = asked_reader();
  EXPECT_OK(es_authorization_grant(authorization, 1, NULL));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 200);
  leave(reader);
}

static void an_authorizer_hears_that_the_reader_has_left(void) {
  struct reader *reader = asked_reader();
  leave(reader);
  RUN_UNTIL(authorizations_cancelled == 1);
  RUN_UNTIL(es_streams_reader_count(streams) == 0);
}

static void a_repository_answers_later_and_in_batches(void) {
  struct reader *reader = replayed_reader();
  es_replay *first = waiting_replay;
  es_event missed[] = {{.data = "one", .data_length = 3, .id = "1"}, {.data = "two", .data_length = 3, .id = "2"}};
  EXPECT_STATUS(
    ES_INVALID_TEXT, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, &(es_event){.data = "x", .data_length = 1}, 1));
  EXPECT_STATUS(ES_INVALID_TEXT, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, &(es_event){.id = ""}, 1));
  EXPECT_STATUS(
    ES_INVALID_TEXT,
    es_replay_answer(first, ES_REPLAY_CONTIGUOUS, &(es_event){.data = "\xff", .data_length = 1, .id = "1"}, 1));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, NULL, 1));
  EXPECT_STATUS(ES_INVALID_VALUE, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, missed, SIZE_MAX));
  EXPECT_STATUS(ES_INVALID_VALUE, es_replay_answer(first, (es_replay_outcome)3, missed, 2));
  EXPECT_OK(es_replay_answer(first, ES_REPLAY_CONTIGUOUS, missed, 2));
  EXPECT_STATUS(ES_NOT_PENDING, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, missed, 2));
  EXPECT_STATUS(ES_NOT_PENDING, es_replay_fail(first, NULL));
  RUN_UNTIL(waiting_replay != first);
  RUN_UNTIL(strstr(reader->body, "data: one\nid: 1\n\ndata: two\nid: 2\n\n"));
  EXPECT_OK(es_replay_answer(waiting_replay, ES_REPLAY_CONTIGUOUS, NULL, 0));
  EXPECT_OK(es_publish(hub, "past", "live", 4));
  RUN_UNTIL(strstr(reader->body, "data: live\n"));
  leave(reader);
}

static void a_repository_says_what_it_does_not_have(void) {
  struct reader *reader = replayed_reader();
  es_replay *first = waiting_replay;
  EXPECT_OK(es_replay_answer(first, ES_REPLAY_GAP, &(es_event){.data = "two", .data_length = 3, .id = "2"}, 1));
  RUN_UNTIL(waiting_replay != first);
  RUN_UNTIL(strstr(reader->body, "event: eventsource-gap\n") && strstr(reader->body, "data: two\n"));
  EXPECT_OK(es_replay_answer(waiting_replay, ES_REPLAY_CONTIGUOUS, NULL, 0));
  leave(reader);
  reader = replayed_reader();
  first = waiting_replay;
  EXPECT(!from_the_beginning);
  EXPECT_OK(es_replay_answer(first, ES_REPLAY_UNKNOWN_ID, NULL, 0));
  RUN_UNTIL(waiting_replay != first);
  EXPECT(from_the_beginning);
  EXPECT_OK(es_replay_answer(waiting_replay, ES_REPLAY_CONTIGUOUS, NULL, 0));
  RUN_UNTIL(strstr(reader->body, "event: eventsource-gap\n"));
  leave(reader);
  reader = replayed_reader();
  logged = 0;
  EXPECT_OK(es_replay_fail(waiting_replay, "the disk is gone"));
  RUN_UNTIL(reader->is_over);
  EXPECT(logged == 1);
  leave(reader);
}

static void a_repository_hears_that_the_reader_has_left(void) {
  struct reader *reader = replayed_reader();
  leave(reader);
  RUN_UNTIL(replays_cancelled == 1);
  EXPECT_STATUS(ES_NOT_PENDING, es_replay_answer(waiting_replay, ES_REPLAY_UNKNOWN_ID, NULL, 0));
  RUN_UNTIL(es_streams_reader_count(streams) == 0);
}

static void what_is_unmounted_is_served_no_more(void) {
  struct reader *reader = ask("/open/news", NULL);
  RUN_UNTIL(reader->status == 200);
  EXPECT_OK(es_streams_unmount(streams, http));
  expect_answer("/asked", 404);
  expect_answer("/open/news", 404);
  EXPECT_OK(es_publish(hub, "news", "goes on", 7));
  RUN_UNTIL(strstr(reader->body, "data: goes on\n"));
  leave(reader);
  EXPECT_OK(es_streams_mount(streams, http, "/asked", config));
}

static void on_drained(void *context) {
  EXPECT(es_streams_reader_count(streams) == 0);
  if (http) evhttp_free(http);
  http = NULL;
  es_streams_free(streams);
  streams = NULL;
  *(int *)context = 1;
}

static void start(void) {
  http = evhttp_new(base);
  evhttp_set_gencb(http, on_other, NULL);
  struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  EXPECT(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &length) == 0);
  port = ntohs(address.sin_port);
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_config_set_logger(config, &(es_logger){&released, log_record, release}));
  EXPECT_OK(es_hub_create(config, &hub));
  EXPECT_OK(es_hub_open(hub, "news"));
  EXPECT_OK(es_hub_set_repository(hub, "past", &(es_repository){&released, replay, replay_cancelled, release}));
  EXPECT_OK(es_streams_create(hub, base, &streams));
  EXPECT_OK(es_streams_mount(streams, http, "/open/{channel}", config));
  EXPECT_OK(
    es_config_set_authorizer(config, &(es_authorizer){&released, authorize, authorization_cancelled, release}));
  EXPECT_OK(es_streams_mount(streams, http, "/asked", config));
}

/* The last steps of each order: the contexts are given back when nothing of the library can use them any more. */
static void expect_released(void) {
  es_hub_free(hub);
  es_config_free(config);
  RUN_UNTIL(released == 3);
  released = 0;
}

static void drained_streams_are_freed_by_their_callback(void) {
  int is_drained = 0;
  struct reader *first = ask("/open/news", NULL), *second = ask("/open/news", NULL), *waiting = asked_reader();
  RUN_UNTIL(first->status == 200 && second->status == 200);
  EXPECT_OK(es_publish(hub, "news", "last", 4));
  EXPECT_OK(es_streams_drain(streams, 1000, on_drained, &is_drained));
  /* Until the authorizer has answered, the drain is not over, so that one who comes late finds the server. */
  struct reader *late = ask("/open/news", NULL);
  RUN_UNTIL(late->is_over);
  EXPECT(!is_drained);
  EXPECT_OK(es_authorization_grant(authorization, ES_NONE, NULL));
  RUN_UNTIL(is_drained && first->is_over && second->is_over && waiting->is_over);
  EXPECT(strstr(first->body, "data: last\n") && strstr(second->body, "data: last\n"));
  EXPECT(strstr(first->body, "\n\nretry: ") && strstr(second->body, "\n\nretry: "));
  EXPECT(waiting->status == 503 && late->status == 503);
  leave(first), leave(second), leave(waiting), leave(late);
  expect_released();
}

static void streams_are_freed_while_they_are_open(int server_goes_first) {
  start();
  struct reader *first = ask("/open/news", NULL), *replayed = replayed_reader(), *asked = asked_reader();
  RUN_UNTIL(first->status == 200);
  if (server_goes_first) evhttp_free(http);
  es_streams_free(streams);
  if (!server_goes_first) evhttp_free(http);
  RUN_UNTIL(first->is_over && asked->is_over && replayed->is_over);
  leave(first), leave(asked), leave(replayed);
  expect_released();
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  base = event_base_new();
  struct event *ticking = event_new(base, -1, EV_PERSIST, tick, NULL);
  event_add(ticking, &(struct timeval){.tv_usec = 2000});

  start();
  paths_are_what_they_are_mounted_as();
  an_authorizer_answers_later_and_once();
  an_authorizer_refuses();
  a_grant_ends_its_stream();
  an_authorizer_hears_that_the_reader_has_left();
  a_repository_answers_later_and_in_batches();
  a_repository_says_what_it_does_not_have();
  a_repository_hears_that_the_reader_has_left();
  what_is_unmounted_is_served_no_more();
  EXPECT_OK(es_streams_mount(streams, http, "/open/{channel}", NULL));
  drained_streams_are_freed_by_their_callback();
  streams_are_freed_while_they_are_open(0);
  streams_are_freed_while_they_are_open(1);

  /* The library has left nothing in the base: the loop ends by itself. */
  event_free(ticking);
  EXPECT(event_base_loop(base, 0) == 1);
  event_base_free(base);
  puts("serving: works");
  return 0;
}
