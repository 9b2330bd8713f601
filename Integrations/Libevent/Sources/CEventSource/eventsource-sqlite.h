/*
 * Histories of event streams in SQLite files. Events are recorded before they are published, so they survive a restart
 * and can be sent to returning readers.
 *
 *   es_history *history;
 *   es_history_sqlite("news.sqlite", NULL, &history);
 *   es_hub_set_history(hub, "news", history);                                            // also opens the channel
 *   es_publish_recorded(hub, "news", &event, on_published, NULL);                        // from any thread
 *
 * This is in a library of its own, which includes all of eventsource.h and eventsource-history.h and needs SQLite in
 * addition to libevent. A program links one of the libraries. Build with
 * `cc app.c $(pkg-config --cflags --libs eventsource-libevent-sqlite libevent)`.
 *
 * SQLite is never called on the program's threads. The rules of eventsource.h on errors, lifetime, structs and threads
 * apply here as well.
 */
#ifndef EVENTSOURCE_SQLITE_H
#define EVENTSOURCE_SQLITE_H

#include "eventsource-history.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The settings of a history. Zero means the default, which ends each description. */
typedef struct es_sqlite_options {
  size_t size;
  /* The interval in milliseconds at which the disk is flushed. A power failure loses events published since the last
   * flush. Default: 0, which flushes with every commit, before the publication completes. */
  int64_t flush_interval_ms;
  /* The number of events that each channel keeps. ES_NONE means no limit. Default: 100,000. */
  int64_t maximum_events;
  /* The bytes of data, IDs and types that each channel keeps. ES_NONE means no limit. Default: 64 MiB. */
  int64_t maximum_bytes;
  /* The age in milliseconds up to which each channel keeps events. Default: ES_NONE, which means no limit. */
  int64_t maximum_age_ms;
  /* The maximum size of the file in bytes. Default: ES_NONE, which means that only the disk limits it. */
  int64_t maximum_file_bytes;
  /* The number of replays that are read concurrently, each on its own connection. Default: 2. */
  int64_t connections;
  /* The time in milliseconds to wait for a lock that another process holds on the file. Default: 5,000. */
  int64_t busy_timeout_ms;
  /* The maximum time of an addition in milliseconds, including its wait. Default: 30,000. */
  int64_t addition_timeout_ms;
  /* The maximum memory of waiting additions in bytes. Default: 64 MiB. */
  int64_t maximum_waiting_bytes;
} es_sqlite_options;

#define ES_SQLITE_OPTIONS_INIT {sizeof(es_sqlite_options), 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* Opens the history in a file, which is created if needed. Only one process writes to a file; others may read it. Free
 * the history with es_history_free. NULL options mean the
 * defaults. Blocks for a few calls to the file system. Fails with ES_HISTORY_FAILED for a file that cannot be opened or
 * has other content, which is left unchanged, and with ES_INVALID_VALUE for an option that is not allowed. */
es_status es_history_sqlite(const char *path, const es_sqlite_options *options, es_history **history);

#ifdef __cplusplus
}
#endif

#endif
