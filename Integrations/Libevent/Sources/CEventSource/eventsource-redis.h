/*
 * Histories of event streams on Redis servers, which any number of processes share. Readers of all processes receive
 * what any process publishes, in one order, and may return to any of them.
 *
 *   es_history *history;
 *   es_history_redis("redis://localhost:6379", NULL, &history);
 *   es_config_set_history(config, history);              // for every channel of the hubs
 *   es_hub_create(config, &hub);
 *   es_publish_recorded(hub, "news", &event, on_published, NULL);                        // from any thread
 *
 * This is in a library of its own, which includes all of eventsource.h and eventsource-history.h and needs hiredis in
 * addition to libevent. A program links one of the libraries. Build with
 * `cc app.c $(pkg-config --cflags --libs eventsource-libevent-redis libevent)`.
 *
 * A history has two threads and, for each server, two connections, whatever the number of readers and channels. It
 * never calls the network on the program's threads. The servers need Redis 7.0 or later. The rules of eventsource.h on
 * errors, lifetime, structs and threads apply here as well.
 */
#ifndef EVENTSOURCE_REDIS_H
#define EVENTSOURCE_REDIS_H

#include "eventsource-history.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The settings of a history. Zero means the default, which ends each description. */
typedef struct es_redis_options {
  size_t size;
  /* The prefix of all keys and messages on the servers, at most 255 bytes. Processes that share channels must use the
   * same prefix. Default: NULL, which means "eventsource:". */
  const char *key_prefix;
  /* The number of events that each channel keeps. The server may keep a few hundred more. ES_NONE means no limit.
   * Default: 100,000. */
  int64_t maximum_events;
  /* The age in milliseconds up to which each channel keeps events. Default: ES_NONE, which means no limit. */
  int64_t maximum_age_ms;
  /* The time in milliseconds after which a channel to which nothing is published is removed, with all its events. At
   * least a second. Default: ES_NONE, which means never. */
  int64_t idle_expiry_ms;
  /* The number of replicas that must confirm each publication, at most 64. If fewer confirm in time, the publication
   * reports ES_OUTCOME_UNKNOWN, although it is published. Default: 0. */
  int64_t replicas;
  /* The time in milliseconds to wait for the replicas, at most response_timeout_ms. Default: 1,000. */
  int64_t replicas_timeout_ms;
  /* The maximum time for a reply in milliseconds. Then the connection is closed and opened again. Default: 3,000. */
  int64_t response_timeout_ms;
  /* The maximum time for a publication in milliseconds, including repetitions after lost replies. At most an hour. Keep
   * it below ES_OPTION_RECORDING_TIMEOUT_MS, so that the error names the reason. Default: 8,000. */
  int64_t publish_timeout_ms;
  /* The interval in milliseconds between checks for lost messages and dead connections. Default: 1,000. */
  int64_t probe_interval_ms;
  /* The maximum number of bytes that wait to be sent to one server. Further publications report ES_LIMIT_EXCEEDED.
   * Default: 64 MiB. */
  int64_t maximum_waiting_bytes;
  /* The maximum size of one reply in bytes, at least 4 MiB. Publications that would exceed it report ES_LIMIT_EXCEEDED.
   * Use the same value in every process. Default: 64 MiB. */
  int64_t maximum_reply_bytes;
  /* Receives log records about the connections once the history is open. The library copies the struct and keeps its
   * context until `release`, unless this call fails. Default: NULL, which disables logging. */
  const es_logger *logger;
} es_redis_options;

#define ES_REDIS_OPTIONS_INIT {sizeof(es_redis_options), NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL}

/* Opens a history: connects to every server, and checks that each is usable. Free it with es_history_free. NULL options
 * mean the defaults.
 *
 * urls: One address, or several separated by spaces; each channel is then on one of them. Every process must name them
 *   in the same order. An address is redis://[[user]:password@]host[:port][/database], redis+unix:/path/to/socket, or
 *   redis+sentinel://[[user]:password@]host[:port][,host[:port]...]/master[/database]. TLS is not supported.
 *
 * Blocks until the servers have answered, at most response_timeout_ms for each. Fails with ES_HISTORY_FAILED if a server
 * cannot be reached or used, and with ES_INVALID_VALUE for an address or an option that is not allowed and when called
 * from a callback of the library. */
es_status es_history_redis(const char *urls, const es_redis_options *options, es_history **history);

#ifdef __cplusplus
}
#endif

#endif
