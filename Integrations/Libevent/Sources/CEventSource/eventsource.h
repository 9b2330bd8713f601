/*
 * Event streams (Server-Sent Events, WHATWG HTML 9.2) for an existing evhttp server, in C and C++.
 *
 *   es_hub *hub;                                        // where events are published
 *   es_streams *streams;                                // the streams of one event base
 *   es_hub_create(NULL, &hub);
 *   es_hub_open_channel(hub, "news");
 *   es_streams_create(hub, base, &streams);
 *   es_streams_mount(streams, http, "/events", NULL);   // GET /events?channel=news
 *
 *   es_publish(hub, "news", "hello", 5);                // from any thread
 *
 * Build with `cc app.c $(pkg-config --cflags --libs eventsource-libevent libevent)`.
 *
 * Errors. Every function that can fail returns an es_status. es_last_error() returns a one-line description of the last
 * failure. A call that fails has no effect and leaves its out parameters unchanged. Passing NULL where a value is
 * required returns ES_NULL_ARGUMENT; it never crashes. Functions that free accept NULL.
 *
 * Lifetime. The program owns each es_config, es_hub, es_streams, es_runs, es_run and es_history until it frees it.
 * Objects keep what they use: a freed hub stays alive until its streams are freed, and you can free a configuration as
 * soon as you have created something with it. Call es_streams_free before event_base_free. You can free everything else
 * in any order, even while streams are open.
 *
 * Every build, not only a debug build, detects the use of a freed object: the functions return ES_INVALID_HANDLE, and
 * freeing an object twice does nothing. An object of another kind gets the same treatment and, in the child of fork(),
 * so does every object created before the fork. To detect this, the library keeps a few bytes of each freed object. It
 * reuses them after 1,024 more objects have been freed. The library does not detect that an object is freed while
 * another thread is using it.
 *
 * Structs that may grow in later versions begin with their size. ES_STRUCT and the ES_..._INIT macros fill it in.
 * Fields that you do not set are zero, which is always the default:
 *
 *   es_event event = ES_EVENT_INIT;                                                      // C and C++
 *   es_publish_event(hub, &news, 1, &ES_STRUCT(es_event, .type = "hello"), NULL);        // C
 *
 * A size of 0 means the struct as defined in version 0.1. A struct larger than the library's own is accepted if all the
 * fields that the library does not know are zero. Otherwise, and for a size that no version has used, the call fails
 * with ES_INVALID_VALUE. Structs passed to callbacks have the library's size.
 *
 * Text is UTF-8 and ends with NUL, unless its length is passed separately. The library checks the encoding and copies
 * the text, so the caller can free its memory after the call. Text passed to a callback is valid until the callback
 * returns.
 *
 * Threads. You can call the functions of a hub, of runs, the functions that answer a request (es_replay_...,
 * es_authorization_..., es_snapshot_..., es_run_creation_...) and all functions without an object on any thread,
 * concurrently, and from callbacks. Call the functions of es_streams on the thread that runs the event base. Use an
 * es_config on one thread at a time. The library works with and without evthread_use_pthreads(); it calls libevent on
 * the base's thread only.
 *
 * Unless their description names another thread, callbacks run on threads of the library, several at a time. They may
 * block, but as many blocked callbacks as the machine has processors delay all others of their kind. They must not
 * unwind through the library, neither by an exception nor by longjmp.
 *
 * A program that writes to sockets must ignore SIGPIPE: signal(SIGPIPE, SIG_IGN). Every evhttp program does that. The
 * library's threads do not survive fork(), so create hubs in the process that serves. A child that only calls exec or
 * _exit, such as those of system() and posix_spawn(), has no effect on the library.
 */
#ifndef EVENTSOURCE_H
#define EVENTSOURCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct evhttp;
struct evhttp_request;

/* The version of this header. The pkg-config file has the same one. */
#define ES_VERSION "0.2.0"

#ifndef __cplusplus
/* A struct with its size and the named fields set. Its address can be taken. */
#define ES_STRUCT(type, ...) ((type){.size = sizeof(type), __VA_ARGS__})
#endif

/* Returns the version of the library at run time, which can be later than ES_VERSION. The text is never freed. */
const char *es_version(void);

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

typedef enum es_status {
  ES_OK = 0,
  /* A required pointer is NULL. */
  ES_NULL_ARGUMENT = 1,
  /* A text is not UTF-8, is too long, is empty, or contains a character that is not allowed there. */
  ES_INVALID_TEXT = 2,
  /* A number, an option or an outcome is not allowed here. */
  ES_INVALID_VALUE = 3,
  /* The hub has no channel of this name and does not create channels on demand. */
  ES_UNKNOWN_CHANNEL = 4,
  /* The event or the number of channels exceeds a limit of the hub. */
  ES_LIMIT_EXCEEDED = 5,
  /* The hub was closed. */
  ES_CLOSED = 6,
  /* The evhttp already has a callback for this path. */
  ES_PATH_IN_USE = 7,
  /* No mounted path that es_streams_serve serves matches the request. The request is unchanged. */
  ES_NO_ROUTE = 8,
  /* The request was answered before, or the reader has disconnected. */
  ES_NOT_PENDING = 9,
  /* The system or libevent reported an error. */
  ES_OUT_OF_RESOURCES = 10,
  /* The object was freed, is of another kind, or was created before fork(). */
  ES_INVALID_HANDLE = 11,
  /* The channel has a history that records its events. Publish with es_publish_recorded. */
  ES_RECORDED_CHANNEL = 12,
  /* A history cannot be opened, read or written. */
  ES_HISTORY_FAILED = 13,
  /* The history received the event but did not answer in time, so the event may or may not be recorded. If it was
   * recorded, it is published. */
  ES_OUTCOME_UNKNOWN = 14,
  /* The run has ended. */
  ES_ENDED = 15,
  /* The collection has no run with this ID in memory. */
  ES_UNKNOWN_RUN = 16,
  /* The collection already has a run with this ID. */
  ES_RUN_EXISTS = 17
} es_status;

/* Returns the meaning of a status, in one line, also for numbers that are not a status. The text is never freed. */
const char *es_status_message(es_status status);

/* Returns a description of the last failed call on this thread, or "" if no call has failed. Valid until the next
 * failed call on this thread or until the thread ends. */
const char *es_last_error(void);

/* A name and a value: a header field (RFC 9110, 5) or a metadata entry of a log record. This struct does not grow. */
typedef struct es_field {
  const char *name;
  const char *value;
} es_field;

/* ---- Logging --------------------------------------------------------------------------------------------------- */

typedef enum es_log_level {
  ES_LOG_DEBUG = 0,   /* For debugging: a reader connected, was rejected, or disconnected. */
  ES_LOG_INFO = 1,    /* Rare events of normal operation. */
  ES_LOG_WARNING = 2, /* A problem of one reader. */
  ES_LOG_ERROR = 3    /* A problem of the service: a repository or an authorizer failed. */
} es_log_level;

/* Receives the library's log records. They never contain event data. */
typedef struct es_logger {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Handles a record. The message is constant for each kind of record; the fields hold the details, escaped. Called on
   * any thread, including the base's thread while events wait for delivery, so it must return quickly and must not call
   * this library. Required. */
  void (*log)(void *context, es_log_level level, const char *message, const es_field *fields, size_t field_count);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
} es_logger;

#define ES_LOGGER_INIT {sizeof(es_logger), NULL, NULL, NULL}

/* ---- Authorization --------------------------------------------------------------------------------------------- */

/* A request for a stream, or to start or stop a run, as passed to an authorizer. */
typedef struct es_request {
  size_t size;
  const char *method; /* GET or HEAD. With es_streams_mount_runs also POST, which starts a run, and DELETE. */
  const char *target; /* Path and query, as received. */
  const char *peer;   /* The peer's address without the port; the proxy's, behind a proxy. NULL if unknown. */
  const es_field *fields;
  size_t field_count;
  /* The requested channels, without duplicates. At least one. They may not exist. With es_streams_mount_runs: the name
   * of the collection to start a run; that name, a slash and the run's ID to read it, also by a repeated POST, or to
   * stop it. */
  const char *const *channels;
  size_t channel_count;
  /* Only for es_run_creator: the identity that the authorizer gave, or NULL, and the request's body. */
  const char *identity;
  const char *body;
  size_t body_length;
} es_request;

/* Returns the value of the first field with this name, or NULL if there is none. The comparison ignores case. */
const char *es_request_field(const es_request *request, const char *name);

/* A request that waits for an answer. Not a pointer to anything, so using it after the answer is harmless. */
typedef struct es_authorization es_authorization;

/* Decides which channels a caller may read. */
typedef struct es_authorizer {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Decides about a request before the response begins. Call es_authorization_grant, _answer, _reject or _fail exactly
   * once with `authorization`, now or later, on any thread. A request without an answer after 30 seconds is rejected
   * with 503. Required. */
  void (*authorize)(void *context, es_authorization *authorization, const es_request *request);
  /* The answer is no longer needed: the reader disconnected or the timeout expired. Called at most once per
   * authorization, after `authorize` has returned, and only if no answer was accepted. Called on any thread, including
   * the base's, so it must return quickly. May be NULL. */
  void (*cancelled)(void *context, es_authorization *authorization);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
} es_authorizer;

#define ES_AUTHORIZER_INIT {sizeof(es_authorizer), NULL, NULL, NULL, NULL}

/* Grants all requested channels.
 *
 * expires_after_ms: The duration of the grant in milliseconds. Then the stream ends, and the authorizer is called again
 *   when the reader reconnects. ES_NONE means that the grant lasts as long as the stream.
 * identity: Identifies the caller for ES_OPTION_MAXIMUM_READERS_PER_CALLER. NULL means that the peer's address does.
 * Fails with ES_NOT_PENDING, ES_INVALID_VALUE, ES_INVALID_TEXT. After any error except ES_NOT_PENDING you may answer
 * again. */
es_status es_authorization_grant(es_authorization *authorization, int64_t expires_after_ms, const char *identity);

/* A grant with more choices than es_authorization_grant offers. */
typedef struct es_grant {
  size_t size;
  int64_t expires_after_ms; /* As for es_authorization_grant. 0 and ES_NONE mean as long as the stream. */
  const char *identity;     /* As for es_authorization_grant. */
  /* The granted channels, which must be among the requested ones. The stream has only these. An empty list rejects the
   * request with 403. NULL grants all. */
  const char *const *channels;
  size_t channel_count;
  /* The channel to read for each of `channels`, for example "user-42" for "me". NULL, for the array or an entry, means
   * the channel itself. */
  const char *const *aliases;
  /* 1 ends all other open streams of this identity. Requires an identity. */
  int replaces;
} es_grant;

#define ES_GRANT_INIT {sizeof(es_grant), 0, NULL, NULL, 0, NULL, 0}

/* Answers with a grant. Fails like es_authorization_grant. */
es_status es_authorization_answer(es_authorization *authorization, const es_grant *grant);

/* Rejects the request with a status: 204, after which browsers do not reconnect, or 400 to 599. The reason is one line
 * and becomes the body; NULL means an empty body. The response has only the given fields in addition: a 401 should have
 * WWW-Authenticate (RFC 9110, 11.6.1). Fields that frame the response, such as Content-Length, and invalid fields are
 * omitted. Fails like es_authorization_grant. */
es_status es_authorization_reject(
  es_authorization *authorization, int status, const char *reason, const es_field *fields, size_t field_count);

/* Reports that the authorizer cannot decide. The request is rejected with 503. The reason is logged but not sent. Fails
 * like es_authorization_grant. */
es_status es_authorization_fail(es_authorization *authorization, const char *reason);

/* ---- Configuration --------------------------------------------------------------------------------------------- */

/* "No limit", "never" or "none", for options that allow it. */
#define ES_NONE ((int64_t)-1)

typedef enum es_option {
  /* Options of a hub, for es_hub_create. The default ends each description. */

  /* 1 creates a channel for its first reader or publisher. With 0, only opened channels exist. Default: 0. */
  ES_OPTION_CHANNELS_ON_DEMAND = 1,
  /* The maximum number of channels that exist on demand. Default: 100,000. */
  ES_OPTION_MAXIMUM_CHANNELS = 2,
  /* The bytes of past events that each channel retains for slow and returning readers. Default: 8 MiB. */
  ES_OPTION_RETENTION_BYTES = 3,
  /* The number of events that each channel retains. Default: ES_NONE. */
  ES_OPTION_RETENTION_EVENTS = 4,
  /* The age in milliseconds up to which each channel retains events. Default: ES_NONE. */
  ES_OPTION_RETENTION_AGE_MS = 5,
  /* The maximum memory, in bytes, for everything that the hub holds for readers. Default: 256 MiB. */
  ES_OPTION_MEMORY_LIMIT = 6,
  /* The maximum encoded size of an event in bytes, at most 1 GiB. Default: 16 MiB. */
  ES_OPTION_MAXIMUM_EVENT_BYTES = 7,
  /* The maximum number of concurrent streams. Further requests get 503. Default: 100,000. */
  ES_OPTION_MAXIMUM_READERS = 8,
  /* The maximum number of concurrent streams per channel. Further requests get 503. Default: ES_NONE. */
  ES_OPTION_MAXIMUM_READERS_PER_CHANNEL = 9,
  /* The maximum number of concurrent streams per caller. Further requests get 429. Default: ES_NONE. */
  ES_OPTION_MAXIMUM_READERS_PER_CALLER = 10,
  /* The bytes that may wait for a reader before it counts as too slow. ES_NONE means as many as the channel retains.
   * Default: ES_NONE. */
  ES_OPTION_MAXIMUM_BACKLOG_BYTES = 11,
  /* The time in milliseconds that data may wait for a reader that accepts some data occasionally. Default: ES_NONE. */
  ES_OPTION_MAXIMUM_LAG_MS = 12,
  /* What happens to a reader that is too slow. 0 disconnects it; it can resume. 1 continues with the newest event and
   * reports the skipped ones with a gap event. 2 sends only the newest event of each key until the reader has caught
   * up; the key is the event's type unless the event has a key of its own. Default: 0. */
  ES_OPTION_SLOW_READERS = 13,
  /* The time in milliseconds that a recording history may take for one batch. After that, es_publish_recorded reports
   * ES_OUTCOME_UNKNOWN. Default: 10,000. */
  ES_OPTION_RECORDING_TIMEOUT_MS = 14,
  /* The time in milliseconds that a channel counts as occupied after its last reader has left, for
   * es_config_set_occupancy_observer. Default: 0. */
  ES_OPTION_OCCUPANCY_LINGER_MS = 15,
  /* Like ES_OPTION_COALESCING_MS, for one channel at all paths. 0 turns coalescing off. ES_NONE means the streams'
   * setting. Default: ES_NONE. */
  ES_OPTION_CHANNEL_COALESCING_MS = 16,
  /* The time in milliseconds for which a channel with a shared history (eventsource-redis.h) is followed after its last
   * reader has left. A reader that returns within this time is served from memory. Default: 30,000. */
  ES_OPTION_FOLLOW_LINGER_MS = 17,
  /* The time in milliseconds for which the streams of a shared channel stay open while its history cannot be reached.
   * After it, readers are disconnected with a `retry`. ES_NONE keeps them connected. Default: ES_NONE. */
  ES_OPTION_STALE_LIMIT_MS = 18,

  /* Options of the streams at one path, for es_streams_mount. */

  /* The maximum number of channels per stream, at most 256. Requests for more get 400. Default: 16. */
  ES_OPTION_MAXIMUM_CHANNELS_PER_STREAM = 101,
  /* The maximum length in bytes of a last event ID. A reader with a longer one gets a gap event. Default: 4096. */
  ES_OPTION_MAXIMUM_LAST_EVENT_ID_BYTES = 102,
  /* 1 sends all retained events to a reader without a last event ID before new ones. 0 sends only new events. Default:
   * 0. */
  ES_OPTION_REPLAYS_TO_NEW_READERS = 103,
  /* What a reader gets if some of the events that it missed are no longer available. 0 sends a gap event and all
   * retained events. 1 sends a gap event and only new events. 400 to 599 reject the request with that status.
   * es_config_get returns 2 if es_config_set_snapshots has set a snapshot instead. Default: 0. */
  ES_OPTION_GAP_POLICY = 104,
  /* The idle time in milliseconds after which a stream sends a comment. ES_NONE means never. Default: 15,000. */
  ES_OPTION_HEARTBEAT_MS = 105,
  /* The reconnection time in milliseconds that is sent to readers. ES_NONE sends none. Default: ES_NONE. */
  ES_OPTION_RECONNECTION_MS = 106,
  /* The random spread of the reconnection time in percent. It keeps readers from reconnecting all at once. Default:
   * 50. */
  ES_OPTION_RECONNECTION_JITTER_PERCENT = 107,
  /* The maximum duration of a stream in milliseconds. Default: ES_NONE. */
  ES_OPTION_MAXIMUM_STREAM_MS = 108,
  /* The random spread of the maximum duration in percent, at most 99. Default: 10. */
  ES_OPTION_STREAM_JITTER_PERCENT = 109,
  /* The time in milliseconds after which a connection that accepts no data is closed. Default: 30,000. */
  ES_OPTION_STALL_MS = 110,
  /* The interval in milliseconds in which a reader gets at most one event, the newest. ES_NONE sends every event.
   * Default: ES_NONE. */
  ES_OPTION_COALESCING_MS = 112,
  /* The Retry-After value, in milliseconds, when a request is rejected because a limit has been reached. Default:
   * 5,000. */
  ES_OPTION_RETRY_AFTER_MS = 113,
  /* 1 allows pages of allowed origins to send credentials (Fetch, CORS protocol). Default: 0. */
  ES_OPTION_ALLOWS_CREDENTIALS = 114,
  /* The interval in milliseconds at which the authorizer is called again for an open stream. The stream ends if it is
   * rejected. ES_NONE means that the authorizer is called only once, before the stream opens. Default: ES_NONE. */
  ES_OPTION_REAUTHORIZATION_MS = 115,
  /* 1 lets the query add channels to those of the path or the configuration. Access rules by path, for example in a
   * proxy, then no longer cover all channels that are read. 0 rejects such a request with 400. Default: 0. */
  ES_OPTION_ADDS_CHANNELS_FROM_QUERY = 116,
  /* What happens to a stream of several channels when one of them is removed. 0 ends the stream after everything
   * published has been sent. 1 continues with the other channels and sends an event of type "eventsource-removed".
   * Default: 0. */
  ES_OPTION_CHANNEL_REMOVAL = 117,
  /* The time in milliseconds that a browser may cache a preflight response, at most a day. Default: 3,600,000. */
  ES_OPTION_PREFLIGHT_AGE_MS = 118,
  /* 1 allows pages from the public internet to read from this server in a private network or on the same machine
   * (Private Network Access). Default: 0. */
  ES_OPTION_ALLOWS_PRIVATE_NETWORK = 119,
  /* The response to a request for a channel that does not exist, for example because it was removed. 0 means 404. 1
   * means 204, after which browsers do not reconnect. 2 waits until the channel is opened, for at most
   * ES_OPTION_MISSING_CHANNEL_WAIT_MS, and then responds with 404; the waiting request counts as a stream. Default:
   * 0. */
  ES_OPTION_MISSING_CHANNEL = 120,
  /* The maximum wait in milliseconds for ES_OPTION_MISSING_CHANNEL with the value 2, at least 1. Default: 30,000. */
  ES_OPTION_MISSING_CHANNEL_WAIT_MS = 121,
  /* Compresses streams by gzip for readers that accept it, at this level: 1 (fastest) to 9 (smallest). A channel's
   * events are compressed once for all its readers. Do not use it for streams that carry both a secret and text of a
   * stranger's choice: the size reveals whether the text resembles the secret. 0 does not compress. Default: 0. */
  ES_OPTION_GZIP_LEVEL = 122,

  /* Options of a collection of runs, for es_runs_create. */

  /* The maximum number of runs, including ended runs that are still kept. At the maximum, a new run discards the run
   * without viewers that ended first. Default: 10,000. */
  ES_OPTION_MAXIMUM_RUNS = 201,
  /* The maximum encoded bytes of one run's events, at least 1,024. A write that exceeds it stops the run. Default: 4
   * MiB. */
  ES_OPTION_MAXIMUM_BYTES_PER_RUN = 202,
  /* The maximum memory of all runs in bytes, at least 16 KiB. At the maximum, the run without viewers that ended first
   * is discarded; if there is none, producers wait. All collections of a hub may have at most half of
   * ES_OPTION_MEMORY_LIMIT. Default: 64 MiB. */
  ES_OPTION_RUNS_MEMORY_LIMIT = 203,
  /* The maximum time in milliseconds that es_run_write_recorded waits for memory. Default: 30,000. */
  ES_OPTION_RUN_WRITE_TIMEOUT_MS = 204,
  /* The maximum duration of a run in milliseconds. Then it is asked to stop. Default: 3,600,000. */
  ES_OPTION_MAXIMUM_RUN_MS = 205,
  /* The maximum time in milliseconds without viewers, from the beginning or since the last viewer left. Then the run is
   * asked to stop. Default: ES_NONE. */
  ES_OPTION_UNWATCHED_LIMIT_MS = 206,
  /* The time in milliseconds during which a run may still be written after it was asked to stop. 0 ends it immediately.
   * Default: 0. */
  ES_OPTION_STOP_GRACE_MS = 207,
  /* The time in milliseconds for which a run is kept after its end, for viewers that return. Default: 60,000. */
  ES_OPTION_RUN_RETENTION_MS = 208,
  /* 1 begins each run with an event of type "eventsource-run" that contains its ID. Default: 1. */
  ES_OPTION_ANNOUNCES_RUN_ID = 209,
  /* The status for a viewer that returns after the end and has all of the run: 204, after which browsers do not
   * reconnect, or 400 to 599. Default: 204. */
  ES_OPTION_STATUS_AFTER_END = 210,
  /* The response to a request whose Accept field admits no event stream. 0 sends the complete run as JSON lines when it
   * ends. 1 rejects the request with 406. 2 sends the event stream. Default: 0. */
  ES_OPTION_WITHOUT_EVENT_STREAMS = 211,
  /* With a shared history: the approximate time in milliseconds after which a process that does not answer is taken for
   * ended, and the viewers of its runs get an end with the outcome "interrupted". Default: 15,000. */
  ES_OPTION_RUN_PRODUCER_TIMEOUT_MS = 212
} es_option;

typedef enum es_text_option {
  /* For hubs: the prefix of all generated IDs, 1 to 32 letters and digits. NULL generates a random one. Default:
   * NULL. */
  ES_TEXT_ID_PREFIX = 1,
  /* For streams: the query item with which a request names channels if neither the path nor the configuration does.
   * Otherwise, a request with this item gets 400. NULL means that requests cannot name channels. Default: "channel". */
  ES_TEXT_CHANNEL_QUERY_ITEM = 101,
  /* For streams: a comment line at the beginning, for proxies that wait for the first byte of a body. NULL sends none.
   * Default: "". */
  ES_TEXT_OPENING_COMMENT = 102
} es_text_option;

/* Options whose value is a list of texts. All of them apply to streams. */
typedef enum es_list_option {
  /* The query items in which a request can send its last event ID, for clients that cannot send the header. The first
   * with a value counts. Default: "lastEventID", "lastEventId", "last-event-id". */
  ES_LIST_LAST_EVENT_ID_QUERY_ITEMS = 101,
  /* The methods that a preflight response allows. Streams support only GET and HEAD. Default: "GET", "HEAD". */
  ES_LIST_ALLOWED_METHODS = 102,
  /* The request fields that a preflight response allows. Default: "Accept", "Authorization", "Cache-Control",
   * "Content-Type", "Last-Event-ID". */
  ES_LIST_ALLOWED_FIELDS = 103,
  /* The response fields that scripts may read in addition to those that the Fetch standard always exposes. Default:
   * none. */
  ES_LIST_EXPOSED_FIELDS = 104
} es_list_option;

/* The purpose of a configuration. */
typedef enum es_config_kind {
  /* A hub and its streams. Has the options up to 200. */
  ES_CONFIG_ALL = 0,
  /* A hub, for es_hub_create. Has the options up to 100. */
  ES_CONFIG_HUB = 1,
  /* One channel, for es_hub_open_channel_configured and es_hub_reconfigure. Has ES_OPTION_RETENTION_...,
   * ES_OPTION_MAXIMUM_BACKLOG_BYTES, ES_OPTION_MAXIMUM_LAG_MS, ES_OPTION_SLOW_READERS and
   * ES_OPTION_CHANNEL_COALESCING_MS. */
  ES_CONFIG_CHANNEL = 2,
  /* The streams at a path, for es_streams_mount. Has the options from 101 to 200, channels, fields, origins and the
   * authorizer. */
  ES_CONFIG_STREAMS = 3,
  /* A collection of runs and its streams, for es_runs_create. Has the options from 101 on, fields, origins, the
   * authorizer, the run observer and the history. Viewers always begin at a run's beginning. */
  ES_CONFIG_RUNS = 4
} es_config_kind;

/* The settings of a hub, a channel, the streams at a path, or runs. Functions that use a configuration copy it, so you
 * can change it afterwards or free it. */
typedef struct es_config es_config;

/* Creates a configuration with the defaults. Free it with es_config_free. Setting an option that the kind does not have
 * fails with ES_INVALID_VALUE. So does passing a configuration to a function that needs another kind. */
es_status es_config_create_for(es_config_kind kind, es_config **config);

/* Creates a configuration of kind ES_CONFIG_ALL. Pass it to es_hub_create before es_streams_mount: mounting fails with
 * ES_INVALID_VALUE if options of a hub are set and no hub was created with them. */
es_status es_config_create(es_config **config);

/* Frees a configuration. */
void es_config_free(es_config *config);

/* Sets an option. Fails with ES_INVALID_VALUE if the value is not allowed. */
es_status es_config_set(es_config *config, es_option option, int64_t value);

/* Reads an option. Fails with ES_INVALID_VALUE if the configuration has no such option. */
es_status es_config_get(const es_config *config, es_option option, int64_t *value);

/* Sets a text option. Fails with ES_INVALID_TEXT if the text is not allowed, with ES_INVALID_VALUE if there is no such
 * option. */
es_status es_config_set_text(es_config *config, es_text_option option, const char *text);

/* Replaces a list option. A count of 0 sets an empty list. Fails with ES_INVALID_VALUE, ES_INVALID_TEXT. */
es_status es_config_set_list(es_config *config, es_list_option option, const char *const *texts, size_t count);

/* Adds a channel to every stream that is mounted with this configuration, whatever the request names. */
es_status es_config_add_channel(es_config *config, const char *channel);

/* Adds a field to the response of every stream. Fails with ES_INVALID_TEXT for invalid fields and for fields that frame
 * the response, such as Content-Length. */
es_status es_config_add_field(es_config *config, const char *name, const char *value);

/* Allows pages of one more origin, such as "https://example.org", to read the streams (Fetch, CORS protocol). "*"
 * allows all origins. */
es_status es_config_allow_origin(es_config *config, const char *origin);

/* Decides about origins with a function, for example for subdomains or origins in a database. */
typedef struct es_origins {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Returns 1 if pages of the origin may read the streams, else 0. origin: the request's Origin field as received,
   * which a client can forge. It may be "null". Compare the whole value, not only its end. Called on the base's thread
   * for every request that has the field, so it must return quickly. Required. */
  int (*allows)(void *context, const char *origin);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
} es_origins;

#define ES_ORIGINS_INIT {sizeof(es_origins), NULL, NULL, NULL}

/* Sets a function that decides about origins and replaces the origins allowed before. NULL allows only the server's own
 * pages. The library keeps the context until `release`, unless this call fails. */
es_status es_config_set_origins(es_config *config, const es_origins *origins);

/* Sets the logger of hubs. NULL sets none. The library keeps the context until `release`, unless this call fails. */
es_status es_config_set_logger(es_config *config, const es_logger *logger);

/* The reason why a stream ended. */
typedef enum es_disconnect_reason {
  ES_LEFT_PEER_DISCONNECTED = 1,        /* The peer disconnected or became unreachable. */
  ES_LEFT_FELL_BEHIND = 2,              /* The reader's next event was no longer retained. */
  ES_LEFT_BACKLOG = 3,                  /* ES_OPTION_MAXIMUM_BACKLOG_BYTES was exceeded. */
  ES_LEFT_LAG_EXCEEDED = 4,             /* ES_OPTION_MAXIMUM_LAG_MS was exceeded. */
  ES_LEFT_OVER_BUDGET = 5,              /* ES_OPTION_MEMORY_LIMIT was reached. */
  ES_LEFT_STALLED = 6,                  /* The connection accepted no data for ES_OPTION_STALL_MS. */
  ES_LEFT_MAXIMUM_DURATION_REACHED = 7, /* ES_OPTION_MAXIMUM_STREAM_MS was reached. */
  ES_LEFT_AUTHORIZATION_ENDED = 8,      /* The grant expired. */
  ES_LEFT_REVOKED = 9,                  /* The grant was revoked. */
  ES_LEFT_REPOSITORY_FAILED = 10,       /* The history failed. */
  ES_LEFT_CHANNEL_REMOVED = 11,         /* The channel was removed. */
  ES_LEFT_DRAINING = 12,                /* The streams were drained, or the hub was closed. */
  ES_LEFT_STREAMS_FREED = 13,           /* es_streams_free was called. */
  ES_LEFT_RUN_ENDED = 14                /* The run ended, and the reader has all of it. */
} es_disconnect_reason;

/* The kinds of changes of a channel's readers. */
typedef enum es_occupancy {
  /* The channel got its first reader. ES_READER_JOINED for that reader follows. */
  ES_OCCUPIED = 1,
  /* A stream that reads the channel was opened. */
  ES_READER_JOINED = 2,
  /* A stream that reads the channel ended, or the channel was removed from it. */
  ES_READER_LEFT = 3,
  /* The channel's last reader left, and no other joined within ES_OPTION_OCCUPANCY_LINGER_MS. */
  ES_VACATED = 4,
  /* The observer was too slow, so changes were dropped. Exactly the channels in `channels` are occupied now. */
  ES_RESYNCHRONIZED = 5
} es_occupancy;

/* A change of a channel's readers. */
typedef struct es_occupancy_change {
  size_t size;
  es_occupancy what;
  const char *channel; /* NULL with ES_RESYNCHRONIZED. */
  size_t readers;      /* The number of streams that read the channel now. */
  /* For ES_READER_JOINED and ES_READER_LEFT: a number that is unique to the stream and the same in all its channels,
   * the identity that the authorizer gave, and the peer's address. identity and peer are NULL if unknown. */
  uint64_t stream;
  const char *identity;
  const char *peer;
  es_disconnect_reason reason; /* For ES_READER_LEFT. */
  const char *const *channels; /* For ES_RESYNCHRONIZED. */
  size_t channel_count;
} es_occupancy_change;

/* Observes which channels have readers, and every reader that joins and leaves. */
typedef struct es_occupancy_observer {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Handles a change. Called in the order of the changes, one call at a time, on threads of the library. The callback
   * may block and call the library: readers do not wait for it. The state may have changed again by the time of the
   * call. If more than 10,000 changes wait, the rest is replaced by ES_RESYNCHRONIZED. Required. */
  void (*changed)(void *context, const es_occupancy_change *change);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
} es_occupancy_observer;

#define ES_OCCUPANCY_OBSERVER_INIT {sizeof(es_occupancy_observer), NULL, NULL, NULL}

/* Sets the observer of hubs. NULL sets none. The library keeps the context until `release`, unless this call fails. */
es_status es_config_set_occupancy_observer(es_config *config, const es_occupancy_observer *observer);

/* Sets the authorizer of streams. NULL lets everyone read everything. The library keeps the context until `release`,
 * unless this call fails. */
es_status es_config_set_authorizer(es_config *config, const es_authorizer *authorizer);

/* ---- Hub ------------------------------------------------------------------------------------------------------- */

/* A hub: channels, their retained events, and their readers. */
typedef struct es_hub es_hub;

/* Creates a hub. Free it with es_hub_free. A NULL config means the defaults. Fails with ES_INVALID_VALUE for a
 * configuration of another kind. */
es_status es_hub_create(const es_config *config, es_hub **hub);

/* Frees a hub. Streams that still use it keep it alive until they are freed. */
void es_hub_free(es_hub *hub);

/* Opens a channel. Has no effect if the channel is already open. The name has 1 to 255 bytes without control
 * characters. */
es_status es_hub_open_channel(es_hub *hub, const char *channel);

/* Opens a channel with its own settings. If the channel is already open, succeeds and leaves its settings unchanged.
 * Options that the configuration does not set come from the hub. config: of kind ES_CONFIG_CHANNEL or ES_CONFIG_ALL. */
es_status es_hub_open_channel_configured(es_hub *hub, const char *channel, const es_config *config);

/* Removes a channel and its retained events. Its streams end after everything published has been sent. Has no effect if
 * there is no such channel. */
es_status es_hub_remove_channel(es_hub *hub, const char *channel);

/* Replaces the settings of an open channel. Options that the configuration does not set come from the hub. Readers that
 * exceed a new limit immediately count as slow. Fails with ES_UNKNOWN_CHANNEL. */
es_status es_hub_reconfigure(es_hub *hub, const char *channel, const es_config *config);

/* A snapshot of a channel. */
typedef struct es_channel {
  size_t size;
  const char *name;
  uint64_t readers;              /* Streams that read the channel. */
  uint64_t replaying_readers;    /* Of these, streams that are receiving missed events from the history. */
  uint64_t readers_behind;       /* Of these, streams that have not received the newest event yet. */
  uint64_t events_published;     /* Events and comments published since the channel was opened. */
  uint64_t retained_events;      /* Events and comments in memory. */
  uint64_t retained_bytes;       /* Their memory in bytes. */
  uint64_t waiting_publications; /* Publications that are waiting for the history. */
  const char *oldest_id;         /* The oldest event in memory. NULL if there is none. */
  const char *newest_id;         /* The newest event in memory. NULL if there is none. */
  int64_t idle_ms;               /* Time since the newest event in memory was published. ES_NONE if there is none. */
  int has_repository;            /* 1 if the channel has a history. */
} es_channel;

/* Calls a function with a channel, on the calling thread and before this function returns. Briefly takes a lock. Fails
 * with ES_UNKNOWN_CHANNEL. */
es_status es_hub_visit_channel(
  es_hub *hub, const char *channel, void (*visit)(void *context, const es_channel *channel), void *context);

/* Calls a function with every channel, in the order in which they were opened. The function may call the library. */
es_status es_hub_visit_channels(
  es_hub *hub, void (*visit)(void *context, const es_channel *channel), void *context);

/* Immediately ends the streams that an authorizer granted to this identity. The caller can reconnect, so make the
 * authorizer reject it first. channel: ends only streams of this channel. NULL means all streams. */
es_status es_hub_revoke(es_hub *hub, const char *identity, const char *channel);

/* Ends every stream immediately after everything published has been sent. New requests get 503, and publishing fails
 * with ES_CLOSED. */
es_status es_hub_close(es_hub *hub);

/* A hub's totals since its creation, and its current state. */
typedef struct es_statistics {
  uint64_t readers;           /* Open requests and streams. */
  uint64_t channels;          /* Current channels. */
  uint64_t events_published;  /* Published events. An event for several channels counts once per channel. */
  uint64_t published_bytes;   /* The encoded bytes of the published events. */
  uint64_t events_delivered;  /* Events and comments delivered to readers, counted per reader. */
  uint64_t events_replayed;   /* Delivered events that came from a history. */
  uint64_t sent_bytes;        /* Bytes that connections accepted. */
  uint64_t events_coalesced;  /* Events replaced by a newer one within a coalescing window. */
  uint64_t gaps;              /* Gap events sent to readers. */
  uint64_t streams_opened;    /* Opened streams. */
  uint64_t requests_rejected; /* Rejected requests. */
  uint64_t streams_ended;     /* Ended streams. */
  uint64_t streams_dropped;   /* Streams that ended because the reader was too slow. */
  uint64_t retained_bytes;    /* The bytes of logs, replays and waiting publications. */
  uint64_t events_skipped;    /* Events that slow readers skipped. */
  uint64_t events_conflated;  /* Events that slow readers missed because a newer one had the same key. */
} es_statistics;

/* Fills in the statistics. size: sizeof(es_statistics), so that the program can be older or newer than the library.
 * Fields that the program does not know are omitted; fields that the library does not know are 0. Briefly takes
 * locks. */
es_status es_hub_statistics(const es_hub *hub, es_statistics *statistics, size_t size);

/* ---- Publishing ------------------------------------------------------------------------------------------------ */

/* A retry_ms of es_event: reconnect without delay. */
#define ES_RETRY_AT_ONCE ((int64_t)-1)

/* An event (WHATWG HTML 9.2.6). Fields that are zero are absent. All elements of an array have the size of the
 * first. */
typedef struct es_event {
  size_t size;
  const char *data;   /* CR and CR LF arrive as LF. May be NULL if data_length is 0. */
  size_t data_length; /* In bytes. */
  const char *type;   /* One line. NULL means "message". */
  const char *id;     /* One line, not empty. With NULL, the hub generates one. */
  int64_t retry_ms;   /* The new reconnection time of readers, or ES_RETRY_AT_ONCE. 0 leaves it unchanged. */
  const char *key;    /* Compared by ES_OPTION_SLOW_READERS, not sent. NULL means that the type is the key. */
} es_event;

#define ES_EVENT_INIT {sizeof(es_event), NULL, 0, NULL, NULL, 0, NULL}

/* The ID that a hub generated for an event, with its NUL. "" if the event has its own ID. This struct does not grow. */
typedef struct es_event_id {
  char text[96];
} es_event_id;

/* Publishes an event that has only data. The cost does not depend on the number of readers. Never waits for readers.
 * Fails with ES_UNKNOWN_CHANNEL, ES_LIMIT_EXCEEDED, ES_CLOSED, ES_INVALID_TEXT, ES_RECORDED_CHANNEL. */
es_status es_publish(es_hub *hub, const char *channel, const char *data, size_t data_length);

/* Publishes an event to several channels. An event without an ID gets one from each channel. Publishes to all
 * channels or, if one is unknown, to none. ids: receives the generated IDs, one per channel. May be NULL. Fails like
 * es_publish. */
es_status es_publish_event(
  es_hub *hub, const char *const *channels, size_t channel_count, const es_event *event, es_event_id *ids);

/* Publishes a one-line comment, which clients do not pass on to applications. Fails like es_publish. */
es_status es_publish_comment(es_hub *hub, const char *channel, const char *comment, size_t comment_length);

/* The result of a recorded publication. */
typedef struct es_publication {
  size_t size;
  /* ES_OK: the event is recorded and published. ES_OUTCOME_UNKNOWN: the event may be recorded; check the history
   * before you publish it again. Any other status: the event is neither recorded nor published, and you can publish
   * it again. */
  es_status status;
  const char *id;    /* The event's ID. NULL if it was not published. */
  const char *error; /* A one-line description of the error. "" if there is none. */
} es_publication;

/* Records an event in its channel's history (es_hub_set_history), then publishes it, so that the history and the
 * readers never differ. Publications to one channel by one thread keep the order of the calls. Publications that wait
 * together are recorded in one batch. Without a history, publishes immediately.
 *
 * published: Called once, unless this function fails. Runs on a thread of the library or, if the channel has no
 *   history, on the calling thread before this function returns. May be NULL.
 * Fails like es_publish, with ES_LIMIT_EXCEEDED if too much data already waits for histories, and with a status of
 * es_publication if that is known before this function returns. */
es_status es_publish_recorded(
  es_hub *hub, const char *channel, const es_event *event,
  void (*published)(void *context, const es_publication *publication), void *context);

/* ---- History --------------------------------------------------------------------------------------------------- */

/* A request for a batch of missed events. Not a pointer to anything, so using it after the answer is harmless. */
typedef struct es_replay es_replay;

/* The parameters of a replay. */
typedef struct es_replay_request {
  size_t size;
  const char *channel;
  const char *last_event_id; /* The reader's last event. May come from a peer. NULL means from the beginning. */
  size_t maximum_events;     /* The maximum number of events in the answer, at least 1. */
  size_t maximum_bytes;      /* The approximate maximum of data. A single event may be larger. */
} es_replay_request;

typedef enum es_replay_outcome {
  /* The events directly after the requested one, without gaps. Empty if there are no later events. */
  ES_REPLAY_CONTIGUOUS = 0,
  /* The requested event existed, but some events after it were discarded. The answer has the earliest available
   * events. */
  ES_REPLAY_GAP = 1,
  /* The requested event never existed. */
  ES_REPLAY_UNKNOWN_ID = 2
} es_replay_outcome;

/* A store of past events, supplied by the program. It serves returning readers the events that the hub no longer
 * retains. The program stores each event, with its ID, before it publishes the event. */
typedef struct es_repository {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Looks up the events after an event, oldest first. Call es_replay_answer or es_replay_fail exactly once with
   * `replay`, now or later, on any thread. The next batch is requested after the reader has received this one.
   * Required. */
  void (*replay)(void *context, es_replay *replay, const es_replay_request *request);
  /* The answer is no longer needed: the reader disconnected. Called at most once per replay, after `replay` has
   * returned, and only if no answer was accepted. Called on any thread, including the base's, so it must return
   * quickly. May be NULL. */
  void (*cancelled)(void *context, es_replay *replay);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
} es_repository;

#define ES_REPOSITORY_INIT {sizeof(es_repository), NULL, NULL, NULL, NULL}

/* Sets or replaces the repository of a channel, and opens the channel if needed. NULL removes the repository. The
 * library keeps the context until `release`, unless this call fails. */
es_status es_hub_set_repository(es_hub *hub, const char *channel, const es_repository *repository);

/* Sets the default repository of hubs: all channels, including those created on demand, use it unless
 * es_hub_set_repository sets another. NULL sets none. The library keeps the context until `release`, unless this call
 * fails. */
es_status es_config_set_repository(es_config *config, const es_repository *repository);

/* Answers with a batch. events: oldest first, each with an ID, and no more than requested. NULL if event_count is 0.
 * Fails with ES_NOT_PENDING, ES_INVALID_VALUE, ES_INVALID_TEXT. After any error except ES_NOT_PENDING you may answer
 * again. */
es_status es_replay_answer(
  es_replay *replay, es_replay_outcome outcome, const es_event *events, size_t event_count);

/* Reports that the repository cannot be read. The reader's stream ends, so the reader asks again later. The reason is
 * logged. Fails like es_replay_answer. */
es_status es_replay_fail(es_replay *replay, const char *reason);

/* A request for a channel's state. Not a pointer to anything, so using it after the answer is harmless. */
typedef struct es_snapshot es_snapshot;

/* Supplies the state of a channel, from which a reader can continue as if it had received all events. */
typedef struct es_snapshots {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Call es_snapshot_answer or es_snapshot_fail exactly once with `snapshot`, now or later, on any thread. Required. */
  void (*snapshot)(void *context, es_snapshot *snapshot, const char *channel);
  /* The answer is no longer needed. Same rules as es_repository.cancelled. May be NULL. */
  void (*cancelled)(void *context, es_snapshot *snapshot);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
} es_snapshots;

#define ES_SNAPSHOTS_INIT {sizeof(es_snapshots), NULL, NULL, NULL, NULL}

/* The cases in which a reader gets a snapshot. The values can be added. */
typedef enum es_snapshot_use {
  /* A reader without a last event ID gets a snapshot before new events. */
  ES_SNAPSHOT_FOR_NEW_READERS = 1,
  /* A reader gets a snapshot if some of the events that it missed are no longer available. Replaces
   * ES_OPTION_GAP_POLICY. */
  ES_SNAPSHOT_AFTER_GAP = 2
} es_snapshot_use;

/* Sets the snapshots of streams. uses: a sum of es_snapshot_use. NULL snapshots means none. The library keeps the
 * context until `release`, unless this call fails. */
es_status es_config_set_snapshots(es_config *config, int uses, const es_snapshots *snapshots);

/* Answers with the channel's state. If the last event has the ID of the last published event that the state covers, the
 * stream continues directly after that event. Without an ID, it continues with everything published since the request.
 * Fails like es_replay_answer. */
es_status es_snapshot_answer(es_snapshot *snapshot, const es_event *events, size_t event_count);

/* Reports that no state is available. The reader's stream ends, so the reader asks again later. The reason is logged.
 * Fails like es_replay_answer. */
es_status es_snapshot_fail(es_snapshot *snapshot, const char *reason);

/* ---- Runs ------------------------------------------------------------------------------------------------------ */

/* A collection of runs: finite streams that outlive the requests that started them, such as a model's responses. The
 * program starts a run, writes it and ends it; any number of viewers read it from its beginning and return with their
 * last event ID. The last event of each run has the type "eventsource-end".
 *
 *   es_runs_create(hub, "runs", NULL, &runs);
 *   es_streams_mount_runs(streams, http, "/runs", runs, &creator);  // POST /runs; GET and DELETE /runs/ID
 *   es_runs_start(runs, NULL, &run);                                // usually in the creator
 *   es_run_write(run, "token", 5);                                  // from any thread
 *   es_run_finish(run, NULL);
 *   es_run_free(run);
 */
typedef struct es_runs es_runs;

/* One run of a collection. Any number of these can refer to the same run. */
typedef struct es_run es_run;

/* The outcome of a run. */
typedef enum es_run_outcome {
  ES_RUN_ACTIVE = 0,      /* It has not ended. */
  ES_RUN_FINISHED = 1,    /* es_run_finish ended it. */
  ES_RUN_FAILED = 2,      /* es_run_fail ended it, or its beginning could not be recorded. */
  ES_RUN_STOPPED = 3,     /* It was stopped before it was finished. */
  ES_RUN_INTERRUPTED = 4  /* It was read from a history, and the process that wrote it ended before the run did. */
} es_run_outcome;

/* The reason why a run was asked to stop. */
typedef enum es_stop_reason {
  ES_STOP_NONE = 0,       /* It was not. */
  ES_STOP_REQUESTED = 1,  /* A DELETE request or es_run_stop. */
  ES_STOP_UNWATCHED = 2,  /* ES_OPTION_UNWATCHED_LIMIT_MS was reached. */
  ES_STOP_DEADLINE = 3,   /* ES_OPTION_MAXIMUM_RUN_MS was reached. */
  ES_STOP_BYTE_LIMIT = 4, /* ES_OPTION_MAXIMUM_BYTES_PER_RUN was exceeded. */
  ES_STOP_CLOSED = 5      /* The collection or its hub was closed. */
} es_stop_reason;

/* The kinds of changes of a run. */
typedef enum es_run_event {
  ES_RUN_BEGAN = 1,          /* The run was started. */
  ES_RUN_VIEWER_JOINED = 2,  /* A viewer joined. */
  ES_RUN_VIEWER_LEFT = 3,    /* A viewer left. `viewers` is 0 if it was the last. */
  ES_RUN_STOP_REQUESTED = 4, /* The run must stop. With ES_OPTION_STOP_GRACE_MS it may still be written. */
  ES_RUN_ENDED = 5,          /* The run ended. */
  ES_RUN_DISCARDED = 6       /* The run is no longer in memory. */
} es_run_event;

/* A change of a run. */
typedef struct es_run_change {
  size_t size;
  es_run_event what;
  const char *run;        /* The run's ID, for es_runs_find. */
  size_t viewers;         /* For ES_RUN_VIEWER_JOINED and ES_RUN_VIEWER_LEFT: the number of viewers now. */
  es_run_outcome outcome; /* For ES_RUN_ENDED. */
  es_stop_reason reason;  /* For ES_RUN_STOP_REQUESTED, and for ES_RUN_ENDED with ES_RUN_STOPPED. */
  const char *identity;   /* The identity that requested the stop. NULL if unknown. */
  const char *error;      /* The reason given to es_run_fail. NULL otherwise. */
} es_run_change;

/* Observes the runs of a collection. */
typedef struct es_run_observer {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Handles a change. Called in the order of the changes, one call at a time, on threads of the library. The callback
   * may block and call the library: viewers do not wait for it. While more than 10,000 changes wait, viewers are not
   * reported. Required. */
  void (*changed)(void *context, const es_run_change *change);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
} es_run_observer;

#define ES_RUN_OBSERVER_INIT {sizeof(es_run_observer), NULL, NULL, NULL}

/* Sets the observer of runs. NULL sets none. The library keeps the context until `release`, unless this call fails. */
es_status es_config_set_run_observer(es_config *config, const es_run_observer *observer);

/* Creates a collection without runs.
 *
 * name: At most 120 bytes. Authorizers and histories know a run by this name, a slash and the run's ID, so collections
 *   that share one of them need different names.
 * config: Of kind ES_CONFIG_RUNS. NULL means the defaults, and everyone who knows a run's ID may read and stop it.
 *
 * Fails with ES_INVALID_TEXT, and with ES_INVALID_VALUE for another kind of configuration or if the memory limits of
 * the hub's collections together exceed half of the hub's. */
es_status es_runs_create(es_hub *hub, const char *name, const es_config *config, es_runs **runs);

/* Stops and discards all runs. Viewers get the end of their run. No run can be started afterwards. */
es_status es_runs_close(es_runs *runs);

/* Frees a collection. Streams at which it is mounted and every es_run keep it alive; when nothing uses it any longer,
 * it is closed. */
void es_runs_free(es_runs *runs);

/* Starts a run that the program writes and ends. It goes on if it is freed with es_run_free.
 *
 * id: 1 to 128 letters, digits, '-', '.', '_' or '~', never used before. NULL creates an ID that cannot be guessed.
 *
 * Fails with ES_INVALID_TEXT, ES_RUN_EXISTS, ES_CLOSED, and with ES_LIMIT_EXCEEDED if the collection has
 * ES_OPTION_MAXIMUM_RUNS, all of them active or watched. */
es_status es_runs_start(es_runs *runs, const char *id, es_run **run);

/* Finds a run in memory. Fails with ES_UNKNOWN_RUN. */
es_status es_runs_find(es_runs *runs, const char *id, es_run **run);

/* Frees what refers to a run, not the run. */
void es_run_free(es_run *run);

/* Returns the run's ID, which is valid until es_run_free. NULL if `run` is NULL or was freed. */
const char *es_run_id(const es_run *run);

/* Writes an event that has only data. Never waits. The event's ID is the run's ID, a hyphen and a number.
 * Fails with ES_ENDED, with ES_INVALID_TEXT, with ES_RECORDED_CHANNEL if the collection has a history, and with
 * ES_LIMIT_EXCEEDED: either the run exceeds ES_OPTION_MAXIMUM_BYTES_PER_RUN and was stopped, or there is no memory and
 * the run continues. */
es_status es_run_write(es_run *run, const char *data, size_t data_length);

/* Writes an event. Its key is ignored. Fails like es_run_write. */
es_status es_run_write_event(es_run *run, const es_event *event);

/* Writes an event as soon as there is memory for it, after it was recorded if the collection has a history. Does not
 * block. Writes of one thread keep the order of the calls, unless they wait for memory: a producer that can be outrun
 * waits for `written` before it writes again.
 *
 * written: Called once, unless this function fails. Runs on a thread of the library or, if nothing had to be waited
 *   for, on the calling thread before this function returns. May be NULL.
 * Fails like es_run_write, and with a status of es_publication if that is known before this function returns. */
es_status es_run_write_recorded(
  es_run *run, const es_event *event, void (*written)(void *context, const es_publication *publication),
  void *context);

/* Ends a run as finished, after a last event if it is not NULL. A run that was asked to stop ends as stopped. A write
 * that still waits for memory fails with ES_ENDED. Fails with ES_ENDED, ES_INVALID_TEXT, and with ES_LIMIT_EXCEEDED if
 * the last event exceeds a limit; then the run continues. */
es_status es_run_finish(es_run *run, const es_event *last);

/* Ends a run as failed. reason: one line for the viewers. Fails with ES_ENDED, ES_INVALID_TEXT. */
es_status es_run_fail(es_run *run, const char *reason);

/* Asks a run to stop. Without ES_OPTION_STOP_GRACE_MS the run has ended when this returns. Has no effect if the run was
 * asked before or has ended. reason: any except ES_STOP_NONE. identity: who requested it, for ES_STOP_REQUESTED;
 * viewers do not see it. May be NULL. Fails with ES_INVALID_VALUE, ES_INVALID_TEXT. */
es_status es_run_stop(es_run *run, es_stop_reason reason, const char *identity);

/* A run at one moment. */
typedef struct es_run_info {
  es_run_outcome outcome;
  es_stop_reason stop_reason; /* Also while it may still be written. */
  uint64_t viewers;           /* The streams that watch it. */
  uint64_t bytes;             /* The encoded bytes of its events. */
  int is_gone;                /* 1 if it was discarded, so no viewer can read it from memory. */
} es_run_info;

/* Fills in what is known of a run. size: sizeof(es_run_info), with the same meaning as for es_hub_statistics. */
es_status es_run_inspect(const es_run *run, es_run_info *info, size_t size);

/* A collection at one moment, and its totals since its creation. */
typedef struct es_runs_statistics {
  uint64_t active;            /* Runs that have not ended. */
  uint64_t retained;          /* Runs that ended and are still kept. */
  uint64_t bytes;             /* The memory that the runs occupy. */
  uint64_t waiting_producers; /* Writes that wait for memory. */
  uint64_t started;           /* Started runs. */
  uint64_t finished;          /* Runs that ended, by outcome. */
  uint64_t failed;
  uint64_t stopped;
  uint64_t interrupted;
} es_runs_statistics;

/* Fills in the statistics. size: sizeof(es_runs_statistics), with the same meaning as for es_hub_statistics. The cost
 * grows with the number of runs. */
es_status es_runs_inspect(const es_runs *runs, es_runs_statistics *statistics, size_t size);

/* A request to create a run that waits for an answer. Not a pointer to anything, so using it after the answer is
 * harmless. */
typedef struct es_run_creation es_run_creation;

/* Starts runs for requests. */
typedef struct es_run_creator {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Decides about a request with POST, after the authorizer has granted it. Call es_run_creation_answer, _reject or
   * _fail exactly once with `creation`, now or later, on any thread. A request without an answer after 30 seconds,
   * which includes the authorizer's time, is rejected with 503. Required. */
  void (*create)(void *context, es_run_creation *creation, const es_request *request);
  /* The answer is no longer needed: the peer disconnected or the timeout expired. Same rules as
   * es_authorizer.cancelled. May be NULL. */
  void (*cancelled)(void *context, es_run_creation *creation);
  /* The last call. The library no longer uses the context. May be NULL. */
  void (*release)(void *context);
  /* 0 responds with 200 and the run's stream. 1 responds with 201 and a JSON object that has the run's ID and location.
   * Both have the field Location. */
  int responds_created;
} es_run_creator;

#define ES_RUN_CREATOR_INIT {sizeof(es_run_creator), NULL, NULL, NULL, NULL, 0}

/* Answers with a run of the collection, usually one that was just started. The program still owns it. Fails with
 * ES_NOT_PENDING; then nobody may be watching the run. */
es_status es_run_creation_answer(es_run_creation *creation, es_run *run);

/* Rejects the request. Same rules as es_authorization_reject. */
es_status es_run_creation_reject(
  es_run_creation *creation, int status, const char *reason, const es_field *fields, size_t field_count);

/* Reports that no run can be started. The request gets 500. The reason is logged but not sent. Fails like
 * es_authorization_grant. */
es_status es_run_creation_fail(es_run_creation *creation, const char *reason);

/* ---- Streams --------------------------------------------------------------------------------------------------- */

/* The streams of one hub in the evhttp servers of one event base. */
typedef struct es_streams es_streams;

/* Creates the streams of an event base. Free them with es_streams_free before the base. Adds events to the base, which
 * keep its loop running. Fails with ES_OUT_OF_RESOURCES. */
es_status es_streams_create(es_hub *hub, struct event_base *base, es_streams **streams);

/* Serves streams at a path, alongside the program's own callbacks.
 *
 * path: For "/events", sets a callback for that path with evhttp_set_cb. A path with named segments, such as
 *   "/events/{channel}", is served through es_streams_serve; the segment at {channel} names the stream's channel.
 * config: The settings and authorizer of the streams. NULL means the defaults, and everyone may read.
 *
 * evhttp must allow OPTIONS (evhttp_set_allowed_methods) for the preflight requests of other origins. Fails with
 * ES_PATH_IN_USE, ES_OUT_OF_RESOURCES, with ES_INVALID_TEXT for an invalid path, such as one with a query or a
 * fragment, and with ES_INVALID_VALUE for a configuration with which no request at this path could name a channel. */
es_status es_streams_mount(es_streams *streams, struct evhttp *http, const char *path, const es_config *config);

/* Serves a collection of runs at a path, through es_streams_serve. POST at the path starts a run. A run's own path has
 * its ID as one more segment: GET and HEAD read it, DELETE stops it. A POST with a last event ID, which some clients
 * send after an error, starts no run; the response is the rest of the run that the ID names. The authorizer of the
 * collection's configuration decides before anything else happens.
 *
 * path: Such as "/runs".
 * creator: Starts runs. NULL rejects POST with 405, for runs that are started elsewhere. The library keeps the context
 *   until `release`, unless this call fails.
 *
 * evhttp must allow DELETE, and OPTIONS for other origins (evhttp_set_allowed_methods). Limit the body with
 * evhttp_set_max_body_size. Fails with ES_PATH_IN_USE if runs are mounted there, with ES_INVALID_TEXT for an invalid
 * path, and with ES_INVALID_VALUE if the runs are of another hub. */
es_status es_streams_mount_runs(
  es_streams *streams, struct evhttp *http, const char *path, es_runs *runs, const es_run_creator *creator);

/* Responds to any evhttp request with a run's stream, whatever its method and path. The authorizer is not called: the
 * program decides whether the caller may read the run. fields: fields to add to the response, such as Location. After
 * an error, the request is unchanged and the program must answer it. Fails with ES_INVALID_TEXT, and with
 * ES_INVALID_VALUE if the run is of another hub. */
es_status es_streams_respond_with_run(
  es_streams *streams, struct evhttp_request *request, es_run *run, const es_field *fields, size_t field_count);

/* Serves a request from the program's general callback (evhttp_set_gencb) if it matches a path with named segments or
 * of runs, mounted on any evhttp. Otherwise, returns ES_NO_ROUTE. After any error, such as ES_INVALID_HANDLE for freed
 * streams, the request is unchanged and the program must answer it. */
es_status es_streams_serve(es_streams *streams, struct evhttp_request *request);

/* Removes the mounted paths from an evhttp, which must still exist. Open streams continue. */
es_status es_streams_unmount(es_streams *streams, struct evhttp *http);

/* Returns the number of open streams and requests, including those whose last bytes are still being sent. 0 for
 * NULL. */
size_t es_streams_reader_count(const es_streams *streams);

/* Ends the streams at random times within a window. Each stream first sends everything published, then a `retry` of its
 * own. New requests get 503. When nothing is left unsent, calls `drained` once, on the base's thread and from its loop.
 * `drained` may free the streams and the evhttp, and break the loop; it may be NULL. A peer that accepts no data is
 * disconnected five seconds after its closing time. A second call replaces the first, whose callback is then not
 * called. */
es_status es_streams_drain(es_streams *streams, int64_t window_ms, void (*drained)(void *context), void *context);

/* Closes the streams that are still open, removes the events from the base, and frees the streams. Call it before
 * event_base_free. An evhttp with mounted paths can be freed before or after. Call es_streams_unmount first if the
 * evhttp continues to serve. */
void es_streams_free(es_streams *streams);

/* ---- Names of version 0.1, removed in 0.3. Define ES_NO_DEPRECATED_NAMES before the include to omit them. -------- */

#ifndef ES_NO_DEPRECATED_NAMES
#define es_hub_open es_hub_open_channel
#define es_hub_open_configured es_hub_open_channel_configured
#define es_hub_remove es_hub_remove_channel
#define es_authorization_refuse es_authorization_reject
#define ES_TEXT_EPOCH ES_TEXT_ID_PREFIX
#define ES_TEXT_CHANNEL_QUERY_NAME ES_TEXT_CHANNEL_QUERY_ITEM
#define ES_LIST_LAST_EVENT_ID_QUERY_NAMES ES_LIST_LAST_EVENT_ID_QUERY_ITEMS
#define ES_OPTION_LOG_BYTES ES_OPTION_RETENTION_BYTES
#define ES_OPTION_LOG_EVENTS ES_OPTION_RETENTION_EVENTS
#define ES_OPTION_LOG_AGE_MS ES_OPTION_RETENTION_AGE_MS
#define ES_OPTION_MAXIMUM_BYTES ES_OPTION_MEMORY_LIMIT
#define ES_OPTION_AFTER_GAP ES_OPTION_GAP_POLICY
#define ES_OPTION_REPLAYS_WITHOUT_LAST_EVENT_ID ES_OPTION_REPLAYS_TO_NEW_READERS
#define ES_OPTION_MAXIMUM_CONNECTION_MS ES_OPTION_MAXIMUM_STREAM_MS
#define ES_OPTION_CONNECTION_JITTER_PERCENT ES_OPTION_STREAM_JITTER_PERCENT
#endif

#ifdef __cplusplus
}
#endif

#endif
