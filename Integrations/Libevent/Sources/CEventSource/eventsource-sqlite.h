/*
 * Histories in SQLite files for event streams: what is published is recorded first, survives the program, and is sent
 * to readers that return.
 *
 *   es_history *history;
 *   es_history_sqlite("news.sqlite", NULL, &history);
 *   es_hub_set_history(hub, "news", history);                                            // opens the channel, too
 *   es_publish_recorded(hub, "news", &event, on_published, NULL);                        // from any thread
 *
 * These functions are in a library of their own, which contains that of eventsource.h and needs SQLite beside libevent;
 * a program links one of the two. Build with
 * `cc app.c $(pkg-config --cflags --libs eventsource-libevent-sqlite libevent)`.
 *
 * SQLite is never called on a thread of the program's. What eventsource.h says of errors, lifetime, structs and threads
 * holds here.
 */
#ifndef EVENTSOURCE_SQLITE_H
#define EVENTSOURCE_SQLITE_H

#include "eventsource.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A history in one file, for any number of channels and hubs. One process writes a file; others may read it. */
typedef struct es_history es_history;

/* How a history is kept. What is zero is the default. */
typedef struct es_sqlite_options {
  size_t size;
  /* After how many milliseconds the disk is flushed; a power cut loses what was published since. 0: with every commit,
   * before the publication is answered. */
  int64_t flush_interval_ms;
  /* How much of its past each channel keeps: events (100,000; ES_NONE: any number) ... */
  int64_t maximum_events;
  /* ... bytes of data, IDs and types (64 MiB; ES_NONE: any number) ... */
  int64_t maximum_bytes;
  /* ... and milliseconds (ES_NONE, which 0 is, too). */
  int64_t maximum_age_ms;
  /* The most bytes that the file may have; ES_NONE, which 0 is, too: what the disk has. */
  int64_t maximum_file_bytes;
  /* How many questions of readers are answered at a time, each by a connection of its own. 2. */
  int64_t connections;
  /* For how many milliseconds another process may keep the file locked. 5,000. */
  int64_t busy_timeout_ms;
  /* How many milliseconds an addition may take, with its waiting. 30,000. */
  int64_t addition_timeout_ms;
  /* The most memory that additions may take while they wait, in bytes. 64 MiB. */
  int64_t maximum_waiting_bytes;
} es_sqlite_options;

#define ES_SQLITE_OPTIONS_INIT {sizeof(es_sqlite_options), 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* Opens the history in a file, and makes the file if there is none; to be freed by es_history_free. options: NULL: the
 * defaults. Blocks for some calls to the file system. Fails with ES_HISTORY_FAILED for a file that cannot be opened or
 * is something else, which is left as it was, and with ES_INVALID_VALUE for an option that is not allowed. */
es_status es_history_sqlite(const char *path, const es_sqlite_options *options, es_history **history);

/* Gives a channel its history, instead of any that it has, and opens it if it is not; NULL: takes it away. From now on
 * the channel is published to by es_publish_recorded only. */
es_status es_hub_set_history(es_hub *hub, const char *channel, es_history *history);

/* Gives every channel of the hubs that are made with a configuration this history, also those that are made on demand;
 * NULL: none. */
es_status es_config_set_history(es_config *config, es_history *history);

/* Commits what waits, answers what was asked, and closes the file, for all channels that still have it: recording fails
 * with ES_HISTORY_FAILED from now on. Blocks until that is done, at most for twice addition_timeout_ms. Not from a
 * callback of the library, which fails with ES_INVALID_VALUE. */
es_status es_history_close(es_history *history);

/* Frees the history; channels that have it keep it. One that was not closed is closed when nothing has it any more. */
void es_history_free(es_history *history);

#ifdef __cplusplus
}
#endif

#endif
