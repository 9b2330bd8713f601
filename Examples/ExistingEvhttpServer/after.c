/*
 * The program of before.c with an event stream, which `diff before.c after.c` shows.
 *
 *   cc after.c -o after $(pkg-config --cflags --libs eventsource-libevent libevent)
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <eventsource.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static unsigned long seconds;
static char ticks[24] = "0";
static es_hub *hub;

static const char page[] =
  "<!DOCTYPE html><title>Ticks</title>\n"
  "<h1>This program has run for <output>some</output> seconds</h1>\n"
  "<script>new EventSource('/events?channel=ticks').onmessage = ({data}) =>\n"
  "  document.querySelector('output').value = data</script>\n";

static void send_text(struct evhttp_request *request, const char *type, const char *text) {
  struct evbuffer *body = evbuffer_new();
  evbuffer_add(body, text, strlen(text));
  evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
  evhttp_send_reply(request, HTTP_OK, "OK", body);
  evbuffer_free(body);
}

static void on_home(struct evhttp_request *request, void *context) {
  (void)context;
  send_text(request, "text/html; charset=utf-8", page);
}

static void on_ticks(struct evhttp_request *request, void *context) {
  (void)context;
  send_text(request, "text/plain", ticks);
}

static void on_second(evutil_socket_t descriptor, short what, void *context) {
  (void)descriptor, (void)what, (void)context;
  snprintf(ticks, sizeof ticks, "%lu", ++seconds);
  es_publish(hub, "ticks", ticks, strlen(ticks));
}

static void on_signal(evutil_socket_t number, short what, void *context) {
  (void)number, (void)what;
  event_base_loopexit(context, NULL);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  struct event_base *base = event_base_new();
  struct evhttp *http = evhttp_new(base);
  evhttp_set_cb(http, "/", on_home, NULL);
  evhttp_set_cb(http, "/ticks", on_ticks, NULL);

  es_streams *streams;
  es_hub_create(NULL, &hub);
  es_hub_open_channel(hub, "ticks");
  es_streams_create(hub, base, &streams);
  es_streams_mount(streams, http, "/events", NULL);

  ev_uint16_t port = argc > 1 ? (ev_uint16_t)atoi(argv[1]) : 8080;
  struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", port);
  struct sockaddr_in address;
  if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (void *)&address, &(socklen_t){sizeof address}) != 0) {
    fprintf(stderr, "the port cannot be had\n");
    return 1;
  }
  printf("http://127.0.0.1:%u\n", ntohs(address.sin_port));
  fflush(stdout);
  struct event *interrupted = evsignal_new(base, SIGINT, on_signal, base);
  struct event *terminated = evsignal_new(base, SIGTERM, on_signal, base);
  struct event *timer = event_new(base, -1, EV_PERSIST, on_second, NULL);
  evsignal_add(interrupted, NULL);
  evsignal_add(terminated, NULL);
  event_add(timer, &(struct timeval){.tv_sec = 1});
  event_base_dispatch(base);

  event_free(interrupted);
  event_free(terminated);
  event_free(timer);
  evhttp_free(http);
  es_streams_free(streams);
  es_hub_free(hub);
  event_base_free(base);
  return 0;
}
