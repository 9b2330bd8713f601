/*
 * Event streams (Server-Sent Events, WHATWG HTML 9.2) in an evhttp server that exists, from C and C++.
 *
 *   es_hub *hub;                                        // where events are published
 *   es_streams *streams;                                // the streams of one event base
 *   es_hub_create(NULL, &hub);
 *   es_hub_open(hub, "news");
 *   es_streams_create(hub, base, &streams);
 *   es_streams_mount(streams, http, "/events", NULL);   // GET /events?channel=news
 *
 *   es_publish(hub, "news", "hello", 5);                // from any thread
 *
 * Build with `cc app.c $(pkg-config --cflags --libs eventsource-libevent libevent)`.
 *
 * Errors. Every function that can fail returns an es_status; es_last_error() says more, in one line for a person. What
 * fails has no effect, and a function that fails leaves what its out parameters point to as it was. NULL where there
 * must be something is ES_NULL_ARGUMENT, never a crash; functions that free accept NULL.
 *
 * Lifetime. An es_config, es_hub, es_streams or es_history is the program's until it calls the function that frees it,
 * once. An object that uses another keeps it: a hub that was freed lives for as long as its streams do, and a
 * configuration can be freed as soon as something was made with it. es_streams_free comes before event_base_free; the
 * rest may be freed in any order, also while streams are open.
 *
 * Use after that is a mistake of the program, which the library notices in every build, not only in debug builds: the
 * functions return ES_INVALID_HANDLE, and freeing a second time does nothing. The same happens to an object of another
 * kind, and in the child of fork() to everything that was made before. For that the library keeps a few bytes of each
 * object that was freed, and uses them again when 1,024 others have been freed since. Freeing an object while another
 * thread is in a call with it is not noticed.
 *
 * Structs that may grow in later versions begin with their size. ES_STRUCT and the ES_..._INIT macros fill it in; what
 * is not named is zero, which is the default everywhere:
 *
 *   es_event event = ES_EVENT_INIT;                                                      // C and C++
 *   es_publish_event(hub, &news, 1, &ES_STRUCT(es_event, .type = "hello"), NULL);        // C
 *
 * A size of 0 stands for the struct as version 0.1 has it. A struct that is larger than the library knows is accepted
 * if what the library does not know is zero; else, and with a size that no version has had, the call fails with
 * ES_INVALID_VALUE. Structs that a callback is given have the library's size.
 *
 * Text is UTF-8, which is checked, and ends with NUL, unless a length is passed beside it. It is copied: the caller's
 * memory is not needed after the call. Text that a callback is given is valid until the callback returns.
 *
 * Threads. Functions of a hub, answers (es_replay_..., es_authorization_...) and everything that names no object may be
 * called on any thread, also several at a time, also from callbacks. Functions of es_streams are called on the thread
 * that runs the event base. An es_config belongs to one thread at a time. The library works whether or not the program
 * has told libevent of threads (evthread_use_pthreads); other threads than the base's never call libevent from here.
 *
 * Callbacks are called on threads of the library, several at a time, unless their description names another; they may
 * take their time, though as many at a time as the machine has processors keep others of their kind waiting. They must
 * not unwind through the library, by an exception or longjmp.
 *
 * A program that writes to sockets ignores SIGPIPE: signal(SIGPIPE, SIG_IGN), as every program with evhttp does. The
 * library's threads do not survive fork(): create hubs in the process that serves. A child that calls exec or _exit, as
 * those of system() and posix_spawn() do, disturbs nothing.
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

/* The version of this header, as of the pkg-config file. */
#define ES_VERSION "0.1.0"

#ifndef __cplusplus
/* A struct with its size and the fields that are named, whose address can be taken. */
#define ES_STRUCT(type, ...) ((type){.size = sizeof(type), __VA_ARGS__})
#endif

/* The version of the library that the program runs with, which may be a later one. Valid for ever. */
const char *es_version(void);

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

typedef enum es_status {
  ES_OK = 0,
  /* A pointer that must not be NULL is. */
  ES_NULL_ARGUMENT = 1,
  /* A text is not UTF-8, too long, empty, or has a character that its place cannot carry. */
  ES_INVALID_TEXT = 2,
  /* A number, an option or an outcome is not one that is allowed. */
  ES_INVALID_VALUE = 3,
  /* The hub has no channel of this name, and makes none on demand. */
  ES_UNKNOWN_CHANNEL = 4,
  /* An event is larger, or the channels are more, than the hub was configured for. */
  ES_LIMIT_EXCEEDED = 5,
  /* The hub was closed. */
  ES_CLOSED = 6,
  /* The evhttp has a callback for this path already. */
  ES_PATH_IN_USE = 7,
  /* No path of es_streams_mount matches the request, which is untouched. */
  ES_NO_ROUTE = 8,
  /* What is answered was answered before, or the reader has left meanwhile. */
  ES_NOT_PENDING = 9,
  /* The system or libevent refused something. */
  ES_OUT_OF_RESOURCES = 10,
  /* The object was freed, is of another kind, or was made before fork(). */
  ES_INVALID_HANDLE = 11,
  /* The channel's events are recorded, which takes time: es_publish_recorded publishes them. */
  ES_RECORDED_CHANNEL = 12,
  /* A history cannot be opened, read or written. */
  ES_HISTORY_FAILED = 13,
  /* A history was given the event and has not answered in time: nobody knows whether it has it. If it has, the event is
   * published. */
  ES_OUTCOME_UNKNOWN = 14
} es_status;

/* What a status means, in one line; for a number that is no status, that. Valid for ever. */
const char *es_status_message(es_status status);

/* What went wrong in the last call on this thread that failed, with its circumstances; "" if none has. Valid until the
 * next call on this thread that fails, or the thread's end. */
const char *es_last_error(void);

/* A name and a value: a field of a request or a response (RFC 9110, 5), or a circumstance in a log. Does not grow. */
typedef struct es_field {
  const char *name;
  const char *value;
} es_field;

/* ---- Logging --------------------------------------------------------------------------------------------------- */

typedef enum es_log_level {
  ES_LOG_DEBUG = 0,   /* What helps to find a mistake: a reader came, was refused, left. */
  ES_LOG_INFO = 1,    /* What an operator wants once. */
  ES_LOG_WARNING = 2, /* What went wrong for one reader. */
  ES_LOG_ERROR = 3    /* What went wrong for the service: a repository or an authorizer failed. */
} es_log_level;

/* Where the library says what happens; never an event's data. */
typedef struct es_logger {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Takes a record: the same message for the same thing, and its circumstances, escaped. On any thread, also the base's
   * while events wait to be delivered: returns quickly, and calls nothing of this library. Not NULL. */
  void (*log)(void *context, es_log_level level, const char *message, const es_field *fields, size_t field_count);
  /* The last call: nothing of this library uses the context any more. May be NULL. */
  void (*release)(void *context);
} es_logger;

#define ES_LOGGER_INIT {sizeof(es_logger), NULL, NULL, NULL}

/* ---- Authorization --------------------------------------------------------------------------------------------- */

/* A request for a stream, while the authorizer is asked about it. */
typedef struct es_request {
  size_t size;
  const char *method; /* GET or HEAD. */
  const char *target; /* Path and query, as received. */
  const char *peer;   /* The address of the other end, without a port; behind a proxy the proxy's; NULL: unknown. */
  const es_field *fields;
  size_t field_count;
  const char *const *channels; /* What it asks for: at least one, each once. They need not exist. */
  size_t channel_count;
} es_request;

/* The value of the first field of this name, which is compared without regard to case; NULL: there is none. */
const char *es_request_field(const es_request *request, const char *name);

/* A request that waits for its answer. Not a pointer to anything, so that its use after the answer is harmless. */
typedef struct es_authorization es_authorization;

/* Who may read which channels. */
typedef struct es_authorizer {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Decides about a request, before anything of a stream is sent: calls es_authorization_grant, _answer, _refuse or
   * _fail with `authorization`, once, now or later, on any thread. After half a minute without an answer the request is
   * refused with 503. Not NULL. */
  void (*authorize)(void *context, es_authorization *authorization, const es_request *request);
  /* The answer is not needed any more: the reader has left, or the time is over. Called at most once for each
   * authorization, after `authorize` has returned and instead of an answer that is taken. On any thread, also the
   * base's: returns quickly. May be NULL. */
  void (*cancelled)(void *context, es_authorization *authorization);
  /* The last call: nothing of this library uses the context any more. May be NULL. */
  void (*release)(void *context);
} es_authorizer;

#define ES_AUTHORIZER_INIT {sizeof(es_authorizer), NULL, NULL, NULL, NULL}

/* Grants all the channels that were asked for.
 *
 * valid_for_ms: for how long, in milliseconds; then the stream ends, and the reader returns and is asked about anew.
 *   ES_NONE: for as long as the stream lives.
 * identity: who the caller is, the key of ES_OPTION_MAXIMUM_READERS_PER_CALLER; NULL: the peer's address is.
 * Fails with ES_NOT_PENDING, ES_INVALID_VALUE, ES_INVALID_TEXT. After any error except ES_NOT_PENDING the program may
 * answer again. */
es_status es_authorization_grant(es_authorization *authorization, int64_t valid_for_ms, const char *identity);

/* A permission to read. */
typedef struct es_grant {
  size_t size;
  int64_t valid_for_ms; /* As in es_authorization_grant; 0 and ES_NONE: for as long as the stream lives. */
  const char *identity; /* As there. */
  /* Those of the channels asked for that may be read: the stream has only these. If there are none, the request is
   * refused with 403. NULL: all of them. */
  const char *const *channels;
  size_t channel_count;
  /* What is really read for each of `channels`, as "user-42" for "me"; NULL, also in the array: the channel itself. */
  const char *const *aliases;
  /* 1: ends the streams that this identity has open, so that it has only the new one. Needs an identity. */
  int replaces;
} es_grant;

#define ES_GRANT_INIT {sizeof(es_grant), 0, NULL, NULL, 0, NULL, 0}

/* Grants what the struct says. Fails as es_authorization_grant. */
es_status es_authorization_answer(es_authorization *authorization, const es_grant *grant);

/* Refuses with a status of 400 to 599, or 204, which tells browsers not to come back, and one line of reason as the
 * body (NULL: none). Only the fields given are added to the response: with 401, WWW-Authenticate should be among them
 * (RFC 9110, 11.6.1). One that frames the response, such as Content-Length, or that cannot be sent, is left out. Fails
 * as es_authorization_grant. */
es_status es_authorization_refuse(
  es_authorization *authorization, int status, const char *reason, const es_field *fields, size_t field_count);

/* It cannot be decided: the request is refused with 503, and the reason logged, not sent. Fails as
 * es_authorization_grant. */
es_status es_authorization_fail(es_authorization *authorization, const char *reason);

/* ---- Configuration --------------------------------------------------------------------------------------------- */

/* "No limit", "never" or "none", where an option says so. */
#define ES_NONE ((int64_t)-1)

typedef enum es_option {
  /* Of a hub, in es_hub_create. */

  /* 1: a channel is made for its first reader or publisher. 0: there are those that were opened. */
  ES_OPTION_CHANNELS_ON_DEMAND = 1,
  /* The most channels at a time that are made on demand. 100,000. */
  ES_OPTION_MAXIMUM_CHANNELS = 2,
  /* How much of its past each channel holds, for readers that are behind or return: bytes (8 MiB) ... */
  ES_OPTION_LOG_BYTES = 3,
  /* ... events (ES_NONE) ... */
  ES_OPTION_LOG_EVENTS = 4,
  /* ... and milliseconds (ES_NONE). */
  ES_OPTION_LOG_AGE_MS = 5,
  /* The most bytes of all that is held for readers, whatever they do. 256 MiB. */
  ES_OPTION_MAXIMUM_BYTES = 6,
  /* The largest event, encoded, in bytes; at most 1 GiB. 16 MiB. */
  ES_OPTION_MAXIMUM_EVENT_BYTES = 7,
  /* The most streams at a time: one more is refused with 503. 100,000. */
  ES_OPTION_MAXIMUM_READERS = 8,
  /* The same for each channel. ES_NONE. */
  ES_OPTION_MAXIMUM_READERS_PER_CHANNEL = 9,
  /* The same for each caller: one more is refused with 429. ES_NONE. */
  ES_OPTION_MAXIMUM_READERS_PER_CALLER = 10,
  /* The most bytes that may wait for a reader before it is too slow; ES_NONE: what the channel holds. ES_NONE. */
  ES_OPTION_MAXIMUM_BACKLOG_BYTES = 11,
  /* For how many milliseconds something may wait for a reader that takes a little now and then. ES_NONE. */
  ES_OPTION_MAXIMUM_LAG_MS = 12,
  /* What becomes of a reader that is too slow. 0: it is cut off, and may resume. 1: it continues with the newest event,
   * and is told that it has missed some. 2: until it has caught up it gets only the newest event of each key, which is
   * the event's type unless it has a key of its own. 0. */
  ES_OPTION_SLOW_READERS = 13,
  /* How many milliseconds a history that records may take for one batch; then es_publish_recorded answers
   * ES_OUTCOME_UNKNOWN. 10,000. */
  ES_OPTION_RECORDING_TIMEOUT_MS = 14,
  /* For how many milliseconds a channel counts as occupied after its last reader has left, for
   * es_config_set_occupancy_observer. 0. */
  ES_OPTION_OCCUPANCY_LINGER_MS = 15,
  /* As ES_OPTION_COALESCING_MS, for one channel at all paths. 0: never; ES_NONE: as the streams say. ES_NONE. */
  ES_OPTION_CHANNEL_COALESCING_MS = 16,

  /* Of the streams at one path, in es_streams_mount. */

  /* The most channels of one stream, at most 256: more are refused with 400. 16. */
  ES_OPTION_MAXIMUM_CHANNELS_PER_STREAM = 101,
  /* The longest last event ID that is looked up, in bytes: a reader with a longer one is told of a gap. 4096. */
  ES_OPTION_MAXIMUM_LAST_EVENT_ID_BYTES = 102,
  /* 1: a reader without a last event ID is sent all that is held, and then what comes. 0: what comes. */
  ES_OPTION_REPLAYS_WITHOUT_LAST_EVENT_ID = 103,
  /* What a reader gets that cannot be given all that it missed. 0: it is told so, and given all that is held. 1: it is
   * told so, and given what comes. 400 to 599: no stream, but a response with that status. Reads 2 where
   * es_config_set_snapshots has set a snapshot instead. 0. */
  ES_OPTION_AFTER_GAP = 104,
  /* After how many idle milliseconds a stream carries a comment; ES_NONE: never. 15,000. */
  ES_OPTION_HEARTBEAT_MS = 105,
  /* How long readers are told to wait before they reconnect, in milliseconds; ES_NONE: as they like. ES_NONE. */
  ES_OPTION_RECONNECTION_MS = 106,
  /* By how many percent that is spread, so that readers do not return together. 50. */
  ES_OPTION_RECONNECTION_JITTER_PERCENT = 107,
  /* How many milliseconds a stream lives at most. ES_NONE. */
  ES_OPTION_MAXIMUM_CONNECTION_MS = 108,
  /* By how many percent that is spread, at most 99. 10. */
  ES_OPTION_CONNECTION_JITTER_PERCENT = 109,
  /* How many milliseconds a connection may take nothing of what waits for it before it is cut off. 30,000. */
  ES_OPTION_STALL_MS = 110,
  /* A reader gets at most one event, the newest, in so many milliseconds. ES_NONE: every event. */
  ES_OPTION_COALESCING_MS = 112,
  /* What refusals for want of room say in Retry-After, in milliseconds. 5,000. */
  ES_OPTION_RETRY_AFTER_MS = 113,
  /* 1: pages of origins that were allowed may send credentials (Fetch, CORS protocol). 0. */
  ES_OPTION_ALLOWS_CREDENTIALS = 114,
  /* How often, in milliseconds, the authorizer is asked again about an open stream, which ends if it is refused.
   * ES_NONE: once, before it is opened. ES_NONE. */
  ES_OPTION_REAUTHORIZATION_MS = 115,
  /* 1: the query may add channels to those that the path or the configuration names. Rules for paths, of proxies for
   * example, then no longer say what is read. 0: such a request is refused with 400. 0. */
  ES_OPTION_ADDS_CHANNELS_FROM_QUERY = 116,
  /* What becomes of a stream of several channels when one of them is removed. 0: it ends, once the reader has what is
   * published. 1: it goes on with the others, and the reader is told by an event of type "eventsource-removed". 0. */
  ES_OPTION_CHANNEL_REMOVAL = 117,
  /* How many milliseconds a browser may remember the answer to a preflight request, at most a day. 3,600,000. */
  ES_OPTION_PREFLIGHT_AGE_MS = 118,
  /* 1: pages from the public internet may read from this server in a private network, or on the page's own machine
   * (Private Network Access). 0. */
  ES_OPTION_ALLOWS_PRIVATE_NETWORK = 119,
  /* What a request gets for a channel that is not there, one that was removed for example. 0: 404. 1: 204, which tells
   * readers not to come back. 2: it waits until the channel is opened, for as long as
   * ES_OPTION_MISSING_CHANNEL_WAIT_MS says, and counts as a stream meanwhile; then 404. 0. */
  ES_OPTION_MISSING_CHANNEL = 120,
  /* For the case of 2, at least 1. 30,000. */
  ES_OPTION_MISSING_CHANNEL_WAIT_MS = 121
} es_option;

typedef enum es_text_option {
  /* Of a hub: what the IDs that it makes begin with, 1 to 32 letters and digits; NULL: made at random. */
  ES_TEXT_EPOCH = 1,
  /* Of streams: the query item by which a request names channels where neither the path nor the configuration does;
   * elsewhere a request with it is refused with 400. NULL: a request cannot. "channel". */
  ES_TEXT_CHANNEL_QUERY_NAME = 101,
  /* Of streams: a comment line at the beginning, for proxies that wait for the first byte of a body. NULL: none. "". */
  ES_TEXT_OPENING_COMMENT = 102
} es_text_option;

/* Options that are lists of texts. All are of streams. */
typedef enum es_list_option {
  /* The query items by which a request names its last event ID, for clients that cannot send the field: the first that
   * has a value counts. "lastEventID", "lastEventId", "last-event-id". */
  ES_LIST_LAST_EVENT_ID_QUERY_NAMES = 101,
  /* The methods that a preflight allows; streams are served to GET and HEAD only. "GET", "HEAD". */
  ES_LIST_ALLOWED_METHODS = 102,
  /* The request fields that a preflight allows. "Accept", "Authorization", "Cache-Control", "Content-Type",
   * "Last-Event-ID". */
  ES_LIST_ALLOWED_FIELDS = 103,
  /* The response fields that scripts may read, beside those that the Fetch standard always shows. None. */
  ES_LIST_EXPOSED_FIELDS = 104
} es_list_option;

/* What a configuration is for. */
typedef enum es_config_kind {
  /* A hub and its streams: all options can be set. */
  ES_CONFIG_ALL = 0,
  /* A hub, in es_hub_create: options up to 100. */
  ES_CONFIG_HUB = 1,
  /* One channel, in es_hub_open_configured and es_hub_reconfigure: ES_OPTION_LOG_...,
   * ES_OPTION_MAXIMUM_BACKLOG_BYTES, ES_OPTION_MAXIMUM_LAG_MS, ES_OPTION_SLOW_READERS and
   * ES_OPTION_CHANNEL_COALESCING_MS. */
  ES_CONFIG_CHANNEL = 2,
  /* The streams at a path, in es_streams_mount: options from 101 on, channels, fields, origins, authorizer. */
  ES_CONFIG_STREAMS = 3
} es_config_kind;

/* How a hub, a channel, or the streams at a path, behave. What is made with one keeps a copy: it can be changed for the
 * next, or freed. */
typedef struct es_config es_config;

/* Makes one with the defaults, to be freed by es_config_free. A function that sets what its kind does not have fails
 * with ES_INVALID_VALUE, and so does a function that takes a configuration of another kind. */
es_status es_config_create_for(es_config_kind kind, es_config **config);

/* The same for ES_CONFIG_ALL. Give such a one to es_hub_create before es_streams_mount, which refuses it with
 * ES_INVALID_VALUE if options of a hub were set that no hub was made with. */
es_status es_config_create(es_config **config);

/* Frees it. */
void es_config_free(es_config *config);

/* Sets an option; fails with ES_INVALID_VALUE if the value is not allowed. */
es_status es_config_set(es_config *config, es_option option, int64_t value);

/* Reads an option; fails with ES_INVALID_VALUE if the configuration has none of this number. */
es_status es_config_get(const es_config *config, es_option option, int64_t *value);

/* Sets an option that is a text; fails with ES_INVALID_TEXT if it is not allowed, ES_INVALID_VALUE if there is no such
 * option. */
es_status es_config_set_text(es_config *config, es_text_option option, const char *text);

/* Sets an option that is a list, instead of what it was; count 0: an empty one. Fails with ES_INVALID_VALUE,
 * ES_INVALID_TEXT. */
es_status es_config_set_list(es_config *config, es_list_option option, const char *const *texts, size_t count);

/* Adds a channel that every stream has which is mounted with this configuration, whatever the request names. */
es_status es_config_add_channel(es_config *config, const char *channel);

/* Adds a field to the response of every stream. Fails with ES_INVALID_TEXT for one that frames the response, such as
 * Content-Length, or that cannot be sent. */
es_status es_config_add_field(es_config *config, const char *name, const char *value);

/* Lets pages of another origin read the streams (Fetch, CORS protocol): one such as "https://example.org", or "*" for
 * all, instead of those named before. */
es_status es_config_allow_origin(es_config *config, const char *origin);

/* A function that decides about origins: subdomains, origins in a database. */
typedef struct es_origins {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Returns 1 if pages of an origin may read the streams, else 0. origin: the request's Origin field as it was
   * received, which a client may make up, "null" for one; compare it whole and not only how it ends. On the base's
   * thread for every request that has the field: returns quickly. Not NULL. */
  int (*allows)(void *context, const char *origin);
  /* The last call: nothing of this library uses the context any more. May be NULL. */
  void (*release)(void *context);
} es_origins;

#define ES_ORIGINS_INIT {sizeof(es_origins), NULL, NULL, NULL}

/* Lets a function decide about origins, instead of those named before; NULL: only the server's own pages may read. The
 * context is the library's until `release`, unless this fails. */
es_status es_config_set_origins(es_config *config, const es_origins *origins);

/* Sets the logger of hubs; NULL: none. The context is the library's until `release`, unless this fails. */
es_status es_config_set_logger(es_config *config, const es_logger *logger);

/* Why a stream has ended. */
typedef enum es_disconnect_reason {
  ES_LEFT_PEER_DISCONNECTED = 1,           /* The peer left, or could no longer be reached. */
  ES_LEFT_FELL_BEHIND = 2,              /* What the reader has to get next is no longer held. */
  ES_LEFT_BACKLOG = 3,             /* ES_OPTION_MAXIMUM_BACKLOG_BYTES was exceeded. */
  ES_LEFT_LAG_EXCEEDED = 4,                 /* ES_OPTION_MAXIMUM_LAG_MS was exceeded. */
  ES_LEFT_OVER_BUDGET = 5,         /* ES_OPTION_MAXIMUM_BYTES was used up. */
  ES_LEFT_STALLED = 6,             /* The connection took nothing for longer than ES_OPTION_STALL_MS. */
  ES_LEFT_MAXIMUM_DURATION_REACHED = 7,            /* ES_OPTION_MAXIMUM_CONNECTION_MS was over. */
  ES_LEFT_AUTHORIZATION_ENDED = 8, /* The grant's time was over. */
  ES_LEFT_REVOKED = 9,             /* The grant was taken back. */
  ES_LEFT_REPOSITORY_FAILED = 10,  /* The history could not answer. */
  ES_LEFT_CHANNEL_REMOVED = 11,    /* The channel was removed. */
  ES_LEFT_DRAINING = 12,            /* The streams were drained, or the hub closed. */
  ES_LEFT_STREAMS_FREED = 13,      /* es_streams_free. */
  ES_LEFT_RUN_ENDED = 14           /* The run is over, and the reader has all of it. */
} es_disconnect_reason;

/* What can happen to the readers of a channel. */
typedef enum es_occupancy {
  /* The channel has its first reader; that it came follows. */
  ES_OCCUPIED = 1,
  /* A stream was opened that reads the channel. */
  ES_READER_JOINED = 2,
  /* A stream that read the channel has ended, or the channel was removed from it. */
  ES_READER_LEFT = 3,
  /* The channel's last reader has left, and no other came within ES_OPTION_OCCUPANCY_LINGER_MS. */
  ES_VACATED = 4,
  /* Changes were left out, because the observer was too slow: exactly `channels` are occupied now. */
  ES_RESYNCHRONIZED = 5
} es_occupancy;

/* What has happened to the readers of a channel. */
typedef struct es_occupancy_change {
  size_t size;
  es_occupancy what;
  const char *channel; /* NULL with ES_RESYNCHRONIZED. */
  size_t readers;      /* How many streams read the channel now. */
  /* Of ES_READER_JOINED and ES_READER_LEFT: a number of its own for each stream, the same in all of its channels, who
   * reads it, as the authorizer named them, and the address of the other end; each NULL if it is not known. */
  uint64_t stream;
  const char *identity;
  const char *peer;
  es_disconnect_reason reason; /* Of ES_READER_LEFT. */
  const char *const *channels; /* Of ES_RESYNCHRONIZED. */
  size_t channel_count;
} es_occupancy_change;

/* Told which channels have readers, and of every reader that comes and leaves. */
typedef struct es_occupancy_observer {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Takes a change. One after the other in the order in which they happened, on threads of the library; it may take its
   * time and call the library: readers do not wait for it, and what it is told may be over by then. After 10,000
   * changes that wait, the rest is told by ES_RESYNCHRONIZED. Not NULL. */
  void (*changed)(void *context, const es_occupancy_change *change);
  /* The last call: nothing of this library uses the context any more. May be NULL. */
  void (*release)(void *context);
} es_occupancy_observer;

#define ES_OCCUPANCY_OBSERVER_INIT {sizeof(es_occupancy_observer), NULL, NULL, NULL}

/* Sets the observer of hubs; NULL: none. The context is the library's until `release`, unless this fails. */
es_status es_config_set_occupancy_observer(es_config *config, const es_occupancy_observer *observer);

/* Sets the authorizer of streams; NULL: everyone may read all. The context is the library's until `release`, unless
 * this fails. */
es_status es_config_set_authorizer(es_config *config, const es_authorizer *authorizer);

/* ---- Hub ------------------------------------------------------------------------------------------------------- */

/* Channels, the events that they hold, and their readers. */
typedef struct es_hub es_hub;

/* Makes a hub, to be freed by es_hub_free. config: its limits; NULL: the defaults. Fails with ES_INVALID_VALUE for a
 * configuration of another kind. */
es_status es_hub_create(const es_config *config, es_hub **hub);

/* Frees the hub. Streams that still use it keep it until they are freed too. */
void es_hub_free(es_hub *hub);

/* Opens a channel, unless it is open already. The name has 1 to 255 bytes without control characters. */
es_status es_hub_open(es_hub *hub, const char *channel);

/* Opens a channel with rules of its own, unless it is open already, which is no failure and keeps its rules. What the
 * configuration does not set is as the hub's says. config: of ES_CONFIG_CHANNEL or ES_CONFIG_ALL. */
es_status es_hub_open_configured(es_hub *hub, const char *channel, const es_config *config);

/* Removes a channel: its streams end once they have what is published, and what it holds is forgotten. It need not
 * exist. */
es_status es_hub_remove(es_hub *hub, const char *channel);

/* Changes the rules of an open channel to what the configuration says, and to the hub's where it says nothing. Readers
 * that are beyond a new limit are treated as slow at once. Fails with ES_UNKNOWN_CHANNEL. */
es_status es_hub_reconfigure(es_hub *hub, const char *channel, const es_config *config);

/* A channel at one moment. */
typedef struct es_channel {
  size_t size;
  const char *name;
  uint64_t readers;              /* Streams that read it. */
  uint64_t replaying_readers;    /* Those of them that are given what they missed from the history. */
  uint64_t readers_behind;       /* Those of them for which something waits that is held. */
  uint64_t published;            /* Events and comments published since it was opened. */
  uint64_t held_events;          /* Events and comments that are held. */
  uint64_t held_bytes;           /* The memory that those take. */
  uint64_t waiting_publications; /* Publications that its history has yet to record. */
  const char *oldest_id;         /* Of the events that are held; NULL: none is. */
  const char *newest_id;         /* The same. */
  int64_t idle_ms;               /* Since the last publication that is held; ES_NONE: none is. */
  int has_repository;            /* 1: it has a history. */
} es_channel;

/* Calls a function with a channel, on the calling thread before this returns. Takes a lock for a moment. Fails with
 * ES_UNKNOWN_CHANNEL. */
es_status es_hub_visit_channel(
  es_hub *hub, const char *channel, void (*visit)(void *context, const es_channel *channel), void *context);

/* The same with every channel, in the order in which they were opened. The function may call the library. */
es_status es_hub_visit_channels(
  es_hub *hub, void (*visit)(void *context, const es_channel *channel), void *context);

/* Takes a caller's permission back: ends the streams that were granted to this identity by an authorizer, at once. The
 * caller may come back, so make the authorizer refuse it first. channel: only streams of this one; NULL: all. */
es_status es_hub_revoke(es_hub *hub, const char *identity, const char *channel);

/* Ends every stream at once, with what is published, and refuses new ones with 503. Publishing fails with ES_CLOSED
 * from now on. */
es_status es_hub_close(es_hub *hub);

/* What a hub has done since it was made, and what it has now. */
typedef struct es_statistics {
  uint64_t readers;         /* Requests and streams that are open now. */
  uint64_t channels;        /* Channels that there are now. */
  uint64_t published;       /* Events published; one for several channels is counted in each. */
  uint64_t published_bytes; /* The bytes of those, encoded. */
  uint64_t delivered;       /* Events and comments given to readers, counted for each. */
  uint64_t replayed;        /* Those of them that came from a repository. */
  uint64_t sent_bytes;      /* Bytes given to connections. */
  uint64_t coalesced;       /* Events that a newer one took the place of. */
  uint64_t gaps;            /* Times a reader was told that events are missing. */
  uint64_t opened;          /* Streams that were opened. */
  uint64_t refused;         /* Requests that were refused. */
  uint64_t ended;           /* Streams that ended. */
  uint64_t dropped;         /* Those of them that were cut off for being too slow. */
  uint64_t held_bytes;      /* Bytes that are held for readers now. */
  uint64_t skipped;         /* Events that slow readers were not given because they were moved on. */
  uint64_t conflated;       /* Events that slow readers were not given because a newer one has their key. */
} es_statistics;

/* Fills in statistics. size: sizeof(es_statistics), so that a program may be older or newer than the library: what it
 * does not know is left out, what the library does not know is 0. Takes locks for a moment. */
es_status es_hub_statistics(const es_hub *hub, es_statistics *statistics, size_t size);

/* ---- Publishing ------------------------------------------------------------------------------------------------ */

/* retry_ms of an event: reconnect without waiting. */
#define ES_RETRY_AT_ONCE ((int64_t)-1)

/* An event (WHATWG HTML 9.2.6). What is zero is not there. In an array all have the size that the first has. */
typedef struct es_event {
  size_t size;
  const char *data;   /* CR and CR LF arrive as LF. May be NULL if data_length is 0. */
  size_t data_length; /* In bytes. */
  const char *type;   /* One line; NULL: "message". */
  const char *id;     /* One line, not empty; NULL: the hub makes one. */
  int64_t retry_ms;   /* How long readers wait before they reconnect, from now on; 0: as before; ES_RETRY_AT_ONCE. */
  const char *key;    /* What it is about, for ES_OPTION_SLOW_READERS; not sent. NULL: what its type says. */
} es_event;

#define ES_EVENT_INIT {sizeof(es_event), NULL, 0, NULL, NULL, 0, NULL}

/* The ID that a hub has made for an event, with its NUL; "" if the event has one of its own. Does not grow. */
typedef struct es_event_id {
  char text[96];
} es_event_id;

/* Publishes an event with data only. Costs the same with and without readers, and waits for none. Fails with
 * ES_UNKNOWN_CHANNEL, ES_LIMIT_EXCEEDED, ES_CLOSED, ES_INVALID_TEXT, ES_RECORDED_CHANNEL. */
es_status es_publish(es_hub *hub, const char *channel, const char *data, size_t data_length);

/* Publishes an event to several channels, in each with an ID of that channel unless it has one of its own: to all, or,
 * if one is unknown, to none. ids: where to put the IDs that the hub makes, one for each channel; NULL: nowhere. Fails
 * as es_publish. */
es_status es_publish_event(
  es_hub *hub, const char *const *channels, size_t channel_count, const es_event *event, es_event_id *ids);

/* Publishes a comment, one line, which readers' programs do not see. Fails as es_publish. */
es_status es_publish_comment(es_hub *hub, const char *channel, const char *comment, size_t comment_length);

/* What became of a recorded publication. */
typedef struct es_publication {
  size_t size;
  /* ES_OK: the event is in the history and published. ES_OUTCOME_UNKNOWN: nobody knows; ask the history before you
   * publish it again. Anything else: it is neither recorded nor published, and may be published again. */
  es_status status;
  const char *id;    /* The event's ID; NULL: it was not published. */
  const char *error; /* What went wrong, in one line for a person; "" if nothing. */
} es_publication;

/* Records an event in its channel's history (es_hub_set_history) and publishes it then, so that history and readers
 * cannot disagree. Publications to one channel by one thread are done in the order of the calls; those that wait
 * together are recorded together. A channel that is not recorded is published to at once.
 *
 * published: called once, unless this function fails. On a thread of the library; where the channel is not recorded, on
 *   the calling thread before this returns. NULL: nobody is told.
 * Fails as es_publish, with ES_LIMIT_EXCEEDED where too much waits for histories already, and with a status of
 * es_publication where that is known before this returns. */
es_status es_publish_recorded(
  es_hub *hub, const char *channel, const es_event *event,
  void (*published)(void *context, const es_publication *publication), void *context);

/* ---- History --------------------------------------------------------------------------------------------------- */

/* A reader that waits for a batch of what it missed. Not a pointer to anything, so that its use after the answer is
 * harmless. */
typedef struct es_replay es_replay;

/* What a repository is asked for. */
typedef struct es_replay_request {
  size_t size;
  const char *channel;
  const char *last_event_id; /* The event that the reader has; may come from a peer. NULL: from the beginning. */
  size_t maximum_events;     /* The most events to answer, at least 1. */
  size_t maximum_bytes;      /* About the most bytes of data; one event is answered even if it has more. */
} es_replay_request;

typedef enum es_replay_outcome {
  /* The events right after the one asked for, with none missing between; none: there are no later ones. */
  ES_REPLAY_CONTIGUOUS = 0,
  /* The event asked for was there once, but some after it are gone; these are the earliest that are held. */
  ES_REPLAY_GAP = 1,
  /* The event asked for was never there. */
  ES_REPLAY_UNKNOWN_ID = 2
} es_replay_outcome;

/* A channel's history: what a reader that returns has missed and the hub no longer holds. The program stores an event,
 * with the ID that it publishes it with, before it publishes it. */
typedef struct es_repository {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Looks up what follows an event, oldest first: calls es_replay_answer or es_replay_fail with `replay`, once, now or
   * later, on any thread. It is asked for the next batch when the reader has taken this one. Not NULL. */
  void (*replay)(void *context, es_replay *replay, const es_replay_request *request);
  /* The answer is not needed any more: the reader has left. Called at most once for each replay, after the function
   * above has returned and instead of an answer that is taken. On any thread, also the base's: returns quickly. May be
   * NULL. */
  void (*cancelled)(void *context, es_replay *replay);
  /* The last call: nothing of this library uses the context any more. May be NULL. */
  void (*release)(void *context);
} es_repository;

#define ES_REPOSITORY_INIT {sizeof(es_repository), NULL, NULL, NULL, NULL}

/* Gives a channel its history, instead of any that it has, and opens it if it is not; NULL: takes it away. The context
 * is the library's until `release`, unless this fails. */
es_status es_hub_set_repository(es_hub *hub, const char *channel, const es_repository *repository);

/* Gives every channel this history, also those that are made on demand, unless es_hub_set_repository gives it another;
 * of hubs. NULL: none. The context is the library's until `release`, unless this fails. */
es_status es_config_set_repository(es_config *config, const es_repository *repository);

/* Answers a batch. events: oldest first, each with an ID; no more than were asked for. NULL if event_count is 0. Fails
 * with ES_NOT_PENDING, ES_INVALID_VALUE, ES_INVALID_TEXT. After any error except ES_NOT_PENDING the program may answer
 * again. */
es_status es_replay_answer(
  es_replay *replay, es_replay_outcome outcome, const es_event *events, size_t event_count);

/* The history cannot be read: the reader's stream ends, so that it asks again later; the reason is logged. Fails as
 * es_replay_answer. */
es_status es_replay_fail(es_replay *replay, const char *reason);

/* A reader that waits for a channel's state. Not a pointer to anything, so that its use after the answer is harmless.
 * */
typedef struct es_snapshot es_snapshot;

/* The state of a channel, with which a reader can go on as if it had all events. */
typedef struct es_snapshots {
  size_t size;
  /* Passed to the functions below. */
  void *context;
  /* Calls es_snapshot_answer or es_snapshot_fail with `snapshot`, once, now or later, on any thread. Not NULL. */
  void (*snapshot)(void *context, es_snapshot *snapshot, const char *channel);
  /* The answer is not needed any more, as es_repository.cancelled says. May be NULL. */
  void (*cancelled)(void *context, es_snapshot *snapshot);
  /* The last call: nothing of this library uses the context any more. May be NULL. */
  void (*release)(void *context);
} es_snapshots;

#define ES_SNAPSHOTS_INIT {sizeof(es_snapshots), NULL, NULL, NULL, NULL}

/* When a reader is given a snapshot. Both can be added. */
typedef enum es_snapshot_use {
  /* A reader without a last event ID is, before what is published. */
  ES_SNAPSHOT_FOR_NEW_READERS = 1,
  /* A reader is that cannot be given all that it missed, instead of what ES_OPTION_AFTER_GAP says. */
  ES_SNAPSHOT_AFTER_GAP = 2
} es_snapshot_use;

/* Sets the snapshots of streams for these uses, a sum of es_snapshot_use; NULL: none. The context is the library's
 * until `release`, unless this fails. */
es_status es_config_set_snapshots(es_config *config, int uses, const es_snapshots *snapshots);

/* Answers with the channel's state. Give the last event the ID of the last published event that the state covers, and
 * the stream goes on right behind that one; without it, with what was published after the question. Fails as
 * es_replay_answer. */
es_status es_snapshot_answer(es_snapshot *snapshot, const es_event *events, size_t event_count);

/* There is no state to be had: the reader's stream ends, so that it asks again later; the reason is logged. Fails as
 * es_replay_answer. */
es_status es_snapshot_fail(es_snapshot *snapshot, const char *reason);

/* ---- Streams --------------------------------------------------------------------------------------------------- */

/* The streams of one hub in the evhttp servers of one event base. */
typedef struct es_streams es_streams;

/* Makes the streams of a base, to be freed by es_streams_free before the base is. Adds events to the base, which keep
 * its loop running. Fails with ES_OUT_OF_RESOURCES. */
es_status es_streams_create(es_hub *hub, struct event_base *base, es_streams **streams);

/* Serves streams at a path, beside the program's own callbacks.
 *
 * path: "/events" sets a callback for that path, by evhttp_set_cb. One with named segments, such as
 *   "/events/{channel}", is reached through es_streams_serve; what stands for {channel} is a channel of the stream.
 * config: how the streams behave, and who may read them; NULL: the defaults, for everyone.
 * OPTIONS, with which pages of other origins ask first, is answered only where the evhttp takes it
 * (evhttp_set_allowed_methods). Fails with ES_PATH_IN_USE, ES_OUT_OF_RESOURCES, with ES_INVALID_TEXT for what is no
 * path, such as one with a query or a fragment, and with ES_INVALID_VALUE for a configuration with which no request at
 * this path could name a channel. */
es_status es_streams_mount(es_streams *streams, struct evhttp *http, const char *path, const es_config *config);

/* Serves a request, from the program's own general callback (evhttp_set_gencb), if a path with named segments that was
 * mounted on any evhttp matches; else returns ES_NO_ROUTE. After any error, such as ES_INVALID_HANDLE for streams that
 * were freed, the request is untouched and the program's to answer. */
es_status es_streams_serve(es_streams *streams, struct evhttp_request *request);

/* Takes the paths of an evhttp away again, which still exists; open streams go on. */
es_status es_streams_unmount(es_streams *streams, struct evhttp *http);

/* How many streams and requests are open, with those whose end is still being sent; 0 for NULL. */
size_t es_streams_reader_count(const es_streams *streams);

/* Ends the streams at random moments within a time, each with what is published and a `retry` of its own, and refuses
 * new ones with 503. Then, when nothing is left unsent, calls `drained` once, on the base's thread, from its loop; it
 * may free the streams, the evhttp, and break the loop. NULL: nobody is told. A peer that takes nothing is cut off five
 * seconds after its moment. A second call takes the place of the first, whose callback is not called then. */
es_status es_streams_drain(es_streams *streams, int64_t window_ms, void (*drained)(void *context), void *context);

/* Cuts off the streams that are still open, takes the events from the base, and frees. Comes before event_base_free. An
 * evhttp with mounted paths may be freed before or after it; if it is to serve on, es_streams_unmount comes first. */
void es_streams_free(es_streams *streams);

#ifdef __cplusplus
}
#endif

#endif
