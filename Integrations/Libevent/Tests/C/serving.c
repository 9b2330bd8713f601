/* Tests a server and its readers in one event base: the calls of the program's authorizer, repository and logger, late,
 * repeated and wrong answers, and every order of freeing. */
#include "readers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static struct evhttp *http;
static es_hub *hub;
static es_config *config;
static es_streams *streams;

/* ---- Requests to the program's callbacks, stored and answered by the tests ---- */

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
  es_config *other;
  EXPECT_OK(es_config_create_for(ES_CONFIG_HUB, &other));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_streams_mount", es_streams_mount(streams, http, "/x", other));
  es_config_free(other);
  EXPECT_OK(es_config_create(&other));
  EXPECT_OK(es_config_set(other, ES_OPTION_RETENTION_EVENTS, 5));
  EXPECT_ERROR(ES_INVALID_VALUE, "ES_OPTION_RETENTION_EVENTS", es_streams_mount(streams, http, "/x", other));
  es_config_free(other);
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &other));
  EXPECT_OK(es_config_set_text(other, ES_TEXT_CHANNEL_QUERY_ITEM, NULL));
  EXPECT_ERROR(ES_INVALID_VALUE, "ES_TEXT_CHANNEL_QUERY_ITEM", es_streams_mount(streams, http, "/x", other));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_config_add_channel", es_streams_mount(streams, http, "/x/{name}", other));
  EXPECT_OK(es_config_add_channel(other, "news"));
  es_config_free(other);
  expect_answer("/nowhere", 404);
  expect_answer("/open", 404);
  expect_answer("/open/unknown", 404);
  expect_answer("/asked", 400);
}

static void *answer_from_a_thread(void *context) {
  es_authorization *asked = context;
  EXPECT_STATUS(ES_INVALID_VALUE, es_authorization_grant(asked, 0, NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_authorization_grant(asked, ES_NONE, "\xff"));
  EXPECT_STATUS(ES_INVALID_VALUE, es_authorization_reject(asked, 200, NULL, NULL, 0));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_authorization_reject(asked, 403, NULL, NULL, 1));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_authorization_reject(asked, 403, NULL, &(es_field){"X", NULL}, 1));
  EXPECT_STATUS(ES_INVALID_VALUE, es_authorization_reject(asked, 403, NULL, &(es_field){"X", "y"}, SIZE_MAX / 2));
  EXPECT_OK(es_authorization_grant(asked, ES_NONE, "anna"));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_grant(asked, ES_NONE, NULL));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_reject(asked, 403, NULL, NULL, 0));
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
  EXPECT_OK(es_authorization_reject(authorization, 401, "who are you?", NULL, 0));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 401 && !strstr(reader->fields, "WWW-Authenticate"));
  EXPECT(strcmp(reader->body, "who are you?\n") == 0);
  leave(reader);
  reader = asked_reader();
  const char *framing[] = {"Content-Length", "transfer-encoding", "Connection", "Date", "a b", "a\r\nb", ""};
  for (size_t index = 0; index < sizeof framing / sizeof *framing; index++) {
    es_field field = {framing[index], "1"};
    EXPECT_ERROR(ES_INVALID_TEXT, "es_config_add_field", es_config_add_field(config, field.name, field.value));
  }
  EXPECT_OK(es_authorization_reject(
    authorization, 401, NULL,
    (es_field[]){{"WWW-Authenticate", "Basic"}, {"Retry-After", "9"}, {"Content-Length", "0"}}, 3));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 401 && strstr(reader->fields, "WWW-Authenticate: Basic\n"));
  EXPECT(strstr(reader->fields, "Retry-After: 9\n"));
  EXPECT(strcmp(reader->body, "\n") == 0);
  leave(reader);
  reader = asked_reader();
  EXPECT_OK(es_authorization_fail(authorization, "the disk is gone"));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 503 && !strstr(reader->body, "disk"));
  EXPECT(logged == 1);
  leave(reader);
}

/* A grant that expires before the stream opens grants nothing, so a busy machine needs a longer one. */
static void a_grant_ends_its_stream(void) {
  int status = 403;
  for (int64_t expires_after_ms = 1; status == 403; expires_after_ms *= 2) {
    struct reader *reader = asked_reader();
    EXPECT_OK(es_authorization_grant(authorization, expires_after_ms, NULL));
    RUN_UNTIL(reader->is_over);
    status = reader->status;
    leave(reader);
  }
  EXPECT(status == 200);
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
  es_event missed[] = {
    ES_STRUCT(es_event, .data = "one", .data_length = 3, .id = "1"),
    ES_STRUCT(es_event, .data = "two", .data_length = 3, .id = "2"),
  };
  es_event without_id = ES_STRUCT(es_event, .data = "x", .data_length = 1);
  EXPECT_STATUS(ES_INVALID_TEXT, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, &without_id, 1));
  EXPECT_STATUS(ES_INVALID_TEXT, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, &ES_STRUCT(es_event, .id = ""), 1));
  es_event not_utf8 = ES_STRUCT(es_event, .data = "\xff", .data_length = 1, .id = "1");
  EXPECT_STATUS(ES_INVALID_TEXT, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, &not_utf8, 1));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, NULL, 1));
  EXPECT_STATUS(ES_INVALID_VALUE, es_replay_answer(first, ES_REPLAY_CONTIGUOUS, missed, SIZE_MAX));
  EXPECT_STATUS(ES_INVALID_VALUE, es_replay_answer(first, (es_replay_outcome)3, missed, 2));
  missed[1].size = missed[0].size + 8;
  EXPECT_ERROR(ES_INVALID_VALUE, "different sizes", es_replay_answer(first, ES_REPLAY_CONTIGUOUS, missed, 2));
  missed[1].size = missed[0].size;
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
  es_event earliest = ES_STRUCT(es_event, .data = "two", .data_length = 3, .id = "2");
  EXPECT_OK(es_replay_answer(first, ES_REPLAY_GAP, &earliest, 1));
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

/* The effects of several options, at their own path. */
static int allow(void *context, const char *origin) {
  EXPECT(context == &released);
  return strcmp(origin, "https://example.org") == 0;
}

static void pages_of_other_origins_are_answered_as_configured(void) {
  es_config *origins;
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &origins));
  EXPECT_OK(es_config_set_origins(origins, &ES_STRUCT(es_origins, &released, allow, release)));
  EXPECT_OK(es_config_set_list(origins, ES_LIST_ALLOWED_METHODS, &(const char *){"PUT"}, 1));
  EXPECT_OK(es_config_set_list(origins, ES_LIST_ALLOWED_FIELDS, &(const char *){"X-Key"}, 1));
  EXPECT_OK(es_config_set_list(origins, ES_LIST_EXPOSED_FIELDS, &(const char *){"X-Trace"}, 1));
  EXPECT_OK(es_config_set(origins, ES_OPTION_PREFLIGHT_AGE_MS, 60000));
  EXPECT_OK(es_config_set(origins, ES_OPTION_ALLOWS_CREDENTIALS, 1));
  EXPECT_OK(es_streams_mount(streams, http, "/shared/{channel}", origins));
  es_config_free(origins);
  struct reader *reader = ask_with(EVHTTP_REQ_OPTIONS, "/shared/news", "Origin", "https://example.org");
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 204 && strstr(reader->fields, "Access-Control-Allow-Origin: https://example.org\n"));
  EXPECT(strstr(reader->fields, "Access-Control-Allow-Methods: PUT\n"));
  EXPECT(strstr(reader->fields, "Access-Control-Allow-Headers: X-Key\n"));
  EXPECT(strstr(reader->fields, "Access-Control-Max-Age: 60\n"));
  EXPECT(strstr(reader->fields, "Access-Control-Allow-Credentials: true\n"));
  leave(reader);
  reader = ask_with(EVHTTP_REQ_GET, "/shared/news", "Origin", "https://example.org");
  RUN_UNTIL(reader->status);
  EXPECT(strstr(reader->fields, "Access-Control-Expose-Headers: X-Trace\n"));
  leave(reader);
  reader = ask_with(EVHTTP_REQ_OPTIONS, "/shared/news", "Origin", "https://example.org.evil.net");
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 204 && !strstr(reader->fields, "Access-Control-Allow-Origin"));
  leave(reader);
}

static _Atomic(es_snapshot *) waiting_snapshot;

static void snapshot(void *context, es_snapshot *asked, const char *channel) {
  EXPECT(context == &released && strcmp(channel, "news") == 0);
  waiting_snapshot = asked;
}

static void a_new_reader_is_given_the_state(void) {
  es_config *states;
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &states));
  EXPECT_OK(es_config_set_snapshots(
    states, ES_SNAPSHOT_FOR_NEW_READERS | ES_SNAPSHOT_AFTER_GAP,
    &ES_STRUCT(es_snapshots, &released, snapshot, NULL, release)));
  EXPECT_OK(es_config_set_text(states, ES_TEXT_OPENING_COMMENT, "hello"));
  EXPECT_OK(es_config_set_list(states, ES_LIST_LAST_EVENT_ID_QUERY_ITEMS, &(const char *){"since"}, 1));
  EXPECT_OK(es_streams_mount(streams, http, "/state/{channel}", states));
  es_config_free(states);
  static const char *const paths[] = {"/state/news", "/state/news?since=unknown"};
  for (int index = 0; index < 2; index++) {
    waiting_snapshot = NULL;
    struct reader *reader = ask(paths[index], NULL);
    RUN_UNTIL(waiting_snapshot);
    es_event state = ES_STRUCT(es_event, .data = "all", .data_length = 3);
    EXPECT_STATUS(ES_INVALID_VALUE, es_snapshot_answer(waiting_snapshot, &state, SIZE_MAX));
    EXPECT_OK(es_snapshot_answer(waiting_snapshot, &state, 1));
    EXPECT_STATUS(ES_NOT_PENDING, es_snapshot_answer(waiting_snapshot, &state, 1));
    EXPECT_STATUS(ES_NOT_PENDING, es_snapshot_fail(waiting_snapshot, NULL));
    RUN_UNTIL(strstr(reader->body, "data: all\n"));
    EXPECT(strstr(reader->body, ":hello\n"));
    EXPECT(!strstr(reader->body, "eventsource-gap") == (index == 0));
    leave(reader);
  }
  struct reader *reader = ask(paths[0], NULL);
  waiting_snapshot = NULL;
  RUN_UNTIL(waiting_snapshot);
  EXPECT_OK(es_snapshot_fail(waiting_snapshot, "the disk is gone"));
  RUN_UNTIL(reader->is_over);
  leave(reader);
}

static void streams_are_compressed_for_readers_that_accept_it(void) {
  es_config *compressed;
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &compressed));
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_set(compressed, ES_OPTION_GZIP_LEVEL, 10));
  EXPECT_OK(es_config_set(compressed, ES_OPTION_GZIP_LEVEL, 6));
  EXPECT_OK(es_streams_mount(streams, http, "/compressed/{channel}", compressed));
  es_config_free(compressed);
  static const char *const codings[] = {"gzip", "identity"};
  for (int index = 0; index < 2; index++) {
    struct reader *reader = ask_with(EVHTTP_REQ_GET, "/compressed/news", "Accept-Encoding", codings[index]);
    RUN_UNTIL(reader->length >= 10);
    EXPECT(reader->status == 200 && strstr(reader->fields, "Vary: Accept-Encoding\n"));
    EXPECT(!strstr(reader->fields, "Content-Encoding: gzip\n") == (index == 1));
    EXPECT((memcmp(reader->body, "\x1f\x8b\b", 3) == 0) == (index == 0));
    leave(reader);
  }
}

static void a_stream_outlives_one_of_its_channels(void) {
  es_config *several;
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &several));
  EXPECT_OK(es_config_add_channel(several, "news"));
  EXPECT_OK(es_config_set(several, ES_OPTION_ADDS_CHANNELS_FROM_QUERY, 1));
  EXPECT_OK(es_config_set(several, ES_OPTION_CHANNEL_REMOVAL, 1));
  EXPECT_OK(es_streams_mount(streams, http, "/several", several));
  es_config_free(several);
  EXPECT_OK(es_hub_open_channel(hub, "short"));
  struct reader *reader = ask("/several?channel=short", NULL);
  RUN_UNTIL(reader->status == 200);
  EXPECT_OK(es_hub_remove_channel(hub, "short"));
  RUN_UNTIL(strstr(reader->body, "event: eventsource-removed\n"));
  EXPECT_OK(es_publish(hub, "news", "on and on", 9));
  RUN_UNTIL(strstr(reader->body, "data: on and on\n"));
  leave(reader);
}

static void a_grant_may_be_for_some_channels_and_replace_other_streams(void) {
  struct reader *first = asked_reader();
  EXPECT_OK(es_authorization_grant(authorization, ES_NONE, "berta"));
  RUN_UNTIL(first->status == 200);
  struct reader *second = asked_reader();
  es_grant grant = ES_GRANT_INIT;
  grant.replaces = 1;
  EXPECT_ERROR(ES_INVALID_VALUE, "identity", es_authorization_answer(authorization, &grant));
  grant.identity = "berta";
  grant.replaces = 2;
  EXPECT_ERROR(ES_INVALID_VALUE, "replaces", es_authorization_answer(authorization, &grant));
  grant.replaces = 1;
  grant.expires_after_ms = -2;
  EXPECT_STATUS(ES_INVALID_VALUE, es_authorization_answer(authorization, &grant));
  grant.expires_after_ms = 0;
  grant.channel_count = 1;
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_authorization_answer(authorization, &grant));
  static const char *const news[] = {"news"};
  grant.channels = news;
  EXPECT_OK(es_authorization_answer(authorization, &grant));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_answer(authorization, &grant));
  RUN_UNTIL(second->status == 200 && first->is_over);
  leave(first), leave(second);
  struct reader *third = asked_reader();
  EXPECT_OK(es_authorization_answer(authorization, &ES_STRUCT(es_grant, .channels = news)));
  RUN_UNTIL(third->is_over);
  EXPECT(third->status == 403);
  leave(third);
}

static atomic_int occupied, joined, gone, vacated;

static void occupancy_changed(void *context, const es_occupancy_change *change) {
  EXPECT(context == &released && change->size == sizeof *change);
  if (!change->channel || strcmp(change->channel, "watched") != 0) return;
  if (change->what == ES_READER_JOINED || change->what == ES_READER_LEFT)
    EXPECT(change->stream > 0 && strcmp(change->peer, "127.0.0.1") == 0 && !change->identity);
  if (change->what == ES_OCCUPIED) occupied++;
  if (change->what == ES_READER_JOINED) EXPECT(change->readers == (size_t)++joined);
  if (change->what == ES_READER_LEFT) EXPECT(change->reason == ES_LEFT_PEER_DISCONNECTED && (int)change->readers == 2 - ++gone);
  if (change->what == ES_VACATED) vacated++;
}

static void who_reads_is_told(void) {
  EXPECT_OK(es_hub_open_channel(hub, "watched"));
  struct reader *first = ask("/open/watched", NULL), *second = ask("/open/watched", NULL);
  RUN_UNTIL(joined == 2);
  EXPECT(occupied == 1 && gone == 0);
  leave(first);
  RUN_UNTIL(gone == 1);
  leave(second);
  RUN_UNTIL(vacated == 1);
  EXPECT(occupied == 1 && joined == 2 && gone == 2);
  occupied = joined = gone = vacated = 0;
}

static void a_channel_that_is_not_there_may_be_waited_for(void) {
  es_config *missing;
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &missing));
  EXPECT_OK(es_config_set(missing, ES_OPTION_MISSING_CHANNEL, 1));
  EXPECT_OK(es_streams_mount(streams, http, "/gone/{channel}", missing));
  EXPECT_OK(es_config_set(missing, ES_OPTION_MISSING_CHANNEL, 2));
  EXPECT_OK(es_config_set(missing, ES_OPTION_MISSING_CHANNEL_WAIT_MS, 3600000));
  EXPECT_OK(es_streams_mount(streams, http, "/later/{channel}", missing));
  es_config_free(missing);
  expect_answer("/gone/later", 204);
  struct reader *reader = ask("/later/later", NULL);
  RUN_UNTIL(es_streams_reader_count(streams) == 1);
  EXPECT_OK(es_hub_open_channel(hub, "later"));
  RUN_UNTIL(reader->status == 200);
  leave(reader);
  RUN_UNTIL(es_streams_reader_count(streams) == 0);
}

static void a_grant_may_name_what_is_really_read(void) {
  static const char *const asked[] = {"news"}, *const aliases[] = {"really"};
  EXPECT_OK(es_hub_open_channel(hub, "really"));
  struct reader *reader = asked_reader();
  EXPECT_OK(es_authorization_answer(
    authorization, &ES_STRUCT(es_grant, .channels = asked, .channel_count = 1, .aliases = aliases)));
  RUN_UNTIL(reader->status == 200);
  EXPECT_OK(es_publish(hub, "news", "no", 2));
  EXPECT_OK(es_publish(hub, "really", "yes", 3));
  RUN_UNTIL(strstr(reader->body, "data: yes\n"));
  EXPECT(!strstr(reader->body, "data: no\n"));
  leave(reader);
  RUN_UNTIL(es_streams_reader_count(streams) == 0);
}

static void what_is_unmounted_is_served_no_more(void) {
  struct reader *reader = ask("/open/news", NULL);
  RUN_UNTIL(reader->status == 200);
  EXPECT_OK(es_streams_unmount(streams, http));
  RUN_UNTIL(released == 2); /* The contexts that only that mount used. */
  released = 0;
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
  http = listen_anywhere();
  evhttp_set_gencb(http, on_other, NULL);
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_OPTIONS);
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_config_set_logger(config, &ES_STRUCT(es_logger, &released, log_record, release)));
  EXPECT_OK(es_config_set_occupancy_observer(
    config, &ES_STRUCT(es_occupancy_observer, &released, occupancy_changed, release)));
  EXPECT_OK(es_hub_create(config, &hub));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  EXPECT_OK(
    es_hub_set_repository(hub, "past", &ES_STRUCT(es_repository, &released, replay, replay_cancelled, release)));
  EXPECT_OK(es_streams_create(hub, base, &streams));
  EXPECT_OK(es_streams_mount(streams, http, "/open/{channel}", config));
  EXPECT_OK(es_config_set_authorizer(
    config, &ES_STRUCT(es_authorizer, &released, authorize, authorization_cancelled, release)));
  EXPECT_OK(es_streams_mount(streams, http, "/asked", config));
}

/* The last steps of each order: contexts are released when the library can no longer use them. */
static void expect_released(void) {
  es_hub_free(hub);
  es_config_free(config);
  RUN_UNTIL(released == 4);
  released = 0;
}

static void drained_streams_are_freed_by_their_callback(void) {
  int is_drained = 0;
  struct reader *first = ask("/open/news", NULL), *second = ask("/open/news", NULL), *waiting = asked_reader();
  RUN_UNTIL(first->status == 200 && second->status == 200);
  EXPECT_OK(es_publish(hub, "news", "last", 4));
  EXPECT_OK(es_streams_drain(streams, 3600000, on_drained, &is_drained));
  /* A late reader still finds the server within the hour of the drain. */
  struct reader *late = ask("/open/news", NULL);
  RUN_UNTIL(late->is_over);
  EXPECT_OK(es_authorization_grant(authorization, ES_NONE, NULL));
  RUN_UNTIL(waiting->is_over);
  EXPECT(!is_drained);
  EXPECT_OK(es_streams_drain(streams, 0, on_drained, &is_drained));
  RUN_UNTIL(is_drained && first->is_over && second->is_over);
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
  struct event *ticking = start_ticking();

  start();
  paths_are_what_they_are_mounted_as();
  an_authorizer_answers_later_and_once();
  an_authorizer_refuses();
  a_grant_ends_its_stream();
  an_authorizer_hears_that_the_reader_has_left();
  a_grant_may_be_for_some_channels_and_replace_other_streams();
  pages_of_other_origins_are_answered_as_configured();
  a_new_reader_is_given_the_state();
  streams_are_compressed_for_readers_that_accept_it();
  a_stream_outlives_one_of_its_channels();
  a_repository_answers_later_and_in_batches();
  a_repository_says_what_it_does_not_have();
  a_repository_hears_that_the_reader_has_left();
  RUN_UNTIL(es_streams_reader_count(streams) == 0);
  who_reads_is_told();
  a_channel_that_is_not_there_may_be_waited_for();
  a_grant_may_name_what_is_really_read();
  what_is_unmounted_is_served_no_more();
  EXPECT_OK(es_streams_mount(streams, http, "/open/{channel}", NULL));
  drained_streams_are_freed_by_their_callback();
  streams_are_freed_while_they_are_open(0);
  streams_are_freed_while_they_are_open(1);

  /* The library has no events left in the base, so the loop ends by itself. */
  event_free(ticking);
  EXPECT(event_base_loop(base, 0) == 1);
  event_base_free(base);
  puts("serving: works");
  return 0;
}
