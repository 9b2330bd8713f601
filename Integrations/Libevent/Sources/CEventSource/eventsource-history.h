/*
 * Histories of event streams, of any kind: in SQLite files (eventsource-sqlite.h) or on Redis servers
 * (eventsource-redis.h). Those headers include this one, and their libraries have these functions.
 *
 * The rules of eventsource.h on errors, lifetime, structs and threads apply here as well.
 */
#ifndef EVENTSOURCE_HISTORY_H
#define EVENTSOURCE_HISTORY_H

#include "eventsource.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A history, for any number of channels and hubs. */
typedef struct es_history es_history;

/* Sets or replaces the history of a channel, and opens the channel if needed. NULL removes the history. As long as the
 * channel has a history, only es_publish_recorded can publish to it. */
es_status es_hub_set_history(es_hub *hub, const char *channel, es_history *history);

/* Sets the history of all channels of the hubs created with a configuration, including channels created on demand. In a
 * configuration of kind ES_CONFIG_RUNS, sets the history of the runs: each event is recorded before any viewer gets it,
 * so runs are written with es_run_write_recorded, and a viewer that asks for a run of an earlier process gets it from
 * the history. NULL sets none. */
es_status es_config_set_history(es_config *config, es_history *history);

/* Commits waiting events, completes waiting replays, and closes the file or the connections for all channels that still
 * use them. Recording fails with ES_HISTORY_FAILED from then on. Blocks until that is done: for a file, at most twice
 * addition_timeout_ms. Fails with ES_INVALID_VALUE when called from a callback of the library. */
es_status es_history_close(es_history *history);

/* Frees the history. Channels that use it keep it alive. A history that is not closed yet is closed when nothing uses
 * it any longer. */
void es_history_free(es_history *history);

#ifdef __cplusplus
}
#endif

#endif
