/* What happens where a loop is broken off, not run, freed early, one of several, or behind a fork. */
#include "readers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static es_hub *hub;

static void on_other(struct evhttp_request *request, void *streams) {
  if (es_streams_serve(streams, request) != ES_OK) evhttp_send_error(request, 404, NULL);
}

/* A server with streams, in the base of the tests. */
static struct evhttp *serve(es_streams **streams) {
  struct evhttp *http = listen_anywhere();
  EXPECT_OK(es_streams_create(hub, base, streams));
  EXPECT_OK(es_streams_mount(*streams, http, "/events/{channel}", NULL));
  evhttp_set_gencb(http, on_other, *streams);
  return http;
}

static void publish_number(int number) {
  char text[16];
  int length = snprintf(text, sizeof text, "%d", number);
  EXPECT_OK(es_publish(hub, "news", text, (size_t)length));
}

/* All numbers from 1 on, once each and in their order. */
static int has_all(const struct reader *reader, int last) {
  const char *at = reader->body;
  for (int number = 1; number <= last; number++) {
    char expected[32];
    snprintf(expected, sizeof expected, "data: %d\n", number);
    at = strstr(at, expected);
    if (!at) return 0;
    at += strlen(expected);
  }
  EXPECT(!strstr(at, "data: "));
  return 1;
}

static void on_break(evutil_socket_t descriptor, short what, void *context) {
  (void)descriptor, (void)what, (void)context;
  event_base_loopbreak(base);
}

/* Breaking off and not running delays, and loses nothing. */
static void a_loop_that_is_broken_off_goes_on_later(void) {
  es_streams *streams;
  struct evhttp *http = serve(&streams);
  struct event *breaking = event_new(base, -1, EV_PERSIST, on_break, NULL);
  event_add(breaking, &(struct timeval){.tv_usec = 100});
  struct reader *reader = ask("/events/news", NULL);
  RUN_UNTIL(reader->status == 200);
  int number = 0;
  for (int turn = 0; turn < 50; turn++) {
    for (int count = 0; count < 20; count++) publish_number(++number);
    EXPECT(event_base_dispatch(base) == 0 && event_base_got_break(base));
  }
  event_free(breaking);
  RUN_UNTIL(has_all(reader, number));
  leave(reader);
  evhttp_free(http);
  es_streams_free(streams);
}

/* Everything may be freed when the loop was broken off in the middle. */
static void what_a_broken_loop_leaves_can_be_freed(void) {
  es_streams *streams;
  struct evhttp *http = serve(&streams);
  struct reader *reader = ask("/events/news", NULL);
  RUN_UNTIL(reader->status == 200);
  for (int number = 1; number <= 100; number++) publish_number(number);
  event_base_loopbreak(base);
  event_base_loop(base, EVLOOP_ONCE);
  es_streams_free(streams);
  RUN_UNTIL(reader->is_over);
  leave(reader);
  expect_answer("/events/news", 404);
  evhttp_free(http);
}

/* ---- Several bases ---- */

enum { BASES = 3 };

struct other {
  pthread_t thread;
  struct event_base *base;
  struct evhttp *http;
  es_streams *streams;
  ev_uint16_t port;
  atomic_int is_stopped;
};

static void on_stop(evutil_socket_t descriptor, short what, void *context) {
  (void)descriptor, (void)what;
  struct other *other = context;
  if (other->is_stopped) event_base_loopexit(other->base, NULL);
}

static void *run_base(void *context) {
  struct other *other = context;
  struct event *stopping = event_new(other->base, -1, EV_PERSIST, on_stop, other);
  event_add(stopping, &(struct timeval){.tv_usec = 2000});
  event_base_dispatch(other->base);
  event_free(stopping);
  evhttp_free(other->http);
  es_streams_free(other->streams);
  event_base_free(other->base);
  return NULL;
}

/* Each base has streams of its own; a publisher on any thread reaches the readers of all. */
static void several_bases_share_a_hub(void) {
  struct event_base *own = base;
  struct other others[BASES] = {0};
  struct reader *readers[BASES];
  for (int index = 0; index < BASES; index++) {
    base = others[index].base = event_base_new();
    others[index].http = serve(&others[index].streams);
    others[index].port = port;
  }
  base = own;
  for (int index = 0; index < BASES; index++)
    pthread_create(&others[index].thread, NULL, run_base, &others[index]);
  for (int index = 0; index < BASES; index++) {
    port = others[index].port;
    readers[index] = ask("/events/news", NULL);
    RUN_UNTIL(readers[index]->status == 200);
  }
  for (int number = 1; number <= 500; number++) publish_number(number);
  for (int index = 0; index < BASES; index++) RUN_UNTIL(has_all(readers[index], 500));
  es_statistics now;
  EXPECT_OK(es_hub_statistics(hub, &now, sizeof now));
  EXPECT(now.readers == BASES);
  for (int index = 0; index < BASES; index++) {
    leave(readers[index]);
    others[index].is_stopped = 1;
    pthread_join(others[index].thread, NULL);
  }
}

/* ---- fork ---- */

/* A child that leaves at once, as those that call exec do, disturbs nobody; one that serves makes everything anew. */
static void a_child_disturbs_nobody_and_may_serve_itself(void) {
  es_streams *streams;
  struct evhttp *http = serve(&streams);
  struct reader *reader = ask("/events/news", NULL);
  RUN_UNTIL(reader->status == 200);
  pid_t child = fork();
  if (child == 0) {
    static void *parents[5]; /* What is left alone is not lost. */
    parents[0] = hub, parents[1] = streams, parents[2] = base, parents[3] = http, parents[4] = reader;
    EXPECT_ERROR(ES_INVALID_HANDLE, "fork", es_streams_drain(streams, 0, NULL, NULL));
    EXPECT(es_streams_reader_count(streams) == 0);
    base = event_base_new();
    start_ticking();
    EXPECT_OK(es_hub_create(NULL, &hub));
    EXPECT_OK(es_hub_open(hub, "news"));
    http = serve(&streams);
    struct reader *own = ask("/events/news", NULL);
    RUN_UNTIL(own->status == 200);
    publish_number(1);
    RUN_UNTIL(has_all(own, 1));
    EXPECT(parents[0] != hub);
    _exit(0);
  }
  publish_number(1);
  int status;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  publish_number(2);
  RUN_UNTIL(has_all(reader, 2));
  leave(reader);
  evhttp_free(http);
  es_streams_free(streams);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  base = event_base_new();
  struct event *ticking = start_ticking();
  EXPECT_OK(es_hub_create(NULL, &hub));
  EXPECT_OK(es_hub_open(hub, "news"));
  a_child_disturbs_nobody_and_may_serve_itself();
  a_loop_that_is_broken_off_goes_on_later();
  what_a_broken_loop_leaves_can_be_freed();
  several_bases_share_a_hub();
  es_hub_free(hub);
  event_free(ticking);
  EXPECT(event_base_loop(base, 0) == 1);
  event_base_free(base);
  puts("loops: works");
  return 0;
}
