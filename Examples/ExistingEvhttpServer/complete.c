/*
 * A notice board in evhttp that uses all features of event streams: the program's own history and authorizer, a logger,
 * events published by another thread, and a clean end for every reader.
 *
 *   cc complete.c -o complete -pthread $(pkg-config --cflags --libs eventsource-libevent libevent)
 *   ./complete 8080
 *   curl -N http://127.0.0.1:8080/events/public
 *   curl -N -H 'Authorization: Bearer secret' -H 'Last-Event-ID: 1' http://127.0.0.1:8080/events/staff
 *   curl -d 'The coffee machine works again' http://127.0.0.1:8080/notes/staff
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <eventsource.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- The board: a thread that keeps the notes. Its jobs wait in a queue. ---- */

enum { MOST_NOTES = 100000, BATCH = 256 };
static const char *const channels[] = {"public", "staff"};

struct note {
  char *text;
  char id[24];
};

/* A note to pin up or, if there is a replay, a request for missed notes. */
struct job {
  struct job *next;
  int channel;
  char *text;
  es_replay *replay;
  size_t most;
};

static struct board {
  es_hub *hub;
  pthread_t thread;
  pthread_mutex_t lock; /* Guards the queue. The notes belong to the board's thread. */
  pthread_cond_t filled;
  struct job *first, **last;
  int stopped;
  struct note *notes[2];
  size_t count[2];
} board = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .last = &board.first};

static int channel_number(const char *name) {
  for (int number = 0; number < 2; number++)
    if (strcmp(channels[number], name) == 0) return number;
  return -1;
}

static void ask_board(struct job job) {
  struct job *kept = malloc(sizeof *kept);
  *kept = job;
  pthread_mutex_lock(&board.lock);
  *board.last = kept;
  board.last = &kept->next;
  pthread_cond_signal(&board.filled);
  pthread_mutex_unlock(&board.lock);
}

/* Stores the note before publishing it, so that a resuming reader finds everything that others have seen. */
static void pin_up(struct job *job) {
  size_t count = board.count[job->channel];
  if (count == MOST_NOTES) {
    free(job->text);
    return;
  }
  struct note *note = &board.notes[job->channel][count];
  note->text = job->text;
  snprintf(note->id, sizeof note->id, "%zu", count + 1);
  board.count[job->channel] = count + 1;
  es_event event =
    ES_STRUCT(es_event, .data = note->text, .data_length = strlen(note->text), .type = "note", .id = note->id);
  if (es_publish_event(board.hub, &channels[job->channel], 1, &event, NULL) != ES_OK)
    fprintf(stderr, "a note was not published: %s\n", es_last_error());
}

/* Answers a replay. The text of its job is the last event ID. */
static void look_up(struct job *job) {
  es_event events[BATCH];
  size_t count = 0, after = 0;
  int is_known = 1;
  if (job->text) {
    char *end;
    after = strtoul(job->text, &end, 10);
    is_known = *end == '\0' && after >= 1 && after <= board.count[job->channel];
  }
  for (size_t index = after; is_known && index < board.count[job->channel] && count < job->most; index++) {
    struct note *note = &board.notes[job->channel][index];
    events[count++] =
      ES_STRUCT(es_event, .data = note->text, .data_length = strlen(note->text), .type = "note", .id = note->id);
  }
  /* ES_NOT_PENDING is not an error: a reader that has disconnected needs no answer. */
  es_replay_answer(job->replay, is_known ? ES_REPLAY_CONTIGUOUS : ES_REPLAY_UNKNOWN_ID, events, count);
  free(job->text);
}

static void *run_board(void *context) {
  (void)context;
  for (;;) {
    pthread_mutex_lock(&board.lock);
    while (!board.first && !board.stopped) pthread_cond_wait(&board.filled, &board.lock);
    struct job *job = board.first;
    if (job && !(board.first = job->next)) board.last = &board.first;
    pthread_mutex_unlock(&board.lock);
    if (!job) return NULL;
    if (job->replay) look_up(job);
    else pin_up(job);
    free(job);
  }
}

static void start_board(es_hub *hub) {
  board.hub = hub;
  for (int number = 0; number < 2; number++) board.notes[number] = calloc(MOST_NOTES, sizeof(struct note));
  pthread_create(&board.thread, NULL, run_board, NULL);
}

static void stop_board(void) {
  pthread_mutex_lock(&board.lock);
  board.stopped = 1;
  pthread_cond_signal(&board.filled);
  pthread_mutex_unlock(&board.lock);
  pthread_join(board.thread, NULL);
  for (int number = 0; number < 2; number++) {
    for (size_t index = 0; index < board.count[number]; index++) free(board.notes[number][index].text);
    free(board.notes[number]);
  }
}

/* ---- The library's callbacks. On threads of the library, several at a time. ---- */

/* The history: passes the request to the board, which answers on its own thread. */
static void replay(void *context, es_replay *replay, const es_replay_request *request) {
  (void)context;
  ask_board((struct job){
    .channel = channel_number(request->channel),
    .text = request->last_event_id ? strdup(request->last_event_id) : NULL,
    .replay = replay,
    .most = request->maximum_events < BATCH ? request->maximum_events : BATCH,
  });
}

/* Everyone may read public notes. All others require the secret. Answers immediately. */
static void authorize(void *context, es_authorization *authorization, const es_request *request) {
  (void)context;
  const char *token = es_request_field(request, "Authorization");
  int is_staff = token && strcmp(token, "Bearer secret") == 0;
  for (size_t index = 0; index < request->channel_count; index++) {
    if (strcmp(request->channels[index], "public") == 0 || is_staff) continue;
    es_field challenge = {"WWW-Authenticate", "Bearer"};
    es_authorization_reject(
      authorization, token ? 403 : 401, "the notes of the staff are for the staff", &challenge, token ? 0 : 1);
    return;
  }
  es_authorization_grant(authorization, ES_NONE, is_staff ? "staff" : NULL);
}

static void print_log(
  void *context, es_log_level level, const char *message, const es_field *fields, size_t field_count) {
  (void)context;
  if (level == ES_LOG_DEBUG) return;
  flockfile(stderr);
  fputs(message, stderr);
  for (size_t index = 0; index < field_count; index++)
    fprintf(stderr, " %s=%s", fields[index].name, fields[index].value);
  fputc('\n', stderr);
  funlockfile(stderr);
}

/* ---- The program's own routes and its end. On the base's thread. ---- */

static struct program {
  struct event_base *base;
  struct evhttp *http;
  es_hub *hub;
  es_streams *streams;
} program;

static const char page[] =
  "<!DOCTYPE html><meta charset=utf-8><title>Notice board</title>\n"
  "<h1>Notice board</h1><form><input name=text><button>Pin up</button></form><ul></ul>\n"
  "<script>\n"
  "const source = new EventSource('/events/public')\n"
  "source.addEventListener('note', ({data}) => {\n"
  "  document.querySelector('ul').appendChild(document.createElement('li')).textContent = data\n"
  "})\n"
  "document.querySelector('form').onsubmit = event => {\n"
  "  event.preventDefault()\n"
  "  fetch('/notes/public', {method: 'POST', body: event.target.text.value})\n"
  "}\n"
  "</script>\n";

static void answer(struct evhttp_request *request, int status, const char *type, const char *text) {
  struct evbuffer *body = evbuffer_new();
  evbuffer_add(body, text, strlen(text));
  evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
  evhttp_send_reply(request, status, NULL, body);
  evbuffer_free(body);
}

static void on_home(struct evhttp_request *request, void *context) {
  (void)context;
  answer(request, 200, "text/html; charset=utf-8", page);
}

static void on_statistics(struct evhttp_request *request, void *context) {
  (void)context;
  es_statistics now;
  char text[256];
  es_hub_statistics(program.hub, &now, sizeof now);
  snprintf(
    text, sizeof text, "{\"readers\":%llu,\"published\":%llu,\"delivered\":%llu,\"replayed\":%llu}",
    (unsigned long long)now.readers, (unsigned long long)now.events_published, (unsigned long long)now.events_delivered,
    (unsigned long long)now.events_replayed);
  answer(request, 200, "application/json", text);
}

static void on_note(struct evhttp_request *request, int channel) {
  struct evbuffer *body = evhttp_request_get_input_buffer(request);
  size_t length = evbuffer_get_length(body);
  char *text = calloc(1, length + 1);
  evbuffer_remove(body, text, length);
  ask_board((struct job){.channel = channel, .text = text});
  answer(request, 202, "text/plain", "pinned up\n");
}

/* Serves the paths without their own callback: the notes, and the streams, whose path contains the channel's name. */
static void on_other(struct evhttp_request *request, void *context) {
  (void)context;
  const char *uri = evhttp_request_get_uri(request);
  int channel = strncmp(uri, "/notes/", 7) == 0 ? channel_number(uri + 7) : -1;
  if (channel >= 0 && evhttp_request_get_command(request) == EVHTTP_REQ_POST) on_note(request, channel);
  else if (es_streams_serve(program.streams, request) == ES_NO_ROUTE) evhttp_send_error(request, 404, NULL);
}

static void on_drained(void *context) {
  (void)context;
  event_base_loopexit(program.base, NULL);
}

/* Ends the streams within half a second, each after it has sent everything. A second signal ends the loop at once. */
static void on_signal(evutil_socket_t number, short what, void *context) {
  (void)number, (void)what, (void)context;
  static int count;
  if (count++ > 0) event_base_loopbreak(program.base);
  else es_streams_drain(program.streams, 500, on_drained, NULL);
}

static void check(es_status status) {
  if (status == ES_OK) return;
  fprintf(stderr, "%s: %s\n", es_status_message(status), es_last_error());
  exit(1);
}

static void make_streams(void) {
  es_config *config;
  check(es_config_create_for(ES_CONFIG_HUB, &config));
  check(es_config_set(config, ES_OPTION_RETENTION_EVENTS, 16)); /* The board keeps older notes. */
  check(es_config_set_logger(config, &ES_STRUCT(es_logger, .log = print_log)));
  check(es_hub_create(config, &program.hub));
  es_config_free(config);
  for (int number = 0; number < 2; number++)
    check(es_hub_set_repository(program.hub, channels[number], &ES_STRUCT(es_repository, .replay = replay)));
  check(es_streams_create(program.hub, program.base, &program.streams));
  check(es_config_create_for(ES_CONFIG_STREAMS, &config));
  check(es_config_set(config, ES_OPTION_RECONNECTION_MS, 1000));
  check(es_config_set(config, ES_OPTION_REPLAYS_TO_NEW_READERS, 1));
  check(es_config_set_authorizer(config, &ES_STRUCT(es_authorizer, .authorize = authorize)));
  check(es_streams_mount(program.streams, program.http, "/events/{channel}", config));
  es_config_free(config);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  program.base = event_base_new();
  program.http = evhttp_new(program.base);
  evhttp_set_max_body_size(program.http, 65536);
  evhttp_set_cb(program.http, "/", on_home, NULL);
  evhttp_set_cb(program.http, "/statistics", on_statistics, NULL);
  evhttp_set_gencb(program.http, on_other, NULL);
  ev_uint16_t port = argc > 1 ? (ev_uint16_t)atoi(argv[1]) : 8080;
  struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(program.http, "127.0.0.1", port);
  struct sockaddr_in address;
  if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (void *)&address, &(socklen_t){sizeof address}) != 0) {
    fprintf(stderr, "the port is not available\n");
    return 1;
  }
  printf("http://127.0.0.1:%u\n", ntohs(address.sin_port));
  fflush(stdout);
  struct event *interrupted = evsignal_new(program.base, SIGINT, on_signal, NULL);
  struct event *terminated = evsignal_new(program.base, SIGTERM, on_signal, NULL);
  evsignal_add(interrupted, NULL);
  evsignal_add(terminated, NULL);
  make_streams();
  start_board(program.hub);

  event_base_dispatch(program.base);

  /* No reader still waits for an answer from the board. */
  stop_board();
  event_free(interrupted);
  event_free(terminated);
  evhttp_free(program.http);
  es_streams_free(program.streams);
  es_hub_free(program.hub);
  event_base_free(program.base);
  return 0;
}
