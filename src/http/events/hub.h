/* http/events/hub: Server-Sent Events (WHATWG HTML, 9.2). One thread follows the store's events and
 * hands them to the listeners, whose connections are suspended while there is nothing to send:
 * thousands that only listen cost a buffer each and no thread. Room-internal. Thread-safe. */
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

/* Borrows tasks, auth and log; also calls auth_tend. beat_ms: a listener that was sent nothing for
 * so long gets a comment; streams: the most that a user may have at once. */
int hub_start(struct hub **out, struct tasks *t, struct auth *a, struct log *l, int64_t beat_ms,
              int64_t streams, struct err *e);
/* Ends all streams at once, and every later one; before the daemon stops. NULL is allowed. */
void hub_end(struct hub *h);
/* After the daemon has stopped. */
void hub_free(struct hub *h);

/* A stream of the caller's events beyond the id `after` (-1: from now on), of one task or (0) of
 * all. It ends when the caller's key expires, and within seconds of the key's deletion. The
 * response is the caller's and owns the rest. NULL with *e: ERR_RATE, too many streams of this
 * user. */
struct MHD_Response *hub_stream(struct hub *h, struct MHD_Connection *conn, struct watched *client,
                                const struct caller *who, int64_t task_id, int64_t after,
                                struct err *e);
