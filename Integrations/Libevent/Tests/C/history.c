/* Tests histories in SQLite files: readers get exactly the recorded events, even after a restart, and failures are
 * reported. */
#include "readers.h"

#include <eventsource-sqlite.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <unistd.h>

static char path[256];
static es_hub *hub;
static es_streams *streams;
static struct evhttp *http;

/* ---- Results of publications, reported in order on threads of the library ---- */

enum { MOST = 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  int number;
  es_status status;
  char id[96], error[512];
} outcomes[MOST];
static atomic_int told;

static void on_published(void *context, const es_publication *publication) {
  EXPECT(publication->size == sizeof *publication);
  EXPECT((publication->status == ES_OK) == (publication->id != NULL));
  EXPECT((publication->status == ES_OK) == (publication->error[0] == '\0'));
  pthread_mutex_lock(&lock);
  int index = told;
  outcomes[index].number = (int)(intptr_t)context;
  outcomes[index].status = publication->status;
  snprintf(outcomes[index].id, sizeof outcomes[index].id, "%s", publication->id ? publication->id : "");
  snprintf(outcomes[index].error, sizeof outcomes[index].error, "%s", publication->error);
  told = index + 1;
  pthread_mutex_unlock(&lock);
}

/* An early failure is the call's result. Otherwise, the callback reports the result. */
static void publish_number(int number) {
  char text[16];
  int length = snprintf(text, sizeof text, "%d", number);
  es_event event = ES_STRUCT(es_event, .data = text, .data_length = (size_t)length, .type = "number");
  es_status status = es_publish_recorded(hub, "news", &event, on_published, (void *)(intptr_t)number);
  if (status == ES_OK) return;
  es_publication publication = {sizeof publication, status, NULL, es_last_error()};
  on_published((void *)(intptr_t)number, &publication);
}

static void await_outcomes(int count) {
  RUN_UNTIL(told == count);
  told = 0;
}

/* ---- The lifetime of a process with a history ---- */

static es_history *start(int64_t recording_timeout_ms, int64_t busy_timeout_ms) {
  es_history *history;
  es_config *config;
  EXPECT_OK(es_config_create_for(ES_CONFIG_HUB, &config));
  EXPECT_OK(es_config_set(config, ES_OPTION_RECORDING_TIMEOUT_MS, recording_timeout_ms));
  es_sqlite_options options = ES_SQLITE_OPTIONS_INIT;
  options.busy_timeout_ms = busy_timeout_ms;
  EXPECT_OK(es_history_sqlite(path, &options, &history));
  EXPECT_OK(es_config_set_history(config, history));
  EXPECT_OK(es_hub_create(config, &hub));
  es_config_free(config);
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  EXPECT_OK(es_hub_open_channel(hub, "other"));
  EXPECT_OK(es_hub_set_history(hub, "other", history));
  EXPECT_OK(es_streams_create(hub, base, &streams));
  http = listen_anywhere();
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &config));
  EXPECT_OK(es_config_set(config, ES_OPTION_REPLAYS_TO_NEW_READERS, 1));
  EXPECT_OK(es_streams_mount(streams, http, "/events", config));
  es_config_free(config);
  return history;
}

static void stop(es_history *history) {
  evhttp_free(http);
  es_streams_free(streams);
  EXPECT_OK(es_history_close(history));
  EXPECT_OK(es_history_close(history));
  es_history_free(history);
  EXPECT_ERROR(ES_INVALID_HANDLE, "freed", es_history_close(history));
  es_hub_free(hub);
}

static void what_was_recorded_is_replayed_after_a_restart(void) {
  char third[96];
  es_history *history = start(60000, 60000);
  struct reader *reader = ask("/events?channel=news", NULL);
  RUN_UNTIL(reader->status == 200);
  for (int number = 0; number < 300; number++) publish_number(number);
  RUN_UNTIL(told == 300);
  for (int index = 0; index < 300; index++) EXPECT(outcomes[index].status == ES_OK);
  for (int index = 0; index < 300; index++)
    if (outcomes[index].number == 2) snprintf(third, sizeof third, "%s", outcomes[index].id);
  told = 0;
  /* Events have the order of the calls, whatever the order of the callbacks. */
  RUN_UNTIL(strstr(reader->body, "data: 299\n"));
  const char *at = reader->body;
  for (int number = 0; number < 300; number++) {
    char expected[32];
    snprintf(expected, sizeof expected, "data: %d\n", number);
    at = strstr(at, expected);
    EXPECT(at);
  }
  EXPECT_ERROR(ES_RECORDED_CHANNEL, "es_publish_recorded", es_publish(hub, "news", "x", 1));
  leave(reader);
  stop(history);

  history = start(60000, 60000);
  reader = ask("/events?channel=news", third);
  RUN_UNTIL(strstr(reader->body, "data: 299\n"));
  EXPECT(strstr(reader->body, "data: 3\n") && !strstr(reader->body, "data: 2\n"));
  EXPECT(!strstr(reader->body, "eventsource-gap"));
  publish_number(300);
  await_outcomes(1);
  RUN_UNTIL(strstr(reader->body, "data: 300\n"));
  leave(reader);
  EXPECT_OK(es_hub_set_history(hub, "news", NULL));
  EXPECT_OK(es_publish(hub, "news", "not recorded", 12));
  stop(history);
}

/* Locks the file, as another process might. */
static sqlite3 *lock_file(void) {
  sqlite3 *database;
  EXPECT(sqlite3_open(path, &database) == SQLITE_OK);
  /* The history may be in a transaction, such as its first one. */
  EXPECT(sqlite3_busy_timeout(database, 60000) == SQLITE_OK);
  EXPECT(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
  return database;
}

static void a_failure_is_told_and_nothing_is_published(void) {
  es_history *history = start(60000, 1000);
  sqlite3 *database = lock_file();
  publish_number(1000);
  await_outcomes(1);
  EXPECT(outcomes[0].number == 1000 && outcomes[0].status == ES_HISTORY_FAILED && strstr(outcomes[0].error, path));
  EXPECT(sqlite3_close(database) == SQLITE_OK);
  publish_number(1001);
  await_outcomes(1);
  EXPECT(outcomes[0].status == ES_OK);
  struct reader *reader = ask("/events?channel=news", NULL);
  RUN_UNTIL(strstr(reader->body, "data: 1001\n"));
  EXPECT(!strstr(reader->body, "data: 1000\n"));
  leave(reader);
  /* A closed history records no events. */
  EXPECT_OK(es_history_close(history));
  publish_number(1002);
  await_outcomes(1);
  EXPECT(outcomes[0].status == ES_HISTORY_FAILED);
  EXPECT_OK(es_hub_close(hub));
  es_event event = ES_EVENT_INIT;
  EXPECT_STATUS(ES_CLOSED, es_publish_recorded(hub, "news", &event, on_published, NULL));
  stop(history);
}

static es_history *closed_by_callback;

static void on_published_closing(void *context, const es_publication *publication) {
  (void)publication;
  EXPECT_ERROR(ES_INVALID_VALUE, "callback", es_history_close(closed_by_callback));
  ++*(atomic_int *)context;
}

static void a_callback_does_not_wait_for_the_disk(void) {
  es_history *history = closed_by_callback = start(60000, 60000);
  atomic_int count = 0;
  es_event event = ES_EVENT_INIT;
  EXPECT_OK(es_publish_recorded(hub, "news", &event, on_published_closing, &count));
  RUN_UNTIL(count == 1);
  stop(history);
}

static void an_outcome_may_be_unknown(void) {
  es_history *history;
  es_sqlite_options options = ES_SQLITE_OPTIONS_INIT;
  history = start(20, 60000);
  EXPECT_OK(es_hub_set_history(hub, "news", NULL));
  EXPECT_OK(es_history_close(history));
  es_history_free(history);
  options.busy_timeout_ms = 60000;
  options.addition_timeout_ms = 120000;
  EXPECT_OK(es_history_sqlite(path, &options, &history));
  EXPECT_OK(es_hub_set_history(hub, "news", history));
  sqlite3 *database = lock_file();
  publish_number(2000);
  await_outcomes(1);
  EXPECT(outcomes[0].status == ES_OUTCOME_UNKNOWN);
  EXPECT(sqlite3_close(database) == SQLITE_OK);
  /* The event was finally recorded, and then published. */
  struct reader *reader = ask("/events?channel=news", NULL);
  RUN_UNTIL(strstr(reader->body, "data: 2000\n"));
  leave(reader);
  stop(history);
}

static void what_is_wrong_is_told(void) {
  es_history *history = NULL;
  es_sqlite_options options = ES_SQLITE_OPTIONS_INIT;
  es_hub *other;
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_history_sqlite(NULL, NULL, &history));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_history_sqlite(path, NULL, NULL));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_history_close(NULL));
  es_history_free(NULL);
  EXPECT_STATUS(ES_INVALID_TEXT, es_history_sqlite("\xff", NULL, &history));
  EXPECT_ERROR(ES_HISTORY_FAILED, "/nowhere/at/all", es_history_sqlite("/nowhere/at/all", NULL, &history));
  EXPECT_ERROR(ES_HISTORY_FAILED, "/proc/self/exe", es_history_sqlite("/proc/self/exe", NULL, &history));
  options.maximum_events = -2;
  EXPECT_ERROR(ES_INVALID_VALUE, "maximum_events", es_history_sqlite(path, &options, &history));
  options.maximum_events = ES_NONE;
  options.connections = 65;
  EXPECT_ERROR(ES_INVALID_VALUE, "connections", es_history_sqlite(path, &options, &history));
  options.connections = -1;
  EXPECT_ERROR(ES_INVALID_VALUE, "connections", es_history_sqlite(path, &options, &history));
  options.connections = 1;
  options.maximum_file_bytes = 1;
  EXPECT_ERROR(ES_INVALID_VALUE, "maximum_file_bytes", es_history_sqlite(path, &options, &history));
  options.maximum_file_bytes = 1 << 20;
  options.size = 8;
  EXPECT_ERROR(ES_INVALID_VALUE, "es_sqlite_options", es_history_sqlite(path, &options, &history));
  EXPECT(!history);
  options.size = sizeof options;
  options.flush_interval_ms = 100, options.maximum_bytes = 1 << 20, options.maximum_age_ms = 60000;
  options.addition_timeout_ms = INT64_MAX, options.maximum_waiting_bytes = INT64_MAX;
  EXPECT_OK(es_history_sqlite(path, &options, &history));
  EXPECT_OK(es_hub_create(NULL, &other));
  EXPECT_STATUS(ES_INVALID_TEXT, es_hub_set_history(other, "", history));
  EXPECT_STATUS(ES_INVALID_HANDLE, es_hub_set_history(other, "news", (es_history *)other));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_hub_set_history(NULL, "news", history));
  es_hub_free(other);
  es_history_free(history);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  char folder[] = "/tmp/eventsource-history-XXXXXX";
  EXPECT(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/history.sqlite", folder);
  base = event_base_new();
  struct event *ticking = start_ticking();
  what_is_wrong_is_told();
  what_was_recorded_is_replayed_after_a_restart();
  a_failure_is_told_and_nothing_is_published();
  a_callback_does_not_wait_for_the_disk();
  an_outcome_may_be_unknown();
  event_free(ticking);
  event_base_free(base);
  EXPECT(unlink(path) == 0);
  EXPECT(rmdir(folder) == 0); /* Nothing is left next to the file. */
  puts("history: works");
  return 0;
}
