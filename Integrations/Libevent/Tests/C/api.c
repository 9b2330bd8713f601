/* Tests every function of the header without a server: wrong calls report an error and do no harm; others succeed. */
#include "expect.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const bad_utf8[] = {"\xff", "caf\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xc0\xaf"};
enum { BAD_COUNT = sizeof bad_utf8 / sizeof *bad_utf8 };

static int released;

static void release(void *context) {
  EXPECT(context == &released);
  released++;
}

static void log_record(void *context, es_log_level level, const char *message, const es_field *fields, size_t count) {
  (void)context, (void)level, (void)message, (void)fields, (void)count;
}

static void authorize(void *context, es_authorization *authorization, const es_request *request) {
  (void)context, (void)authorization, (void)request;
}

static void replay(void *context, es_replay *replay, const es_replay_request *request) {
  (void)context, (void)replay, (void)request;
}

static void run_changed(void *context, const es_run_change *change) { (void)context, (void)change; }

static int allow(void *context, const char *origin) { return context && origin; }

static void snapshot(void *context, es_snapshot *snapshot, const char *channel) {
  (void)context, (void)snapshot, (void)channel;
}

static void visit(void *context, const es_channel *channel) {
  int index = (*(int *)context)++;
  EXPECT(channel->size == sizeof *channel && strcmp(channel->name, index == 0 ? "news" : "sport") == 0);
  EXPECT(channel->events_published == (index == 0 ? 4 : 1) && channel->retained_events == channel->events_published);
  EXPECT(channel->readers == 0 && channel->retained_bytes > 0 && !channel->has_repository && channel->idle_ms >= 0);
  EXPECT(strcmp(strchr(channel->oldest_id, '-'), "-1") == 0);
  EXPECT(strcmp(channel->newest_id, index == 0 ? "mine" : channel->oldest_id) == 0);
}

static void statuses_have_messages(void) {
  for (int status = ES_OK; status <= ES_RUN_EXISTS; status++) {
    EXPECT(strlen(es_status_message((es_status)status)) > 5);
    EXPECT(strcmp(es_status_message((es_status)status), es_status_message((es_status)999)) != 0);
  }
  EXPECT(strlen(es_status_message((es_status)-1)) > 5);
}

static void *last_error_of_a_thread(void *context) {
  (void)context;
  EXPECT(strcmp(es_last_error(), "") == 0);
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_hub_create(NULL, NULL));
  EXPECT(strstr(es_last_error(), "hub"));
  return NULL;
}

static void each_thread_has_its_own_last_error(void) {
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_config_create(NULL));
  char before[512];
  strcpy(before, es_last_error());
  EXPECT(strstr(before, "config"));
  pthread_t thread;
  pthread_create(&thread, NULL, last_error_of_a_thread, NULL);
  pthread_join(thread, NULL);
  EXPECT(strcmp(es_last_error(), before) == 0);
}

static void null_is_an_error(es_config *config, es_hub *hub) {
  static const char *const news[] = {"news"};
  es_event event = ES_STRUCT(es_event, .data = "x", .data_length = 1);
  es_event no_data = ES_STRUCT(es_event, .data_length = 1);
  es_logger logger = {0};
  es_authorizer authorizer = {0};
  es_repository repository = {0};
  es_occupancy_observer observer = {0};
  es_origins origins = {0};
  es_snapshots snapshots = {0};
  es_grant grant = {0};
  es_run_observer run_observer = {0};
  es_statistics statistics;
  es_runs_statistics of_runs;
  es_run_info info;
  es_runs *runs;
  es_run *run;
  int64_t value;
  es_streams *streams = (es_streams *)&value;
  EXPECT_OK(es_runs_create(hub, "runs", NULL, &runs));
  EXPECT_OK(es_runs_start(runs, NULL, &run));
  es_runs_free(NULL);
  es_run_free(NULL);
  EXPECT(!es_run_id(NULL));
  es_hub_free(NULL);
  es_config_free(NULL);
  es_streams_free(NULL);
  EXPECT(es_streams_reader_count(NULL) == 0);
  EXPECT(es_request_field(NULL, "Host") == NULL);
  EXPECT(es_request_field(&(es_request){0}, "Host") == NULL);
  EXPECT(es_request_field(&(es_request){.fields = &(es_field){NULL, NULL}, .field_count = 1}, "Host") == NULL);
  EXPECT(es_request_field(&(es_request){.fields = &(es_field){"HOST", "a"}, .field_count = 1}, NULL) == NULL);
  es_field host = {"HOST", "a"};
  EXPECT(strcmp(es_request_field(&(es_request){.fields = &host, .field_count = 1}, "host"), "a") == 0);
  const es_status found[] = {
    es_config_create(NULL),
    es_config_set(NULL, ES_OPTION_RETENTION_BYTES, 4096),
    es_config_get(NULL, ES_OPTION_RETENTION_BYTES, &value),
    es_config_get(config, ES_OPTION_RETENTION_BYTES, NULL),
    es_config_set_text(NULL, ES_TEXT_ID_PREFIX, "a"),
    es_config_add_channel(NULL, "news"),
    es_config_add_channel(config, NULL),
    es_config_add_field(NULL, "X-A", "b"),
    es_config_add_field(config, NULL, "b"),
    es_config_add_field(config, "X-A", NULL),
    es_config_allow_origin(NULL, "*"),
    es_config_allow_origin(config, NULL),
    es_config_set_logger(NULL, &logger),
    es_config_set_logger(config, &logger),
    es_config_set_authorizer(NULL, &authorizer),
    es_config_set_authorizer(config, &authorizer),
    es_config_create_for(ES_CONFIG_HUB, NULL),
    es_config_set_list(NULL, ES_LIST_ALLOWED_METHODS, news, 1),
    es_config_set_list(config, ES_LIST_ALLOWED_METHODS, NULL, 1),
    es_config_set_list(config, ES_LIST_ALLOWED_METHODS, &(const char *){NULL}, 1),
    es_config_set_origins(NULL, &origins),
    es_config_set_origins(config, &origins),
    es_config_set_snapshots(NULL, ES_SNAPSHOT_AFTER_GAP, &snapshots),
    es_config_set_snapshots(config, ES_SNAPSHOT_AFTER_GAP, &snapshots),
    es_hub_create(config, NULL),
    es_config_set_occupancy_observer(NULL, &observer),
    es_config_set_occupancy_observer(config, &observer),
    es_config_set_repository(NULL, &repository),
    es_config_set_repository(config, &repository),
    es_hub_visit_channel(NULL, "news", visit, NULL),
    es_hub_visit_channel(hub, NULL, visit, NULL),
    es_hub_visit_channel(hub, "news", NULL, NULL),
    es_hub_visit_channels(NULL, visit, NULL),
    es_hub_visit_channels(hub, NULL, NULL),
    es_hub_reconfigure(NULL, "news", config),
    es_hub_reconfigure(hub, NULL, config),
    es_hub_reconfigure(hub, "news", NULL),
    es_hub_open_channel_configured(NULL, "news", config),
    es_hub_open_channel_configured(hub, NULL, config),
    es_hub_open_channel_configured(hub, "news", NULL),
    es_hub_open_channel(NULL, "news"),
    es_hub_open_channel(hub, NULL),
    es_hub_remove_channel(NULL, "news"),
    es_hub_remove_channel(hub, NULL),
    es_hub_close(NULL),
    es_hub_revoke(NULL, "anna", NULL),
    es_hub_revoke(hub, NULL, NULL),
    es_hub_statistics(NULL, &statistics, sizeof statistics),
    es_hub_statistics(hub, NULL, sizeof statistics),
    es_hub_set_repository(NULL, "news", &repository),
    es_hub_set_repository(hub, NULL, &repository),
    es_hub_set_repository(hub, "news", &repository),
    es_publish(NULL, "news", "x", 1),
    es_publish(hub, NULL, "x", 1),
    es_publish(hub, "news", NULL, 1),
    es_publish_event(NULL, news, 1, &event, NULL),
    es_publish_event(hub, NULL, 1, &event, NULL),
    es_publish_event(hub, &(const char *){NULL}, 1, &event, NULL),
    es_publish_event(hub, news, 1, NULL, NULL),
    es_publish_event(hub, news, 1, &no_data, NULL),
    es_publish_recorded(NULL, "news", &event, NULL, NULL),
    es_publish_recorded(hub, NULL, &event, NULL, NULL),
    es_publish_recorded(hub, "news", NULL, NULL, NULL),
    es_publish_comment(NULL, "news", "x", 1),
    es_publish_comment(hub, NULL, "x", 1),
    es_publish_comment(hub, "news", NULL, 1),
    es_streams_create(NULL, (struct event_base *)&value, &streams),
    es_streams_create(hub, NULL, &streams),
    es_streams_mount(NULL, (struct evhttp *)&value, "/", NULL),
    es_streams_unmount(NULL, (struct evhttp *)&value),
    es_streams_serve(NULL, (struct evhttp_request *)&value),
    es_streams_drain(NULL, 0, NULL, NULL),
    es_authorization_grant(NULL, ES_NONE, NULL),
    es_authorization_answer(NULL, &grant),
    es_snapshot_answer(NULL, NULL, 0),
    es_snapshot_fail(NULL, NULL),
    es_authorization_reject(NULL, 403, NULL, NULL, 0),
    es_authorization_fail(NULL, NULL),
    es_replay_answer(NULL, ES_REPLAY_UNKNOWN_ID, NULL, 0),
    es_replay_fail(NULL, NULL),
    es_config_set_run_observer(NULL, &run_observer),
    es_runs_create(NULL, "runs", NULL, &runs),
    es_runs_create(hub, NULL, NULL, &runs),
    es_runs_create(hub, "other", NULL, NULL),
    es_runs_close(NULL),
    es_runs_start(NULL, NULL, &run),
    es_runs_start(runs, NULL, NULL),
    es_runs_find(NULL, "a", &run),
    es_runs_find(runs, NULL, &run),
    es_runs_find(runs, es_run_id(run), NULL),
    es_runs_inspect(NULL, &of_runs, sizeof of_runs),
    es_runs_inspect(runs, NULL, sizeof of_runs),
    es_run_write(NULL, "x", 1),
    es_run_write(run, NULL, 1),
    es_run_write_event(NULL, &event),
    es_run_write_event(run, NULL),
    es_run_write_event(run, &no_data),
    es_run_write_recorded(NULL, &event, NULL, NULL),
    es_run_write_recorded(run, NULL, NULL, NULL),
    es_run_finish(NULL, NULL),
    es_run_fail(NULL, "why"),
    es_run_fail(run, NULL),
    es_run_stop(NULL, ES_STOP_REQUESTED, NULL),
    es_run_inspect(NULL, &info, sizeof info),
    es_run_inspect(run, NULL, sizeof info),
    es_run_creation_answer(NULL, run),
    es_run_creation_reject(NULL, 403, NULL, NULL, 0),
    es_run_creation_fail(NULL, NULL),
    es_streams_mount_runs(NULL, (struct evhttp *)&value, "/runs", runs, NULL),
    es_streams_respond_with_run(NULL, (struct evhttp_request *)&value, run, NULL, 0),
  };
  for (size_t index = 0; index < sizeof found / sizeof *found; index++) {
    if (found[index] != ES_NULL_ARGUMENT) fprintf(stderr, "call %zu returned %d\n", index, found[index]);
    EXPECT(found[index] == ES_NULL_ARGUMENT);
  }
  EXPECT(streams == (es_streams *)&value);
  es_run_free(run);
  es_runs_free(runs);
  EXPECT_OK(es_publish(hub, "news", NULL, 0));
  EXPECT_OK(es_publish_comment(hub, "news", NULL, 0));
}

static void bad_text_is_an_error(es_config *config, es_hub *hub) {
  static const char *const news[] = {"news"};
  for (int index = 0; index < BAD_COUNT; index++) {
    const char *bad = bad_utf8[index];
    size_t length = strlen(bad);
    EXPECT_STATUS(ES_INVALID_TEXT, es_hub_open_channel(hub, bad));
    EXPECT_STATUS(ES_INVALID_TEXT, es_hub_remove_channel(hub, bad));
    EXPECT_STATUS(ES_INVALID_TEXT, es_publish(hub, bad, "x", 1));
    EXPECT_STATUS(ES_INVALID_TEXT, es_publish(hub, "news", bad, length));
    EXPECT_STATUS(ES_INVALID_TEXT, es_publish_comment(hub, "news", bad, length));
    EXPECT_STATUS(ES_INVALID_TEXT, es_publish_event(hub, news, 1, &ES_STRUCT(es_event, .type = bad), NULL));
    EXPECT_STATUS(ES_INVALID_TEXT, es_publish_event(hub, news, 1, &ES_STRUCT(es_event, .id = bad), NULL));
    EXPECT_STATUS(ES_INVALID_TEXT, es_hub_set_repository(hub, bad, &ES_STRUCT(es_repository, .replay = replay)));
    EXPECT_STATUS(ES_INVALID_TEXT, es_config_add_channel(config, bad));
    EXPECT_STATUS(ES_INVALID_TEXT, es_config_add_field(config, "X-A", bad));
    EXPECT_STATUS(ES_INVALID_TEXT, es_config_allow_origin(config, bad));
    EXPECT_STATUS(ES_INVALID_TEXT, es_config_set_text(config, ES_TEXT_OPENING_COMMENT, bad));
  }
  char *longest = letters(255), *too_long = letters(256), *endless = letters(1 << 20);
  EXPECT_OK(es_hub_open_channel(hub, longest));
  EXPECT_STATUS(ES_INVALID_TEXT, es_hub_open_channel(hub, too_long));
  EXPECT_STATUS(ES_INVALID_TEXT, es_hub_open_channel(hub, endless));
  EXPECT_STATUS(ES_INVALID_TEXT, es_hub_open_channel(hub, ""));
  EXPECT_STATUS(ES_INVALID_TEXT, es_hub_open_channel(hub, "a\nb"));
  EXPECT_STATUS(ES_INVALID_TEXT, es_publish_event(hub, news, 1, &ES_STRUCT(es_event, .type = endless), NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_publish_event(hub, news, 1, &ES_STRUCT(es_event, .type = "a\rb"), NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_publish_event(hub, news, 1, &ES_STRUCT(es_event, .id = "a\nb"), NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_publish_event(hub, news, 1, &ES_STRUCT(es_event, .id = ""), NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_publish_comment(hub, "news", "a\nb", 3));
  EXPECT_STATUS(ES_INVALID_TEXT, es_config_set_text(config, ES_TEXT_ID_PREFIX, "no spaces"));
  EXPECT_STATUS(ES_INVALID_TEXT, es_config_set_text(config, ES_TEXT_OPENING_COMMENT, "a\nb"));
  EXPECT_STATUS(ES_INVALID_TEXT, es_config_add_field(config, "X-A", "b\r\nX-B: c"));
  EXPECT_STATUS(ES_INVALID_TEXT, es_config_add_field(config, "X A", "b"));
  free(longest), free(too_long), free(endless);
  EXPECT_OK(es_publish(hub, "news", "NUL \0 and \xf0\x9f\x8e\x89", 14));
}

static void bad_numbers_are_an_error(es_config *config, es_hub *hub) {
  static const char *const news[] = {"news"};
  es_event event = ES_STRUCT(es_event, .data = "x", .data_length = 1);
  es_event one_too_many = ES_STRUCT(es_event, .data = "x", .data_length = (16 << 20) + 1);
  es_event largest = ES_STRUCT(es_event, .data = "x", .data_length = SIZE_MAX);
  es_event retry = ES_STRUCT(es_event, .data = "x", .data_length = 1, .retry_ms = -2);
  es_statistics statistics;
  int64_t value;
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_publish(hub, "news", "x", SIZE_MAX));
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_publish_event(hub, news, 1, &largest, NULL));
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_publish_event(hub, news, 1, &one_too_many, NULL));
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_publish_comment(hub, "news", "x", SIZE_MAX));
  EXPECT_STATUS(ES_INVALID_VALUE, es_publish_event(hub, news, 1, &retry, NULL));
  EXPECT_STATUS(ES_INVALID_VALUE, es_publish_event(hub, news, 0, &event, NULL));
  EXPECT_STATUS(ES_INVALID_VALUE, es_publish_event(hub, news, SIZE_MAX, &event, NULL));
  EXPECT_STATUS(ES_INVALID_VALUE, es_hub_statistics(hub, &statistics, SIZE_MAX));
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_set(config, (es_option)0, 1));
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_set(config, (es_option)-1, 1));
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_get(config, (es_option)100, &value));
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_text(config, (es_text_option)2, "x"));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_grant((es_authorization *)1, ES_NONE, NULL));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_reject((es_authorization *)&value, 403, NULL, NULL, 0));
  EXPECT_STATUS(ES_NOT_PENDING, es_authorization_fail((es_authorization *)-1, "why"));
  EXPECT_STATUS(ES_NOT_PENDING, es_replay_answer((es_replay *)1, ES_REPLAY_CONTIGUOUS, NULL, 0));
  EXPECT_STATUS(ES_NOT_PENDING, es_replay_fail((es_replay *)&value, "why"));
  EXPECT_STATUS(ES_NOT_PENDING, es_run_creation_answer((es_run_creation *)1, NULL));
  EXPECT_STATUS(ES_NOT_PENDING, es_run_creation_reject((es_run_creation *)&value, 403, NULL, NULL, 0));
  EXPECT_STATUS(ES_NOT_PENDING, es_run_creation_fail((es_run_creation *)-1, "why"));
}

/* Every option of the header: its default, another valid value, and an invalid one. */
#define OPTION(name, usual, other, wrong) {ES_OPTION_##name, "ES_OPTION_" #name " ", usual, other, wrong}
static const struct {
  es_option option;
  const char *name;
  int64_t usual, other, wrong;
} options[] = {
  OPTION(CHANNELS_ON_DEMAND, 0, 1, 2),
  OPTION(MAXIMUM_CHANNELS, 100000, 3, 0),
  OPTION(RETENTION_BYTES, 8 << 20, 4096, 10),
  OPTION(RETENTION_EVENTS, ES_NONE, 8, 0),
  OPTION(RETENTION_AGE_MS, ES_NONE, 60000, 0),
  OPTION(MEMORY_LIMIT, 256 << 20, 1 << 20, 10),
  OPTION(MAXIMUM_EVENT_BYTES, 16 << 20, 1 << 30, (1 << 30) + 1LL),
  OPTION(MAXIMUM_READERS, 100000, 1, 0),
  OPTION(MAXIMUM_READERS_PER_CHANNEL, ES_NONE, 1, 0),
  OPTION(MAXIMUM_READERS_PER_CALLER, ES_NONE, 1, -2),
  OPTION(MAXIMUM_BACKLOG_BYTES, ES_NONE, 1, 0),
  OPTION(MAXIMUM_LAG_MS, ES_NONE, 1, 0),
  OPTION(SLOW_READERS, 0, 2, 3),
  OPTION(RECORDING_TIMEOUT_MS, 10000, 1, 0),
  OPTION(OCCUPANCY_LINGER_MS, 0, 60000, -1),
  OPTION(CHANNEL_COALESCING_MS, ES_NONE, 0, -2),
  OPTION(FOLLOW_LINGER_MS, 30000, 0, -1),
  OPTION(STALE_LIMIT_MS, ES_NONE, 1, 0),
  OPTION(MAXIMUM_CHANNELS_PER_STREAM, 16, 256, 257),
  OPTION(MAXIMUM_LAST_EVENT_ID_BYTES, 4096, 1, 0),
  OPTION(REPLAYS_TO_NEW_READERS, 0, 1, -1),
  OPTION(GAP_POLICY, 0, 410, 2),
  OPTION(HEARTBEAT_MS, 15000, ES_NONE, 0),
  OPTION(RECONNECTION_MS, ES_NONE, 0, -2),
  OPTION(RECONNECTION_JITTER_PERCENT, 50, 100, 101),
  OPTION(MAXIMUM_STREAM_MS, ES_NONE, 1, 0),
  OPTION(STREAM_JITTER_PERCENT, 10, 99, 100),
  OPTION(STALL_MS, 30000, 1, 0),
  OPTION(COALESCING_MS, ES_NONE, 100, 0),
  OPTION(RETRY_AFTER_MS, 5000, 0, -1),
  OPTION(REAUTHORIZATION_MS, ES_NONE, 1, 0),
  OPTION(ADDS_CHANNELS_FROM_QUERY, 0, 1, 2),
  OPTION(CHANNEL_REMOVAL, 0, 1, 2),
  OPTION(ALLOWS_CREDENTIALS, 0, 1, 2),
  OPTION(PREFLIGHT_AGE_MS, 3600000, 0, 86400001),
  OPTION(ALLOWS_PRIVATE_NETWORK, 0, 1, 3),
  OPTION(MISSING_CHANNEL, 0, 1, 3),
  OPTION(MISSING_CHANNEL_WAIT_MS, 30000, 1, -1),
  OPTION(MAXIMUM_RUNS, 10000, 1, 0),
  OPTION(MAXIMUM_BYTES_PER_RUN, 4 << 20, 1024, 1023),
  OPTION(RUNS_MEMORY_LIMIT, 64 << 20, 16 << 10, (16 << 10) - 1),
  OPTION(RUN_WRITE_TIMEOUT_MS, 30000, 1, 0),
  OPTION(MAXIMUM_RUN_MS, 3600000, ES_NONE, 0),
  OPTION(UNWATCHED_LIMIT_MS, ES_NONE, 1, 0),
  OPTION(STOP_GRACE_MS, 0, 1000, -1),
  OPTION(RUN_RETENTION_MS, 60000, 0, -1),
  OPTION(ANNOUNCES_RUN_ID, 1, 0, 2),
  OPTION(STATUS_AFTER_END, 204, 410, 200),
  OPTION(WITHOUT_EVENT_STREAMS, 0, 2, 3),
};
enum { OPTION_COUNT = sizeof options / sizeof *options };

static int64_t get(const es_config *config, es_option option) {
  int64_t value;
  EXPECT_OK(es_config_get(config, option, &value));
  return value;
}

static void options_keep_what_is_allowed(void) {
  es_config *general, *of_runs;
  EXPECT_OK(es_config_create(&general));
  EXPECT_OK(es_config_create_for(ES_CONFIG_RUNS, &of_runs));
  for (int index = 0; index < OPTION_COUNT; index++) {
    es_config *config = options[index].option > 200 ? of_runs : general;
    es_option option = options[index].option;
    EXPECT(get(config, option) == options[index].usual);
    EXPECT_ERROR(ES_INVALID_VALUE, options[index].name, es_config_set(config, option, options[index].wrong));
    EXPECT_STATUS(ES_INVALID_VALUE, es_config_set(config, option, INT64_MIN));
    EXPECT(get(config, option) == options[index].usual);
    EXPECT_OK(es_config_set(config, option, options[index].other));
    EXPECT(get(config, option) == options[index].other);
  }
  es_config_free(of_runs);
  es_config *config = general;
  EXPECT_OK(es_config_allow_origin(config, "https://example.org"));
  EXPECT_OK(es_config_allow_origin(config, "https://example.net"));
  EXPECT_OK(es_config_set(config, ES_OPTION_ALLOWS_CREDENTIALS, 1));
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_allow_origin(config, "*"));
  EXPECT_OK(es_config_add_channel(config, "news"));
  EXPECT_OK(es_config_add_channel(config, "news"));
  EXPECT_OK(es_config_set_text(config, ES_TEXT_CHANNEL_QUERY_ITEM, NULL));
  es_config_free(config);
}

static void lists_replace_what_was_there(void) {
  static const char *const names[] = {"PUT", "X-Key"}, *const bad[] = {"a b"}, *const not_utf8[] = {"\xff"};
  static const struct {
    es_list_option option;
    const char *name;
  } lists[] = {
    {ES_LIST_LAST_EVENT_ID_QUERY_ITEMS, "ES_LIST_LAST_EVENT_ID_QUERY_ITEMS"},
    {ES_LIST_ALLOWED_METHODS, "ES_LIST_ALLOWED_METHODS"},
    {ES_LIST_ALLOWED_FIELDS, "ES_LIST_ALLOWED_FIELDS"},
    {ES_LIST_EXPOSED_FIELDS, "ES_LIST_EXPOSED_FIELDS"},
  };
  es_config *config;
  EXPECT_OK(es_config_create_for(ES_CONFIG_STREAMS, &config));
  for (size_t index = 0; index < sizeof lists / sizeof *lists; index++) {
    EXPECT_OK(es_config_set_list(config, lists[index].option, names, 2));
    EXPECT_OK(es_config_set_list(config, lists[index].option, NULL, 0));
    EXPECT_ERROR(ES_INVALID_TEXT, lists[index].name, es_config_set_list(config, lists[index].option, bad, 1));
    EXPECT_STATUS(ES_INVALID_TEXT, es_config_set_list(config, lists[index].option, not_utf8, 1));
    EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_list(config, lists[index].option, names, SIZE_MAX));
  }
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_list(config, (es_list_option)1, names, 2));
  EXPECT_OK(es_config_set_text(config, ES_TEXT_CHANNEL_QUERY_ITEM, "key"));
  EXPECT_ERROR(
    ES_INVALID_TEXT, "ES_TEXT_CHANNEL_QUERY_ITEM",
    es_config_set_list(config, ES_LIST_LAST_EVENT_ID_QUERY_ITEMS, &(const char *){"key"}, 1));
  es_config_free(config);
}

static void each_kind_of_configuration_has_its_options(es_hub *hub) {
  static const es_config_kind kinds[] = {ES_CONFIG_HUB, ES_CONFIG_CHANNEL, ES_CONFIG_STREAMS};
  es_config *config, *other;
  es_hub *made;
  int64_t value;
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_create_for((es_config_kind)5, &config));
  for (int kind = 0; kind < 3; kind++) {
    EXPECT_OK(es_config_create_for(kinds[kind], &config));
    int count = 0;
    for (int index = 0; index < OPTION_COUNT; index++) {
      es_option option = options[index].option;
      int is_expected = option < 200 && (option < 100) == (kinds[kind] != ES_CONFIG_STREAMS);
      es_status expected = is_expected ? ES_OK : ES_INVALID_VALUE;
      es_status found = es_config_set(config, option, options[index].other);
      if (kinds[kind] == ES_CONFIG_CHANNEL && found == ES_INVALID_VALUE) expected = ES_INVALID_VALUE;
      EXPECT(found == expected);
      if (found == ES_OK) count++;
      else EXPECT(strstr(es_last_error(), options[index].name) && strstr(es_last_error(), "this configuration is for"));
      EXPECT(es_config_get(config, option, &value) == found);
    }
    EXPECT(kinds[kind] != ES_CONFIG_CHANNEL || count == 7);
    if (kinds[kind] == ES_CONFIG_STREAMS) {
      EXPECT_ERROR(ES_INVALID_VALUE, "ES_TEXT_ID_PREFIX", es_config_set_text(config, ES_TEXT_ID_PREFIX, "a"));
      es_logger logger = {.log = log_record};
      EXPECT_ERROR(ES_INVALID_VALUE, "es_config_set_logger", es_config_set_logger(config, &logger));
      EXPECT_ERROR(ES_INVALID_VALUE, "es_hub_create", es_hub_create(config, &made));
    } else {
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_text(config, ES_TEXT_OPENING_COMMENT, "a"));
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_list(config, ES_LIST_ALLOWED_METHODS, NULL, 0));
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_add_channel(config, "news"));
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_add_field(config, "X-A", "b"));
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_allow_origin(config, "*"));
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_origins(config, NULL));
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_snapshots(config, 1, NULL));
      EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_authorizer(config, NULL));
    }
    if (kinds[kind] == ES_CONFIG_CHANNEL) {
      EXPECT_OK(es_hub_open_channel_configured(hub, "slow", config));
      EXPECT_OK(es_hub_reconfigure(hub, "slow", config));
      EXPECT_STATUS(ES_UNKNOWN_CHANNEL, es_hub_reconfigure(hub, "nowhere", config));
    }
    else EXPECT_ERROR(ES_INVALID_VALUE, "es_hub_open_channel_configured", es_hub_open_channel_configured(hub, "slow", config));
    es_config_free(config);
  }
  EXPECT_OK(es_config_create(&other));
  EXPECT_OK(es_config_set(other, ES_OPTION_RETENTION_BYTES, 4096));
  EXPECT_OK(es_hub_open_channel_configured(hub, "small", other));
  EXPECT_OK(es_hub_open_channel_configured(hub, "small", other));
  EXPECT_STATUS(ES_INVALID_VALUE, es_config_set_snapshots(other, 4, NULL));
  EXPECT_OK(es_config_set_snapshots(other, ES_SNAPSHOT_FOR_NEW_READERS | ES_SNAPSHOT_AFTER_GAP, NULL));
  es_config_free(other);
}

static void runs_have_the_options_of_their_streams(es_hub *hub) {
  es_config *config, *of_hub;
  es_runs *runs = NULL, *others;
  EXPECT_OK(es_config_create_for(ES_CONFIG_RUNS, &config));
  for (int index = 0; index < OPTION_COUNT; index++) {
    es_option option = options[index].option;
    /* Viewers get every event. */
    int is_expected = option > 100 && option != ES_OPTION_COALESCING_MS;
    EXPECT_STATUS(is_expected ? ES_OK : ES_INVALID_VALUE, es_config_set(config, option, options[index].other));
  }
  EXPECT_ERROR(ES_INVALID_VALUE, "ES_OPTION_COALESCING_MS", es_config_set(config, ES_OPTION_COALESCING_MS, 100));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_config_add_channel", es_config_add_channel(config, "news"));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_config_set_logger", es_config_set_logger(config, NULL));
  EXPECT_OK(es_config_set_authorizer(config, &ES_STRUCT(es_authorizer, .authorize = authorize)));
  EXPECT_OK(es_config_set_run_observer(config, &ES_STRUCT(es_run_observer, .changed = run_changed)));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_config_set_run_observer(config, &ES_STRUCT(es_run_observer, 0)));
  EXPECT_OK(es_config_set_run_observer(config, NULL));
  EXPECT_OK(es_runs_create(hub, "configured", config, &runs));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_hub_create", es_hub_create(config, &hub));
  /* All collections of a hub share half of its memory. */
  EXPECT_OK(es_config_set(config, ES_OPTION_RUNS_MEMORY_LIMIT, 128 << 20));
  EXPECT_ERROR(ES_INVALID_VALUE, "ES_OPTION_RUNS_MEMORY_LIMIT", es_runs_create(hub, "large", config, &others));
  EXPECT_OK(es_config_set(config, ES_OPTION_RUNS_MEMORY_LIMIT, INT64_MAX));
  EXPECT_ERROR(ES_INVALID_VALUE, "ES_OPTION_RUNS_MEMORY_LIMIT", es_runs_create(hub, "large", config, &others));
  es_config_free(config);
  EXPECT_OK(es_config_create(&of_hub));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_runs_create", es_runs_create(hub, "other", of_hub, &others));
  EXPECT_ERROR(
    ES_INVALID_VALUE, "es_config_set_run_observer",
    es_config_set_run_observer(of_hub, &ES_STRUCT(es_run_observer, .changed = run_changed)));
  es_config_free(of_hub);
  char *too_long = letters(121);
  EXPECT_STATUS(ES_INVALID_TEXT, es_runs_create(hub, too_long, NULL, &others));
  EXPECT_STATUS(ES_INVALID_TEXT, es_runs_create(hub, "", NULL, &others));
  free(too_long);
  es_runs_free(runs);
}

/* The largest numbers act as limits that are never reached. Computations with them must not overflow. */
static void the_largest_numbers_do_no_harm(void) {
  es_config *config;
  EXPECT_OK(es_config_create(&config));
  es_config *config_of_runs;
  EXPECT_OK(es_config_create_for(ES_CONFIG_RUNS, &config_of_runs));
  for (int index = 0; index < OPTION_COUNT; index++) {
    es_config_set(config, options[index].option, INT64_MAX);
    if (options[index].option != ES_OPTION_RUNS_MEMORY_LIMIT)
      es_config_set(config_of_runs, options[index].option, INT64_MAX);
  }
  EXPECT(get(config, ES_OPTION_RETENTION_BYTES) == INT64_MAX);
  EXPECT(get(config, ES_OPTION_STALL_MS) == INT64_MAX);
  es_hub *hub;
  EXPECT_OK(es_hub_create(config, &hub));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  es_event event = ES_STRUCT(es_event, .data = "x", .data_length = 1, .retry_ms = INT64_MAX);
  for (int count = 0; count < 1000; count++)
    EXPECT_OK(es_publish_event(hub, &(const char *){"news"}, 1, &event, NULL));
  es_runs *runs;
  es_run *run;
  EXPECT_OK(es_runs_create(hub, "runs", config_of_runs, &runs));
  EXPECT_OK(es_runs_start(runs, NULL, &run));
  for (int count = 0; count < 1000; count++) EXPECT_OK(es_run_write_event(run, &event));
  EXPECT_OK(es_run_stop(run, ES_STOP_REQUESTED, NULL));
  es_run_free(run);
  es_runs_free(runs);
  es_config_free(config_of_runs);
  es_hub_free(hub);
  es_config_free(config);
}

static void what_is_published_is_counted(void) {
  static const char *const both[] = {"news", "sport"}, *const one_unknown[] = {"news", "weather"};
  es_config *config;
  es_hub *hub;
  es_event_id ids[2];
  es_statistics now;
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_config_set_text(config, ES_TEXT_ID_PREFIX, "abcdefghijklmnopqrstuvwxyz012345"));
  EXPECT_OK(es_config_set(config, ES_OPTION_MAXIMUM_EVENT_BYTES, 100));
  EXPECT_OK(es_hub_create(config, &hub));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  EXPECT_OK(es_hub_open_channel(hub, "sport"));
  es_event event = ES_STRUCT(es_event, .data = "goal", .data_length = 4, .type = "score", .retry_ms = ES_RETRY_AT_ONCE);
  EXPECT_OK(es_publish(hub, "news", "first", 5));
  EXPECT_OK(es_publish_event(hub, both, 2, &event, ids));
  for (size_t index = 0; index < 2; index++) {
    EXPECT(strncmp(ids[index].text, "abcdefghijklmnopqrstuvwxyz012345.", 33) == 0);
    EXPECT(strcmp(strchr(ids[index].text, '-'), index == 0 ? "-2" : "-1") == 0);
  }
  event.id = "mine";
  EXPECT_OK(es_publish_event(hub, both, 1, &event, ids));
  EXPECT(strcmp(ids[0].text, "") == 0);
  EXPECT(strcmp(strchr(ids[1].text, '-'), "-1") == 0);
  EXPECT_STATUS(ES_UNKNOWN_CHANNEL, es_publish(hub, "weather", "x", 1));
  EXPECT(strstr(es_last_error(), "weather"));
  EXPECT_STATUS(ES_UNKNOWN_CHANNEL, es_publish_event(hub, one_unknown, 2, &event, NULL));
  char *large = letters(100);
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_publish(hub, "news", large, 100));
  free(large);
  EXPECT_OK(es_publish_comment(hub, "news", "psst", 4));

  int count = 0;
  EXPECT_OK(es_hub_visit_channels(hub, visit, &count));
  EXPECT(count == 2);
  count = 1;
  EXPECT_OK(es_hub_visit_channel(hub, "sport", visit, &count));
  EXPECT_STATUS(ES_UNKNOWN_CHANNEL, es_hub_visit_channel(hub, "weather", visit, &count));

  EXPECT_OK(es_hub_statistics(hub, &now, sizeof now));
  EXPECT(now.channels == 2 && now.events_published == 4 && now.published_bytes > 100 && now.retained_bytes > 0);
  EXPECT(now.readers == 0 && now.streams_opened == 0 && now.events_delivered == 0 && now.streams_dropped == 0);
  memset(&now, 0xaa, sizeof now);
  EXPECT_OK(es_hub_statistics(hub, &now, 2 * sizeof now.readers));
  EXPECT(now.channels == 2 && now.events_published == 0xaaaaaaaaaaaaaaaa);
  struct {
    es_statistics known;
    uint64_t later;
  } newer = {.later = 1};
  EXPECT_OK(es_hub_statistics(hub, &newer.known, sizeof newer));
  EXPECT(newer.known.events_published == 4 && newer.later == 0);

  EXPECT_OK(es_hub_remove_channel(hub, "sport"));
  EXPECT_OK(es_hub_remove_channel(hub, "sport"));
  EXPECT_STATUS(ES_UNKNOWN_CHANNEL, es_publish(hub, "sport", "x", 1));
  EXPECT_OK(es_hub_revoke(hub, "anna", NULL));
  EXPECT_OK(es_hub_revoke(hub, "anna", "news"));
  EXPECT_STATUS(ES_INVALID_TEXT, es_hub_revoke(hub, "anna", ""));
  EXPECT_OK(es_hub_close(hub));
  EXPECT_STATUS(ES_CLOSED, es_publish(hub, "news", "x", 1));
  es_hub_free(hub);
  es_config_free(config);
}

static void structs_may_be_older_or_newer(es_hub *hub) {
  static const char *const news[] = {"news"};
  struct {
    es_event known;
    uint64_t later;
  } newer = {.known = {.size = sizeof newer, .data = "x", .data_length = 1}};
  EXPECT_OK(es_publish_event(hub, news, 1, &newer.known, NULL));
  newer.later = 1;
  EXPECT_ERROR(ES_INVALID_VALUE, "does not know", es_publish_event(hub, news, 1, &newer.known, NULL));
  EXPECT_ERROR(ES_INVALID_VALUE, "does not know", es_publish_recorded(hub, "news", &newer.known, NULL, NULL));
  es_event event = ES_EVENT_INIT;
  EXPECT_OK(es_publish_event(hub, news, 1, &event, NULL));
  const size_t wrong[] = {1, sizeof event - 1, 4097, SIZE_MAX};
  for (int index = 0; index < 4; index++) {
    event.size = wrong[index];
    EXPECT_ERROR(ES_INVALID_VALUE, "es_event", es_publish_event(hub, news, 1, &event, NULL));
  }
  /* A size of 0 means the struct of the first version. */
  event.size = 0;
  EXPECT_OK(es_publish_event(hub, news, 1, &event, NULL));
  es_config *config;
  EXPECT_OK(es_config_create(&config));
  es_logger logger = ES_LOGGER_INIT;
  es_authorizer authorizer = ES_AUTHORIZER_INIT;
  es_repository repository = ES_REPOSITORY_INIT;
  es_origins origins = ES_ORIGINS_INIT;
  es_snapshots snapshots = ES_SNAPSHOTS_INIT;
  es_grant grant = ES_GRANT_INIT;
  EXPECT(grant.size == sizeof grant);
  logger.size = authorizer.size = repository.size = origins.size = snapshots.size = 8;
  EXPECT_ERROR(ES_INVALID_VALUE, "es_logger", es_config_set_logger(config, &logger));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_authorizer", es_config_set_authorizer(config, &authorizer));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_origins", es_config_set_origins(config, &origins));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_snapshots", es_config_set_snapshots(config, 1, &snapshots));
  EXPECT_ERROR(ES_INVALID_VALUE, "es_repository", es_hub_set_repository(hub, "news", &repository));
  es_run_observer run_observer = ES_RUN_OBSERVER_INIT;
  es_run_creator creator = ES_RUN_CREATOR_INIT;
  EXPECT(creator.size == sizeof creator);
  run_observer.size = 8;
  EXPECT_ERROR(ES_INVALID_VALUE, "es_run_observer", es_config_set_run_observer(config, &run_observer));
  es_config_free(config);
}

static void a_run_is_written_once_and_ended_once(es_hub *hub) {
  es_runs *runs;
  es_run *run, *same;
  es_run_info info;
  es_runs_statistics now;
  es_event event = ES_STRUCT(es_event, .data = "x", .data_length = 1, .type = "token");
  EXPECT_OK(es_runs_create(hub, "answers", NULL, &runs));
  EXPECT_OK(es_runs_start(runs, "job", &run));
  EXPECT(strcmp(es_run_id(run), "job") == 0);
  EXPECT_ERROR(ES_RUN_EXISTS, "job", es_runs_start(runs, "job", &same));
  EXPECT_STATUS(ES_INVALID_TEXT, es_runs_start(runs, "a b", &same));
  EXPECT_STATUS(ES_INVALID_TEXT, es_runs_start(runs, "", &same));
  EXPECT_STATUS(ES_INVALID_TEXT, es_runs_start(runs, "\xff", &same));
  EXPECT_ERROR(ES_UNKNOWN_RUN, "none", es_runs_find(runs, "none", &same));
  EXPECT_OK(es_runs_find(runs, "job", &same));
  EXPECT_OK(es_run_write(run, "token", 5));
  EXPECT_OK(es_run_write_event(same, &event));
  event.id = "job-7";
  EXPECT_STATUS(ES_INVALID_TEXT, es_run_write_event(same, &event));
  event.id = "mine";
  EXPECT_OK(es_run_write_event(same, &event));
  EXPECT_STATUS(ES_INVALID_TEXT, es_run_write(run, "\xff", 1));
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_run_write(run, "x", SIZE_MAX));
  EXPECT_OK(es_run_inspect(run, &info, sizeof info));
  EXPECT(info.outcome == ES_RUN_ACTIVE && info.stop_reason == ES_STOP_NONE && info.viewers == 0);
  EXPECT(info.bytes > 20 && !info.is_gone);
  EXPECT_STATUS(ES_INVALID_VALUE, es_run_inspect(run, &info, SIZE_MAX));
  EXPECT_STATUS(ES_INVALID_TEXT, es_run_fail(run, "\xff"));
  EXPECT_STATUS(ES_INVALID_VALUE, es_run_stop(run, ES_STOP_NONE, NULL));
  EXPECT_STATUS(ES_INVALID_VALUE, es_run_stop(run, (es_stop_reason)6, NULL));
  EXPECT_OK(es_run_finish(run, &ES_STRUCT(es_event, .data = "last", .data_length = 4)));
  EXPECT_STATUS(ES_ENDED, es_run_finish(same, NULL));
  EXPECT_STATUS(ES_ENDED, es_run_fail(same, "why"));
  EXPECT_STATUS(ES_ENDED, es_run_write(same, "x", 1));
  EXPECT_OK(es_run_stop(same, ES_STOP_REQUESTED, "anna"));
  EXPECT_OK(es_run_inspect(same, &info, sizeof info));
  EXPECT(info.outcome == ES_RUN_FINISHED && info.stop_reason == ES_STOP_NONE);
  es_run_free(run);
  EXPECT_ERROR(ES_INVALID_HANDLE, "freed", es_run_write(run, "x", 1));
  EXPECT(!es_run_id(run));
  es_run_free(run);
  /* A run that exceeds the limit is stopped. */
  EXPECT_OK(es_runs_start(runs, NULL, &run));
  EXPECT(strlen(es_run_id(run)) == 24);
  char *large = letters(3 << 20);
  EXPECT_OK(es_run_write(run, large, 3 << 20));
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_run_write(run, large, 3 << 20));
  free(large);
  EXPECT_STATUS(ES_ENDED, es_run_write(run, "x", 1));
  EXPECT_OK(es_run_inspect(run, &info, sizeof info));
  EXPECT(info.outcome == ES_RUN_STOPPED && info.stop_reason == ES_STOP_BYTE_LIMIT);
  es_run_free(run);
  EXPECT_OK(es_runs_start(runs, NULL, &run));
  EXPECT_OK(es_run_fail(run, "the model is gone"));
  EXPECT_OK(es_runs_inspect(runs, &now, sizeof now));
  EXPECT(now.started == 3 && now.active == 0 && now.retained == 3 && now.bytes > 3 << 20);
  EXPECT(now.finished == 1 && now.failed == 1 && now.stopped == 1 && now.interrupted == 0);
  EXPECT_STATUS(ES_INVALID_VALUE, es_runs_inspect(runs, &now, SIZE_MAX));
  EXPECT_OK(es_runs_close(runs));
  EXPECT_STATUS(ES_CLOSED, es_runs_start(runs, NULL, &(es_run *){NULL}));
  EXPECT_OK(es_run_inspect(run, &info, sizeof info));
  EXPECT(info.outcome == ES_RUN_FAILED && info.is_gone);
  EXPECT_OK(es_runs_inspect(runs, &now, sizeof now));
  EXPECT(now.retained == 0 && now.bytes == 0);
  es_run_free(run);
  es_run_free(same);
  es_runs_free(runs);
  es_runs_free(runs);
  EXPECT_ERROR(ES_INVALID_HANDLE, "freed", es_runs_start(runs, NULL, &run));
}

static void what_was_freed_is_noticed(void) {
  es_config *config;
  es_hub *hub;
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_hub_create(config, &hub));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  EXPECT_ERROR(ES_INVALID_HANDLE, "not an es_hub", es_hub_open_channel((es_hub *)config, "news"));
  EXPECT_ERROR(ES_INVALID_HANDLE, "not an es_config", es_config_set((es_config *)hub, ES_OPTION_STALL_MS, 1));
  EXPECT_STATUS(ES_INVALID_HANDLE, es_hub_close((es_hub *)((char *)hub + 1)));
  es_hub_free((es_hub *)config);
  EXPECT(strstr(es_last_error(), "not an es_hub"));
  EXPECT_OK(es_config_set(config, ES_OPTION_STALL_MS, 1));
  es_hub_free(hub);
  EXPECT_ERROR(ES_INVALID_HANDLE, "freed", es_publish(hub, "news", "x", 1));
  EXPECT_ERROR(ES_INVALID_HANDLE, "freed", es_hub_close(hub));
  es_hub_free(hub);
  es_config_free(config);
  es_config_free(config);
  EXPECT_ERROR(ES_INVALID_HANDLE, "freed", es_hub_create(config, &hub));
  /* Their records are finally reused. */
  for (int count = 0; count < 3000; count++) {
    EXPECT_OK(es_config_create(&config));
    EXPECT_OK(es_config_set(config, ES_OPTION_STALL_MS, 1));
    es_config_free(config);
    EXPECT_STATUS(ES_INVALID_HANDLE, es_config_set(config, ES_OPTION_STALL_MS, 1));
  }
}

static void what_was_made_before_a_fork_is_noticed(void) {
  es_hub *hub, *own;
  EXPECT_OK(es_hub_create(NULL, &hub));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  pid_t child = fork();
  if (child == 0) {
    EXPECT_ERROR(ES_INVALID_HANDLE, "fork", es_publish(hub, "news", "x", 1));
    es_hub_free(hub);
    EXPECT_OK(es_hub_create(NULL, &own));
    EXPECT_OK(es_hub_open_channel(own, "news"));
    EXPECT_OK(es_publish(own, "news", "x", 1));
    es_hub_free(own);
    _exit(0);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  EXPECT_OK(es_publish(hub, "news", "x", 1));
  es_hub_free(hub);
}

static void told(void *context, const es_publication *publication) {
  EXPECT(publication->size == sizeof *publication && publication->status == ES_OK && !publication->error[0]);
  EXPECT(strchr(publication->id, '-'));
  ++*(int *)context;
}

static void what_is_not_recorded_is_published_at_once(es_hub *hub) {
  int count = 0;
  es_event event = ES_STRUCT(es_event, .data = "x", .data_length = 1);
  EXPECT_OK(es_publish_recorded(hub, "news", &event, told, &count));
  EXPECT_OK(es_publish_recorded(hub, "news", &event, NULL, NULL));
  EXPECT(count == 1);
  EXPECT_STATUS(ES_UNKNOWN_CHANNEL, es_publish_recorded(hub, "weather", &event, told, &count));
  event.id = "";
  EXPECT_STATUS(ES_INVALID_TEXT, es_publish_recorded(hub, "news", &event, told, &count));
  event.data_length = SIZE_MAX;
  EXPECT_STATUS(ES_LIMIT_EXCEEDED, es_publish_recorded(hub, "news", &event, told, &count));
  EXPECT(count == 1);
}

static void contexts_are_released_once(void) {
  es_config *config;
  es_hub *hub;
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_config_set_logger(config, &ES_STRUCT(es_logger, &released, log_record, release)));
  EXPECT_OK(es_config_set_authorizer(config, &ES_STRUCT(es_authorizer, &released, authorize, NULL, release)));
  EXPECT_OK(es_config_set_authorizer(config, NULL));
  EXPECT(released == 1);
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_config_set_logger(config, &ES_STRUCT(es_logger, &released, NULL, release)));
  EXPECT_OK(es_config_add_field(config, "Access-Control-Allow-Origin", "https://example.org"));
  EXPECT_ERROR(
    ES_INVALID_VALUE, "es_config_add_field",
    es_config_set_origins(config, &ES_STRUCT(es_origins, &released, allow, release)));
  EXPECT(released == 1);
  EXPECT_OK(es_hub_create(config, &hub));
  es_config_free(config);
  EXPECT(released == 1);
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_config_set_origins(config, &ES_STRUCT(es_origins, &released, allow, release)));
  EXPECT_OK(es_config_set_origins(config, NULL));
  EXPECT_OK(es_config_set_snapshots(config, 3, &ES_STRUCT(es_snapshots, &released, snapshot, NULL, release)));
  EXPECT(get(config, ES_OPTION_GAP_POLICY) == 2);
  EXPECT_OK(es_config_set_snapshots(config, 2, NULL));
  EXPECT(released == 2 && get(config, ES_OPTION_GAP_POLICY) == 0);
  es_config_free(config);
  EXPECT(released == 3);
  released = 1;
  EXPECT_OK(es_hub_set_repository(hub, "news", &ES_STRUCT(es_repository, &released, replay, NULL, release)));
  EXPECT_OK(es_hub_set_repository(hub, "news", NULL));
  EXPECT(released == 2);
  EXPECT_OK(es_hub_set_repository(hub, "news", &ES_STRUCT(es_repository, &released, replay, NULL, release)));
  es_hub_free(hub);
  EXPECT(released == 4);
  es_runs *runs;
  EXPECT_OK(es_hub_create(NULL, &hub));
  EXPECT_OK(es_config_create_for(ES_CONFIG_RUNS, &config));
  EXPECT_OK(es_config_set_run_observer(config, &ES_STRUCT(es_run_observer, &released, run_changed, release)));
  EXPECT_OK(es_config_set_run_observer(config, &ES_STRUCT(es_run_observer, &released, run_changed, release)));
  EXPECT(released == 5);
  EXPECT_OK(es_runs_create(hub, "runs", config, &runs));
  es_config_free(config);
  EXPECT(released == 5);
  es_runs_free(runs);
  EXPECT(released == 6);
  es_hub_free(hub);
}

static void *publish_many(void *hub) {
  for (int count = 0; count < 5000; count++) {
    EXPECT_OK(es_publish(hub, "news", "from a thread", 13));
    EXPECT_STATUS(ES_UNKNOWN_CHANNEL, es_publish(hub, "nowhere", "x", 1));
  }
  return NULL;
}

static void any_thread_publishes(void) {
  es_hub *hub;
  es_statistics now;
  pthread_t threads[4];
  EXPECT_OK(es_hub_create(NULL, &hub));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  for (int index = 0; index < 4; index++) pthread_create(&threads[index], NULL, publish_many, hub);
  for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
  EXPECT_OK(es_hub_statistics(hub, &now, sizeof now));
  EXPECT(now.events_published == 20000);
  es_hub_free(hub);
}

static void the_library_knows_its_version(void) { EXPECT(strcmp(es_version(), ES_VERSION) == 0); }

int main(void) {
  the_library_knows_its_version();
  statuses_have_messages();
  each_thread_has_its_own_last_error();
  es_config *config;
  es_hub *hub;
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_hub_create(NULL, &hub));
  EXPECT_OK(es_hub_open_channel(hub, "news"));
  null_is_an_error(config, hub);
  bad_text_is_an_error(config, hub);
  bad_numbers_are_an_error(config, hub);
  structs_may_be_older_or_newer(hub);
  what_is_not_recorded_is_published_at_once(hub);
  each_kind_of_configuration_has_its_options(hub);
  runs_have_the_options_of_their_streams(hub);
  a_run_is_written_once_and_ended_once(hub);
  es_hub_free(hub);
  es_config_free(config);
  what_was_freed_is_noticed();
  what_was_made_before_a_fork_is_noticed();
  options_keep_what_is_allowed();
  lists_replace_what_was_there();
  the_largest_numbers_do_no_harm();
  what_is_published_is_counted();
  contexts_are_released_once();
  any_thread_publishes();
  puts("api: works");
  return 0;
}
