/* Tests runs: started by requests, written, watched, resumed, stopped, observed, recorded in a SQLite file, and freed in
 * every order. */
#include "readers.h"

#include <eventsource-sqlite.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static char path[256];
static es_hub *hub;
static es_streams *streams;
static es_runs *runs;
static struct evhttp *http;

/* ---- The program's callbacks ---- */

static atomic_int released, cancelled, authorized;
static _Atomic(es_run_creation *) creation;
/* What the creator does: start a run at once, reject, fail, or wait until the test answers. */
static enum { STARTS, REJECTS, FAILS, WAITS } creator_behavior;

static void create(void *context, es_run_creation *asked, const es_request *request) {
  EXPECT(context == &released && request->size == sizeof *request);
  EXPECT(strcmp(request->method, "POST") == 0 && strcmp(request->target, "/runs") == 0);
  EXPECT(strcmp(es_request_field(request, "host"), "localhost") == 0);
  EXPECT(request->channel_count == 1 && strcmp(request->channels[0], "runs") == 0);
  EXPECT(request->identity && strcmp(request->identity, "anna") == 0);
  EXPECT(strlen(request->body) == request->body_length);
  EXPECT_STATUS(ES_INVALID_VALUE, es_run_creation_reject(asked, 200, NULL, NULL, 0));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_run_creation_answer(asked, NULL));
  es_run *run;
  switch (creator_behavior) {
  case STARTS:
    EXPECT_OK(es_runs_start(runs, request->body, &run));
    EXPECT_OK(es_run_creation_answer(asked, run));
    EXPECT_STATUS(ES_NOT_PENDING, es_run_creation_answer(asked, run));
    es_run_free(run);
    break;
  case REJECTS: EXPECT_OK(es_run_creation_reject(asked, 402, "pay first", &(es_field){"X-Price", "1"}, 1)); break;
  case FAILS: EXPECT_OK(es_run_creation_fail(asked, "no model")); break;
  case WAITS: creation = asked; break;
  }
}

static void creation_cancelled(void *context, es_run_creation *asked) {
  EXPECT(context == &released && asked == creation);
  cancelled++;
}

static void release(void *context) {
  EXPECT(context == &released);
  released++;
}

/* Allows everything except to callers without a name. */
static void authorize(void *context, es_authorization *asked, const es_request *request) {
  EXPECT(context == &released && request->channel_count == 1 && !request->body && !request->identity);
  int starts = strcmp(request->method, "POST") == 0 && !es_request_field(request, "Last-Event-ID");
  EXPECT(strcmp(request->channels[0], starts ? "runs" : "runs/job") == 0);
  authorized++;
  if (es_request_field(request, "X-Nobody")) EXPECT_OK(es_authorization_reject(asked, 403, "who?", NULL, 0));
  else EXPECT_OK(es_authorization_grant(asked, ES_NONE, "anna"));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char observed[4096]; /* The changes of runs, one per line. */

static void on_change(void *context, const es_run_change *change) {
  static const char *const names[] = {"", "began", "joined", "left", "stop", "ended", "discarded"};
  EXPECT(context == &released && change->size == sizeof *change);
  EXPECT((change->error != NULL) == (change->what == ES_RUN_ENDED && change->outcome == ES_RUN_FAILED));
  pthread_mutex_lock(&lock);
  size_t length = strlen(observed);
  snprintf(
    observed + length, sizeof observed - length, "%s %s %zu %d %d %s %s\n", change->run, names[change->what],
    change->viewers, change->outcome, change->reason, change->identity ? change->identity : "-",
    change->error ? change->error : "-");
  pthread_mutex_unlock(&lock);
}

static int was_observed(const char *line) {
  pthread_mutex_lock(&lock);
  int found = strstr(observed, line) != NULL;
  pthread_mutex_unlock(&lock);
  return found;
}

/* A route of the program that is answered with a run. */
static void on_request(struct evhttp_request *request, void *context) {
  (void)context;
  es_status status = es_streams_serve(streams, request);
  if (status == ES_OK) return;
  EXPECT(status == ES_NO_ROUTE);
  es_run *run;
  if (strcmp(evhttp_request_get_uri(request), "/elsewhere") != 0 || es_runs_start(runs, "own", &run) != ES_OK)
    return evhttp_send_error(request, 404, NULL);
  const es_field location = {"Location", "/runs/own"}, bad = {"a b", "c"};
  EXPECT_STATUS(ES_INVALID_TEXT, es_streams_respond_with_run(streams, request, run, &bad, 1));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_respond_with_run(streams, NULL, run, NULL, 0));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_respond_with_run(streams, request, NULL, NULL, 0));
  EXPECT_OK(es_streams_respond_with_run(streams, request, run, &location, 1));
  es_run_free(run);
}

/* ---- The lifetime of a process ---- */

static void start(int64_t grace_ms, int responds_created, es_history *history) {
  es_config *config;
  EXPECT_OK(es_hub_create(NULL, &hub));
  EXPECT_OK(es_streams_create(hub, base, &streams));
  http = listen_anywhere();
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
  evhttp_set_gencb(http, on_request, NULL);
  EXPECT_OK(es_config_create_for(ES_CONFIG_RUNS, &config));
  EXPECT_OK(es_config_set(config, ES_OPTION_STOP_GRACE_MS, grace_ms));
  EXPECT_OK(es_config_set_authorizer(config, &ES_STRUCT(es_authorizer, &released, authorize, NULL, release)));
  EXPECT_OK(es_config_set_run_observer(config, &ES_STRUCT(es_run_observer, &released, on_change, release)));
  if (history) EXPECT_OK(es_config_set_history(config, history));
  EXPECT_OK(es_runs_create(hub, "runs", config, &runs));
  es_config_free(config);
  es_run_creator creator = {sizeof creator, &released, create, creation_cancelled, release, responds_created};
  EXPECT_OK(es_streams_mount_runs(streams, http, "/runs", runs, &creator));
  observed[0] = '\0';
  creator_behavior = STARTS;
  released = authorized = cancelled = 0;
}

/* Frees everything. The runs are closed when nothing uses them, then every context is released. */
static void stop(void) {
  es_runs_free(runs);
  es_streams_free(streams);
  evhttp_free(http);
  es_hub_free(hub);
  RUN_UNTIL(released == 3);
}

static struct reader *post(const char *body) { return send_request(EVHTTP_REQ_POST, "/runs", NULL, NULL, body); }

static void expect_status(struct reader *reader, int status) {
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == status);
  leave(reader);
}

static es_run *find(const char *id) {
  es_run *run;
  RUN_UNTIL(es_runs_find(runs, id, &run) == ES_OK);
  return run;
}

/* ---- The tests ---- */

static void a_post_is_answered_by_its_run_which_is_read_again_and_stopped(void) {
  start(0, 0, NULL);
  struct reader *reader = post("job");
  RUN_UNTIL(strstr(reader->body, "id: job-1\n"));
  EXPECT(reader->status == 200 && strstr(reader->fields, "Location: /runs/job\n"));
  es_run *run = find("job");
  es_run_info info;
  EXPECT_OK(es_run_write(run, "token", 5));
  RUN_UNTIL(strstr(reader->body, "data: token\nid: job-2\n\n"));
  EXPECT_OK(es_run_inspect(run, &info, sizeof info));
  EXPECT(info.viewers == 1);
  RUN_UNTIL(was_observed("job joined 1 "));
  leave(reader);
  RUN_UNTIL(was_observed("job left 0 "));
  /* It goes on without viewers. */
  EXPECT_OK(es_run_write(run, "more", 4));
  reader = ask("/runs/job", "job-2");
  RUN_UNTIL(strstr(reader->body, "data: more\nid: job-3\n\n"));
  EXPECT(!strstr(reader->body, "token"));
  expect_status(ask_with(EVHTTP_REQ_DELETE, "/runs/job", NULL, NULL), 204);
  RUN_UNTIL(reader->is_over);
  EXPECT(strstr(reader->body, "event: eventsource-end\n") && strstr(reader->body, "\"reason\":\"requested\""));
  leave(reader);
  EXPECT_STATUS(ES_ENDED, es_run_write(run, "x", 1));
  EXPECT_OK(es_run_inspect(run, &info, sizeof info));
  EXPECT(info.outcome == ES_RUN_STOPPED && info.stop_reason == ES_STOP_REQUESTED);
  RUN_UNTIL(was_observed("job ended 0 3 1 anna -\n"));
  expect_status(ask_with(EVHTTP_REQ_DELETE, "/runs/job", NULL, NULL), 204);
  expect_status(ask("/runs/job", "job-4"), 204);
  /* A repeated POST starts nothing. */
  reader = send_request(EVHTTP_REQ_POST, "/runs", "Last-Event-ID", "job-3", "again");
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 200 && strstr(reader->body, "eventsource-end") && !strstr(reader->body, "more"));
  leave(reader);
  expect_status(ask_with(EVHTTP_REQ_PUT, "/runs/job", NULL, NULL), 501);
  expect_status(ask_with(EVHTTP_REQ_OPTIONS, "/runs", NULL, NULL), 204);
  es_run_free(run);
  stop();
}

static void an_authorizer_decides_before_all(void) {
  start(0, 0, NULL);
  expect_status(send_request(EVHTTP_REQ_POST, "/runs", "X-Nobody", "1", "job"), 403);
  EXPECT(authorized == 1 && !was_observed("job"));
  expect_status(ask_with(EVHTTP_REQ_GET, "/runs/job", "X-Nobody", "1"), 403);
  expect_status(ask_with(EVHTTP_REQ_DELETE, "/runs/job", "X-Nobody", "1"), 403);
  EXPECT(authorized == 3);
  expect_status(ask("/runs/job", NULL), 404);
  expect_status(ask_with(EVHTTP_REQ_DELETE, "/runs/job", NULL, NULL), 404);
  stop();
}

static void *answer_from_a_thread(void *context) {
  (void)context;
  es_run *run;
  EXPECT_OK(es_runs_start(runs, "job", &run));
  EXPECT_OK(es_run_creation_answer(creation, run));
  EXPECT_OK(es_run_write(run, "from a thread", 13));
  EXPECT_OK(es_run_finish(run, &ES_STRUCT(es_event, .data = "last", .data_length = 4)));
  es_run_free(run);
  return NULL;
}

static void a_creator_answers_later_and_once(void) {
  start(0, 1, NULL);
  creator_behavior = REJECTS;
  struct reader *reader = post("job");
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 402 && strstr(reader->fields, "X-Price: 1\n") && strstr(reader->body, "pay first"));
  leave(reader);
  creator_behavior = FAILS;
  expect_status(post("job"), 500);
  creator_behavior = WAITS;
  creation = NULL;
  reader = post("job");
  RUN_UNTIL(creation);
  leave(reader);
  RUN_UNTIL(cancelled == 1);
  EXPECT_STATUS(ES_NOT_PENDING, es_run_creation_fail(creation, "too late"));
  creation = NULL;
  reader = post("job");
  RUN_UNTIL(creation);
  pthread_t thread;
  pthread_create(&thread, NULL, answer_from_a_thread, NULL);
  RUN_UNTIL(reader->is_over);
  pthread_join(thread, NULL);
  EXPECT(reader->status == 201 && strstr(reader->fields, "Location: /runs/job\n"));
  EXPECT(strstr(reader->body, "{\"run\":\"job\",\"location\":\"/runs/job\"}"));
  leave(reader);
  reader = ask("/runs/job", NULL);
  RUN_UNTIL(reader->is_over);
  EXPECT(strstr(reader->body, "data: from a thread\n") && strstr(reader->body, "data: last\n"));
  EXPECT(strstr(reader->body, "\"outcome\":\"finished\""));
  leave(reader);
  /* The mount keeps the runs. */
  es_runs_free(runs);
  expect_status(ask("/runs/job", "job-4"), 204);
  EXPECT(cancelled == 1 && released == 0);
  stop();
}

static void a_run_of_another_collection_is_not_an_answer(void) {
  start(0, 0, NULL);
  es_runs *others;
  es_run *run;
  EXPECT_OK(es_runs_create(hub, "others", NULL, &others));
  EXPECT_OK(es_runs_start(others, "job", &run));
  creator_behavior = WAITS;
  creation = NULL;
  struct reader *reader = post("job");
  RUN_UNTIL(creation);
  EXPECT_OK(es_run_creation_answer(creation, run));
  expect_status(reader, 500);
  es_run_free(run);
  es_runs_free(others);
  stop();
}

static void a_run_with_a_grace_writes_its_last_events(void) {
  start(600000, 0, NULL);
  struct reader *reader = post("job");
  es_run *run = find("job");
  es_run_info info;
  RUN_UNTIL(reader->length > 0);
  expect_status(ask_with(EVHTTP_REQ_DELETE, "/runs/job", NULL, NULL), 202);
  RUN_UNTIL(was_observed("job stop 0 0 1 anna -\n"));
  EXPECT_OK(es_run_inspect(run, &info, sizeof info));
  EXPECT(info.outcome == ES_RUN_ACTIVE && info.stop_reason == ES_STOP_REQUESTED);
  EXPECT_OK(es_run_write(run, "bye", 3));
  EXPECT_OK(es_run_finish(run, NULL));
  RUN_UNTIL(reader->is_over);
  EXPECT(strstr(reader->body, "data: bye\n") && strstr(reader->body, "\"outcome\":\"stopped\""));
  leave(reader);
  es_run_free(run);
  stop();
}

static void any_request_is_answered_with_a_run(void) {
  start(0, 0, NULL);
  struct reader *reader = send_request(EVHTTP_REQ_POST, "/elsewhere", NULL, NULL, "prompt");
  es_run *run = find("own");
  EXPECT_OK(es_run_write(run, "token", 5));
  EXPECT_OK(es_run_fail(run, "the model is gone"));
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 200 && strstr(reader->fields, "Location: /runs/own\n"));
  EXPECT(strstr(reader->body, "data: token\n") && strstr(reader->body, "\"error\":\"the model is gone\""));
  EXPECT(authorized == 0);
  RUN_UNTIL(was_observed("own ended 0 2 0 - the model is gone\n"));
  leave(reader);
  es_run_free(run);
  stop();
}

static void what_is_wrong_is_told(void) {
  start(0, 0, NULL);
  es_hub *other;
  es_runs *others;
  es_run *run;
  es_run_creator creator = ES_RUN_CREATOR_INIT;
  creator.context = &released, creator.release = release;
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_mount_runs(streams, http, "/x", runs, &creator));
  creator.create = create, creator.responds_created = 2;
  EXPECT_ERROR(ES_INVALID_VALUE, "responds_created", es_streams_mount_runs(streams, http, "/x", runs, &creator));
  creator.responds_created = 0;
  EXPECT_STATUS(ES_PATH_IN_USE, es_streams_mount_runs(streams, http, "/runs", runs, &creator));
  EXPECT_STATUS(ES_INVALID_TEXT, es_streams_mount_runs(streams, http, "runs", runs, NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_streams_mount_runs(streams, http, "/a?b", runs, NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_mount_runs(streams, NULL, "/x", runs, NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_mount_runs(streams, http, NULL, runs, NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_streams_mount_runs(streams, http, "/x", NULL, NULL));
  EXPECT_OK(es_hub_create(NULL, &other));
  EXPECT_OK(es_runs_create(other, "runs", NULL, &others));
  EXPECT_OK(es_runs_start(others, "job", &run));
  EXPECT_STATUS(ES_INVALID_VALUE, es_streams_mount_runs(streams, http, "/x", others, NULL));
  es_hub_free(other);
  es_runs_free(others);
  /* The run keeps its collection. */
  EXPECT_OK(es_run_write(run, "x", 1));
  es_run_free(run);
  EXPECT(released == 0);
  /* Runs that are started elsewhere. */
  EXPECT_OK(es_streams_mount_runs(streams, http, "/read", runs, NULL));
  expect_status(send_request(EVHTTP_REQ_POST, "/read", NULL, NULL, "job"), 405);
  EXPECT_OK(es_streams_unmount(streams, http));
  expect_status(post("job"), 404);
  RUN_UNTIL(released == 1); /* The creator. */
  stop();
}

/* ---- Histories ---- */

static atomic_int written, failed;

static void on_written(void *context, const es_publication *publication) {
  EXPECT(context == &released && publication->size == sizeof *publication);
  EXPECT((publication->status == ES_OK) == (publication->id && strncmp(publication->id, "job-", 4) == 0));
  if (publication->status != ES_OK) failed++;
  written++;
}

static void a_run_survives_its_process(void) {
  es_history *history;
  EXPECT_OK(es_history_sqlite(path, NULL, &history));
  start(0, 0, history);
  struct reader *reader = post("job");
  es_run *run = find("job");
  EXPECT_ERROR(ES_RECORDED_CHANNEL, "es_run_write_recorded", es_run_write(run, "x", 1));
  written = failed = 0;
  for (int number = 0; number < 200; number++) {
    char text[16];
    int length = snprintf(text, sizeof text, "%d", number);
    es_event event = ES_STRUCT(es_event, .data = text, .data_length = (size_t)length);
    EXPECT_OK(es_run_write_recorded(run, &event, on_written, &released));
  }
  RUN_UNTIL(written == 200 && strstr(reader->body, "data: 199\n"));
  EXPECT(failed == 0);
  const char *at = reader->body;
  for (int number = 0; number < 200; number++) {
    char expected[64];
    snprintf(expected, sizeof expected, "data: %d\nid: job-%d\n\n", number, number + 2);
    at = strstr(at, expected);
    EXPECT(at);
  }
  leave(reader);
  es_run_free(run);
  /* The process ends before the run does: it records nothing more. */
  EXPECT_OK(es_history_close(history));
  es_history_free(history);
  stop();

  EXPECT_OK(es_history_sqlite(path, NULL, &history));
  start(0, 0, history);
  reader = ask("/runs/job", "job-150");
  RUN_UNTIL(reader->is_over);
  EXPECT(reader->status == 200 && strstr(reader->body, "id: job-151\n") && !strstr(reader->body, "id: job-150\n"));
  EXPECT(strstr(reader->body, "id: job-201\n") && strstr(reader->body, "\"outcome\":\"interrupted\""));
  leave(reader);
  run = find("job");
  EXPECT_STATUS(ES_ENDED, es_run_write_recorded(run, &ES_STRUCT(es_event, 0), on_written, &released));
  es_run_info info;
  EXPECT_OK(es_run_inspect(run, &info, sizeof info));
  EXPECT(info.outcome == ES_RUN_INTERRUPTED);
  es_run_free(run);
  EXPECT_OK(es_history_close(history));
  es_history_free(history);
  stop();
}

static void streams_and_runs_are_freed_in_any_order(void) {
  for (int order = 0; order < 4; order++) {
    start(0, 0, NULL);
    struct reader *reader = post("job");
    RUN_UNTIL(strstr(reader->body, "id: job-1\n"));
    es_run *run = find("job");
    if (order & 1) es_hub_free(hub);
    if (order & 2) es_runs_free(runs);
    EXPECT_OK(es_run_write(run, "token", 5));
    RUN_UNTIL(strstr(reader->body, "data: token\n"));
    leave(reader);
    es_streams_free(streams);
    EXPECT_OK(es_run_write(run, "more", 4));
    es_run_free(run);
    if (!(order & 1)) es_hub_free(hub);
    if (!(order & 2)) es_runs_free(runs);
    evhttp_free(http);
    RUN_UNTIL(released == 3);
  }
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  char folder[] = "/tmp/eventsource-runs-XXXXXX";
  EXPECT(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/history.sqlite", folder);
  base = event_base_new();
  struct event *ticking = start_ticking();
  a_post_is_answered_by_its_run_which_is_read_again_and_stopped();
  an_authorizer_decides_before_all();
  a_creator_answers_later_and_once();
  a_run_of_another_collection_is_not_an_answer();
  a_run_with_a_grace_writes_its_last_events();
  any_request_is_answered_with_a_run();
  what_is_wrong_is_told();
  a_run_survives_its_process();
  streams_and_runs_are_freed_in_any_order();
  event_free(ticking);
  event_base_free(base);
  EXPECT(unlink(path) == 0);
  EXPECT(rmdir(folder) == 0);
  puts("runs: works");
  return 0;
}
