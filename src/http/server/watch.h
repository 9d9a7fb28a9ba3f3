/* http/server/watch: ends connections of clients that are too slow with the head of a request or
 * that have gone. A head must be there head_ms after the connection was opened, or after the first
 * line of a later request; a later request without a first line has idle_ms more. Thread-safe; a
 * connection belongs to its event thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct watch;
struct watched; /* one connection */

int watch_start(struct watch **out, int64_t head_ms, int64_t idle_ms, struct err *e);
/* After all connections are closed. NULL is allowed. */
void watch_stop(struct watch *w);
/* A connection on the socket fd, which stays open until watch_leave. */
struct watched *watch_enter(struct watch *w, int fd);
void watch_leave(struct watched *c);

/* What the connection is at. NULL is allowed: a connection that is not watched. */
void watch_head_begins(struct watched *c); /* the first line is there */
void watch_head_ends(struct watched *c);
void watch_body(struct watched *c, bool awaited); /* false: it is there, or nobody wants it */
void watch_next(struct watched *c);               /* answered; another request may come */
