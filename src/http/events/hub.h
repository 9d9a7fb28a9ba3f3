/* http/events/hub: Server-Sent Events (WHATWG HTML, 9.2). One thread follows the store's events and
 * passes them to the listeners. The connection of a listener is suspended while there is nothing to
 * send, so an idle listener costs a buffer and no thread. Room-internal. Thread-safe. */
#pragma once
#include <microhttpd.h>
#include <stdint.h>

struct auth;
struct caller;
struct err;
struct hub;
struct log;
struct tasks;
struct watched;

/* Borrows tasks, auth and log; also calls auth_tend. beat_ms: a listener that has received nothing
 * for that long gets a comment; streams: limit of concurrent streams of one user. */
int hub_start(struct hub **out, struct tasks *t, struct auth *a, struct log *l, int64_t beat_ms,
              int64_t streams, struct err *e);
/* Ends all streams at once; later streams end at once too. Call before the daemon stops. NULL is
 * allowed. */
void hub_end(struct hub *h);
/* Call after the daemon has stopped. */
void hub_free(struct hub *h);

/* Opens a stream of the caller's events with ids above `after` (-1: from now on), of one task, or
 * (task_id 0) of all tasks. The stream ends when the caller's key expires, and within seconds of
 * the key's deletion. The caller owns the response, and the response owns everything else. NULL
 * with *e: ERR_RATE: this user has too many streams. */
struct MHD_Response *hub_stream(struct hub *h, struct MHD_Connection *conn, struct watched *client,
                                const struct caller *who, int64_t task_id, int64_t after,
                                struct err *e);
