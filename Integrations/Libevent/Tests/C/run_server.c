/*
 * Examples/LanguageModelGateway on evhttp in C, as far as Tests/EndToEnd/runs.py needs it. Serves until it is killed.
 *
 *   run_server [--port PORT] [--history sqlite:PATH] [--tokens-per-second N] [--retention SECONDS]
 *
 * Each run has a timer of the loop. With a history, the next token waits until the last one is recorded.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <eventsource-sqlite.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct event_base *base;
static es_hub *hub;
static es_streams *streams;
static es_runs *runs;
static double tokens_per_second = 50;

static void check(es_status status) {
  if (status == ES_OK) return;
  fprintf(stderr, "run_server: %s: %s\n", es_status_message(status), es_last_error());
  exit(1);
}

/* ---- A run and its producer ---- */

enum { READY, WAITING, OVER };

struct job {
  es_run *run;
  struct event *timer;
  long number, count;
  atomic_int state; /* Changed to READY or OVER by a thread of the library when a token was written. */
};

static void on_written(void *context, const es_publication *publication) {
  atomic_store(&((struct job *)context)->state, publication->status == ES_OK ? READY : OVER);
}

static void write_token(struct job *job) {
  char text[256];
  int length = snprintf(
    text, sizeof text, "{\"id\":\"chatcmpl-%s\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%ld:fox \"}}]}",
    es_run_id(job->run), job->number);
  es_event event = ES_STRUCT(es_event, .data = text, .data_length = (size_t)length);
  atomic_store(&job->state, WAITING);
  if (es_run_write_recorded(job->run, &event, on_written, job) != ES_OK) atomic_store(&job->state, OVER);
  job->number++;
}

static void on_timer(evutil_socket_t descriptor, short what, void *context) {
  (void)descriptor, (void)what;
  struct job *job = context;
  int state = atomic_load(&job->state);
  if (state == WAITING) return;
  if (state == READY && job->number < job->count) return write_token(job);
  /* A run that was stopped has ended already. */
  if (state == READY) es_run_finish(job->run, &ES_STRUCT(es_event, .data = "[DONE]", .data_length = 6));
  else es_run_fail(job->run, "the producer failed");
  event_free(job->timer);
  es_run_free(job->run);
  free(job);
}

static void start_job(es_run *run, long count) {
  struct job *job = calloc(1, sizeof *job);
  job->run = run;
  job->count = count;
  job->timer = event_new(base, -1, EV_PERSIST, on_timer, job);
  double seconds = 1 / tokens_per_second;
  struct timeval interval = {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)};
  event_add(job->timer, &interval);
}

/* ---- Routes ---- */

static void complete(struct evhttp_request *request) {
  struct evbuffer *input = evhttp_request_get_input_buffer(request);
  evbuffer_add(input, "", 1);
  const char *found = strstr((const char *)evbuffer_pullup(input, -1), "\"max_tokens\":");
  es_run *run;
  if (!found) return evhttp_send_error(request, 400, NULL);
  if (es_runs_start(runs, NULL, &run) != ES_OK) return evhttp_send_error(request, 503, NULL);
  char location[64];
  snprintf(location, sizeof location, "/runs/%s", es_run_id(run));
  const es_field field = {"Location", location};
  long count = strtol(found + strlen("\"max_tokens\":"), NULL, 10);
  check(es_streams_respond_with_run(streams, request, run, &field, 1));
  start_job(run, count);
}

static void answer_statistics(struct evhttp_request *request) {
  es_runs_statistics now;
  es_statistics of_hub;
  struct evbuffer *body = evbuffer_new();
  check(es_runs_inspect(runs, &now, sizeof now));
  check(es_hub_statistics(hub, &of_hub, sizeof of_hub));
  evbuffer_add_printf(
    body, "{\"active\":%llu,\"retained\":%llu,\"bytes\":%llu,\"viewers\":%llu}\n", (unsigned long long)now.active,
    (unsigned long long)now.retained, (unsigned long long)now.bytes, (unsigned long long)of_hub.readers);
  evhttp_send_reply(request, 200, "OK", body);
  evbuffer_free(body);
}

static void on_request(struct evhttp_request *request, void *context) {
  (void)context;
  if (es_streams_serve(streams, request) != ES_NO_ROUTE) return;
  const char *uri = evhttp_request_get_uri(request);
  if (strcmp(uri, "/v1/chat/completions") == 0) complete(request);
  else if (strcmp(uri, "/stats") == 0) answer_statistics(request);
  else evhttp_send_error(request, 404, NULL);
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  int port = 0;
  double retention = 60;
  const char *history_path = NULL;
  for (int index = 1; index + 1 < count; index += 2) {
    const char *value = arguments[index + 1];
    if (strcmp(arguments[index], "--port") == 0) port = atoi(value);
    if (strcmp(arguments[index], "--history") == 0) history_path = value + strlen("sqlite:");
    if (strcmp(arguments[index], "--tokens-per-second") == 0) tokens_per_second = atof(value);
    if (strcmp(arguments[index], "--retention") == 0) retention = atof(value);
  }
  es_config *config;
  es_history *history = NULL;
  check(es_config_create_for(ES_CONFIG_HUB, &config));
  check(es_config_set(config, ES_OPTION_MEMORY_LIMIT, 512 << 20));
  check(es_hub_create(config, &hub));
  es_config_free(config);
  check(es_config_create_for(ES_CONFIG_RUNS, &config));
  check(es_config_set(config, ES_OPTION_RUNS_MEMORY_LIMIT, 256 << 20));
  check(es_config_set(config, ES_OPTION_RUN_RETENTION_MS, (int64_t)(retention * 1000)));
  check(es_config_set(config, ES_OPTION_ANNOUNCES_RUN_ID, 0));
  check(es_config_set(config, ES_OPTION_WITHOUT_EVENT_STREAMS, 2));
  if (history_path) {
    check(es_history_sqlite(history_path, NULL, &history));
    check(es_config_set_history(config, history));
  }
  check(es_runs_create(hub, "runs", config, &runs));
  es_config_free(config);

  base = event_base_new();
  struct evhttp *http = evhttp_new(base);
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
  evhttp_set_gencb(http, on_request, NULL);
  check(es_streams_create(hub, base, &streams));
  check(es_streams_mount_runs(streams, http, "/runs", runs, NULL));
  struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", (ev_uint16_t)port);
  if (!bound) return perror("run_server"), 1;
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &length);
  printf("Listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return event_base_dispatch(base);
}
