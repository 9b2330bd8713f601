/*
 * A server for tests from outside, over plain sockets or TLS.
 *
 *   load_server [--tls CERTIFICATE KEY] [--timeout S] [--heartbeat MS] [--stall MS] [--log-bytes N]
 *
 * --timeout sets evhttp's own; --heartbeat 0 turns heartbeats off. Prints its port. Serves GET /events/{channel} and
 * GET /statistics. POST /publish/COUNT/SIZE publishes COUNT events to "news", each a number padded with letters to
 * SIZE bytes. GET /trim returns unused memory to the system. SIGTERM drains.
 */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <eventsource.h>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct event_base *base;
static es_hub *hub;
static es_streams *streams;

static void check(es_status status) {
  if (status == ES_OK) return;
  fprintf(stderr, "load_server: %s: %s\n", es_status_message(status), es_last_error());
  exit(1);
}

static void publish(unsigned long count, size_t size) {
  static unsigned long number;
  if (size < 24) size = 24;
  char *text = malloc(size);
  while (count-- > 0) {
    memset(text, 'a' + (int)(number % 26), size);
    int length = sprintf(text, "%lu", number++);
    text[length] = ' ';
    check(es_publish(hub, "news", text, size));
  }
  free(text);
}

static void answer(struct evhttp_request *request, const char *text) {
  struct evbuffer *body = evbuffer_new();
  evbuffer_add(body, text, strlen(text));
  evhttp_send_reply(request, 200, "OK", body);
  evbuffer_free(body);
}

static void on_request(struct evhttp_request *request, void *context) {
  (void)context;
  unsigned long count;
  size_t size;
  const char *uri = evhttp_request_get_uri(request);
  if (sscanf(uri, "/publish/%lu/%zu", &count, &size) == 2) {
    publish(count, size);
    answer(request, "published\n");
  } else if (strcmp(uri, "/statistics") == 0) {
    es_statistics now;
    char text[256];
    check(es_hub_statistics(hub, &now, sizeof now));
    snprintf(
      text, sizeof text, "{\"readers\":%llu,\"dropped\":%llu,\"ended\":%llu,\"retainedBytes\":%llu}",
      (unsigned long long)now.readers, (unsigned long long)now.streams_dropped, (unsigned long long)now.streams_ended,
      (unsigned long long)now.retained_bytes);
    answer(request, text);
  } else if (strcmp(uri, "/trim") == 0) {
    malloc_trim(0);
    answer(request, "trimmed\n");
  } else if (es_streams_serve(streams, request) == ES_NO_ROUTE) {
    evhttp_send_error(request, 404, NULL);
  }
}

static struct bufferevent *make_tls(struct event_base *base, void *context) {
  SSL *ssl = SSL_new(context);
  return bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

static void on_drained(void *context) {
  (void)context;
  event_base_loopexit(base, NULL);
}

static void on_signal(evutil_socket_t number, short what, void *context) {
  (void)number, (void)what, (void)context;
  check(es_streams_drain(streams, 500, on_drained, NULL));
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  base = event_base_new();
  struct evhttp *http = evhttp_new(base);
  SSL_CTX *tls = NULL;
  es_config *config;
  check(es_config_create(&config));
  for (int index = 1; index < argc; index++) {
    const char *option = argv[index], *value = index + 1 < argc ? argv[++index] : "";
    if (strcmp(option, "--tls") == 0) {
      tls = SSL_CTX_new(TLS_server_method());
      if (
        SSL_CTX_use_certificate_chain_file(tls, value) != 1
        || SSL_CTX_use_PrivateKey_file(tls, argv[++index], SSL_FILETYPE_PEM) != 1)
        return 2;
      evhttp_set_bevcb(http, make_tls, tls);
    } else if (strcmp(option, "--timeout") == 0) {
      evhttp_set_timeout(http, atoi(value));
    } else if (strcmp(option, "--heartbeat") == 0) {
      check(es_config_set(config, ES_OPTION_HEARTBEAT_MS, atoi(value) > 0 ? atoi(value) : ES_NONE));
    } else if (strcmp(option, "--stall") == 0) {
      check(es_config_set(config, ES_OPTION_STALL_MS, atoi(value)));
    } else if (strcmp(option, "--log-bytes") == 0) {
      check(es_config_set(config, ES_OPTION_RETENTION_BYTES, atoi(value)));
    } else {
      fprintf(stderr, "load_server: %s?\n", option);
      return 64;
    }
  }
  check(es_hub_create(config, &hub));
  check(es_hub_open_channel(hub, "news"));
  check(es_streams_create(hub, base, &streams));
  check(es_streams_mount(streams, http, "/events/{channel}", config));
  es_config_free(config);
  evhttp_set_gencb(http, on_request, NULL);

  struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
  struct sockaddr_in address;
  getsockname(evhttp_bound_socket_get_fd(bound), (void *)&address, &(socklen_t){sizeof address});
  printf("%u\n", ntohs(address.sin_port));
  fflush(stdout);
  struct event *terminated = evsignal_new(base, SIGTERM, on_signal, NULL);
  evsignal_add(terminated, NULL);
  event_base_dispatch(base);

  event_free(terminated);
  evhttp_free(http);
  es_streams_free(streams);
  es_hub_free(hub);
  event_base_free(base);
  SSL_CTX_free(tls);
  return 0;
}
