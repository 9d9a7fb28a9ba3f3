/* http/server/watch: the one place that watches connections, and ends those of clients that are too
 * slow with the head of a request, that have gone, or that are wanted no more. A head must be there
 * head_ms after the connection was opened, or after the first line of a later request; a later
 * request without a first line has idle_ms more. Thread-safe. */
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

/* -- from any thread, while a request of the connection lasts -- */
/* Whether the client has ended its side and all that it sent is read. The library does not look at
 * a connection that is suspended. */
bool watch_has_gone(const struct watched *c);
/* Ends the connection: the library sees the end of what the client sent, after what has arrived
 * already; a client that still sends a body is cut off half a second later. May be called again. */
void watch_end(struct watched *c);
