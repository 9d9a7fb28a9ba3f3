/* http/server/watch: the only place that watches connections and ends those of slow, vanished and
 * superseded clients. The head of the first request must be complete head_ms after the connection
 * was opened; the head of a later request, head_ms after its first line. A later request may take
 * idle_ms longer for its first line. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct watch;
struct watched; /* one connection */

int watch_start(struct watch **out, int64_t head_ms, int64_t idle_ms, struct err *e);
/* Call after all connections are closed. NULL is allowed. */
void watch_stop(struct watch *w);
/* Adds a connection on the socket fd, which must stay open until watch_leave. */
struct watched *watch_enter(struct watch *w, int fd);
void watch_leave(struct watched *c);

/* The state of the connection. NULL is allowed: a connection that is not watched. */
void watch_head_begins(struct watched *c); /* the first line was read */
void watch_head_ends(struct watched *c);
void watch_body(struct watched *c, bool awaited); /* false: the body is complete or refused */
void watch_next(struct watched *c);               /* answered; another request may come */

/* -- from any thread, while a request of the connection lasts -- */
/* Returns whether the client has closed its side and everything it sent was read. Needed because
 * the library does not check a suspended connection. */
bool watch_has_gone(const struct watched *c);
/* Ends the connection. The library sees the end of input behind the bytes that have arrived; a
 * client that still sends a body is disconnected half a second later. May be called again. */
void watch_end(struct watched *c);
