/* Tests histories on a real Redis server: readers of one hub get what another one publishes, and failures are
 * reported. */
#include "readers.h"

#include <eventsource-redis.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- A server of its own, which ends with the test ---- */

static char folder[64], address[128];
static pid_t server;

static void start_redis(void) {
  char path[128];
  snprintf(path, sizeof path, "%s/s", folder);
  unlink(path);
  server = fork();
  EXPECT(server >= 0);
  if (server == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, 1);
    execlp(
      "redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--dir", folder, "--save", "",
      "--appendonly", "yes", "--appendfsync", "always", NULL);
    _exit(127);
  }
  time_t start = time(NULL);
  es_history *history = NULL;
  while (es_history_redis(address, NULL, &history) != ES_OK) {
    EXPECT(time(NULL) - start < 60);
    EXPECT(waitpid(server, NULL, WNOHANG) == 0);
    EXPECT(event_base_loop(base, EVLOOP_ONCE) == 0);
  }
  es_history_free(history);
}

static void kill_redis(void) {
  kill(server, SIGKILL);
  EXPECT(waitpid(server, NULL, 0) == server);
}

/* ---- Results of publications, on threads of the library ---- */

static atomic_int told, status_told;
static char id_told[96];

static void on_published(void *context, const es_publication *publication) {
  (void)context;
  EXPECT((publication->status == ES_OK) == (publication->id != NULL));
  snprintf(id_told, sizeof id_told, "%s", publication->id ? publication->id : "");
  status_told = publication->status;
  told = told + 1;
}

/* Publishes a text, and returns its status. */
static es_status publish(es_hub *hub, const char *text) {
  int before = told;
  es_event event = ES_STRUCT(es_event, .data = text, .data_length = strlen(text));
  es_status status = es_publish_recorded(hub, "news", &event, on_published, NULL);
  if (status != ES_OK) return status;
  RUN_UNTIL(told == before + 1);
  return (es_status)status_told;
}

/* ---- What each process of a deployment has ---- */

struct node {
  es_history *history;
  es_hub *hub;
  es_streams *streams;
  struct evhttp *http;
  ev_uint16_t port;
};

static atomic_int logged, released;

static void on_log(void *context, es_log_level level, const char *message, const es_field *fields, size_t count) {
  (void)context, (void)level, (void)fields, (void)count;
  EXPECT(message[0]);
  logged = logged + 1;
}

static void on_release(void *context) {
  EXPECT(context == &released);
  released = released + 1;
}

static struct node start_node(void) {
  struct node node;
  es_config *config;
  es_redis_options options = ES_REDIS_OPTIONS_INIT;
  es_logger logger = {sizeof logger, &released, on_log, on_release};
  options.probe_interval_ms = 100;
  options.publish_timeout_ms = 2000;
  options.logger = &logger;
  EXPECT_OK(es_history_redis(address, &options, &node.history));
  EXPECT_OK(es_config_create(&config));
  EXPECT_OK(es_config_set(config, ES_OPTION_CHANNELS_ON_DEMAND, 1));
  EXPECT_OK(es_config_set(config, ES_OPTION_FOLLOW_LINGER_MS, 100));
  EXPECT_OK(es_config_set_history(config, node.history));
  EXPECT_OK(es_hub_create(config, &node.hub));
  EXPECT_OK(es_streams_create(node.hub, base, &node.streams));
  node.http = listen_anywhere();
  node.port = port;
  EXPECT_OK(es_streams_mount(node.streams, node.http, "/events", config));
  es_config_free(config);
  return node;
}

static void stop_node(struct node node) {
  evhttp_free(node.http);
  es_streams_free(node.streams);
  EXPECT_OK(es_history_close(node.history));
  EXPECT_OK(es_history_close(node.history));
  EXPECT(publish(node.hub, "closed") == ES_HISTORY_FAILED);
  es_hub_free(node.hub);
  es_history_free(node.history);
}

static struct reader *read_at(struct node node, const char *last_event_id) {
  port = node.port;
  return ask("/events?channel=news", last_event_id);
}

static void readers_of_every_process_get_every_event(void) {
  struct node nodes[2] = {start_node(), start_node()};
  struct reader *readers[2] = {read_at(nodes[0], NULL), read_at(nodes[1], NULL)};
  char id[96], text[16];
  RUN_UNTIL(readers[0]->status == 200 && readers[1]->status == 200);
  for (int number = 0; number < 20; number++) {
    snprintf(text, sizeof text, "%d", number);
    EXPECT(publish(nodes[number % 2].hub, text) == ES_OK);
    if (number == 4) snprintf(id, sizeof id, "%s", id_told);
  }
  for (int index = 0; index < 2; index++) {
    RUN_UNTIL(strstr(readers[index]->body, "data: 19\n"));
    const char *at = readers[index]->body;
    for (int number = 0; number < 20; number++) {
      snprintf(text, sizeof text, "data: %d\n", number);
      EXPECT((at = strstr(at, text)));
    }
  }
  EXPECT_ERROR(ES_RECORDED_CHANNEL, "es_publish_recorded", es_publish(nodes[0].hub, "news", "x", 1));

  /* Publishing fails while the server is away. The streams stay open, and nothing is missed. */
  kill_redis();
  es_status status = publish(nodes[0].hub, "away");
  EXPECT(status == ES_HISTORY_FAILED || status == ES_OUTCOME_UNKNOWN);
  start_redis();
  time_t start = time(NULL);
  while (publish(nodes[1].hub, "back") != ES_OK) {
    EXPECT(time(NULL) - start < 60);
    EXPECT(event_base_loop(base, EVLOOP_ONCE) == 0);
  }
  RUN_UNTIL(strstr(readers[0]->body, "data: back\n") && strstr(readers[1]->body, "data: back\n"));
  EXPECT(!readers[0]->is_over && !readers[1]->is_over && !strstr(readers[0]->body, "eventsource-gap"));
  EXPECT(logged > 0);

  /* A reader returns to another process. */
  struct reader *returned = read_at(nodes[1], id);
  RUN_UNTIL(strstr(returned->body, "data: back\n"));
  EXPECT(strstr(returned->body, "data: 5\n") && !strstr(returned->body, "data: 4\n"));
  EXPECT(!strstr(returned->body, "eventsource-gap"));
  leave(returned);
  for (int index = 0; index < 2; index++) {
    leave(readers[index]);
    stop_node(nodes[index]);
  }
  RUN_UNTIL(released == 2);
}

static es_history *used_in_callback;

static void on_published_opening(void *context, const es_publication *publication) {
  (void)publication;
  EXPECT_ERROR(ES_INVALID_VALUE, "callback", es_history_redis(address, NULL, &used_in_callback));
  EXPECT_ERROR(ES_INVALID_VALUE, "callback", es_history_close(used_in_callback));
  ++*(atomic_int *)context;
}

static void a_callback_does_not_wait_for_the_server(void) {
  struct node node = start_node();
  atomic_int count = 0;
  es_event event = ES_EVENT_INIT;
  used_in_callback = node.history;
  EXPECT_OK(es_publish_recorded(node.hub, "news", &event, on_published_opening, &count));
  RUN_UNTIL(count == 1);
  stop_node(node);
}

static void what_is_wrong_is_told(void) {
  es_history *history = NULL;
  es_redis_options options = ES_REDIS_OPTIONS_INIT;
  char urls[300];
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_history_redis(NULL, NULL, &history));
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_history_redis(address, NULL, NULL));
  EXPECT_STATUS(ES_INVALID_TEXT, es_history_redis("\xff", NULL, &history));
  EXPECT_ERROR(ES_INVALID_VALUE, "no address", es_history_redis(" ", NULL, &history));
  EXPECT_ERROR(ES_INVALID_VALUE, "http", es_history_redis("http://localhost", NULL, &history));
  EXPECT_ERROR(ES_INVALID_VALUE, "TLS", es_history_redis("rediss://localhost", NULL, &history));
  EXPECT_ERROR(ES_HISTORY_FAILED, "cannot be reached", es_history_redis("redis+unix:/nowhere", NULL, &history));
  snprintf(urls, sizeof urls, "%s  redis+unix:/nowhere", address);
  EXPECT_ERROR(ES_HISTORY_FAILED, "/nowhere", es_history_redis(urls, NULL, &history));
#define EXPECT_WRONG(field, value) \
  do { \
    es_redis_options wrong = ES_REDIS_OPTIONS_INIT; \
    wrong.field = value; \
    EXPECT_ERROR(ES_INVALID_VALUE, #field, es_history_redis(address, &wrong, &history)); \
  } while (0)
  EXPECT_WRONG(maximum_events, -2);
  EXPECT_WRONG(maximum_age_ms, INT64_MAX);
  EXPECT_WRONG(idle_expiry_ms, 999);
  EXPECT_WRONG(replicas, 65);
  EXPECT_WRONG(replicas_timeout_ms, -1);
  EXPECT_WRONG(response_timeout_ms, INT64_MAX);
  EXPECT_WRONG(publish_timeout_ms, 3600001);
  EXPECT_WRONG(probe_interval_ms, 9);
  EXPECT_WRONG(maximum_waiting_bytes, -1);
  EXPECT_WRONG(maximum_reply_bytes, (4 << 20) - 1);
  char *prefix = letters(256);
  EXPECT_WRONG(key_prefix, prefix);
  free(prefix);
  es_logger logger = {sizeof logger, &released, NULL, on_release};
  options.logger = &logger;
  EXPECT_STATUS(ES_NULL_ARGUMENT, es_history_redis(address, &options, &history));
  logger.log = on_log;
  EXPECT_STATUS(ES_HISTORY_FAILED, es_history_redis("redis+unix:/nowhere", &options, &history));
  EXPECT(released == 0); /* A call that fails does not take the context. */
  options.size = 8;
  EXPECT_ERROR(ES_INVALID_VALUE, "es_redis_options", es_history_redis(address, &options, &history));
  EXPECT(!history);
  options = (es_redis_options){
    sizeof options, "other:", 10, 60000, 60000, 0, 100, 1000, 60000, 50, INT64_MAX, INT64_MAX, NULL};
  EXPECT_OK(es_history_redis(address, &options, &history));
  /* Fewer replicas confirm than required, although the event is recorded. */
  es_history_free(history);
  options.replicas = 1;
  EXPECT_OK(es_history_redis(address, &options, &history));
  es_hub *hub;
  EXPECT_OK(es_hub_create(NULL, &hub));
  EXPECT_OK(es_hub_set_history(hub, "news", history));
  EXPECT(publish(hub, "x") == ES_OUTCOME_UNKNOWN);
  EXPECT_OK(es_hub_set_history(hub, "news", NULL));
  es_hub_free(hub);
  es_history_free(history);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  snprintf(folder, sizeof folder, "/tmp/eventsource-redis-%d", (int)getpid());
  EXPECT(mkdir(folder, 0700) == 0);
  snprintf(address, sizeof address, "redis+unix:%s/s", folder);
  base = event_base_new();
  struct event *ticking = start_ticking();
  start_redis();
  what_is_wrong_is_told();
  readers_of_every_process_get_every_event();
  a_callback_does_not_wait_for_the_server();
  kill_redis();
  event_free(ticking);
  event_base_free(base);
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", folder);
  EXPECT(system(command) == 0);
  puts("shared_history: works");
  return 0;
}
