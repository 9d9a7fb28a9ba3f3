/* http/server/pool: threads that may wait, and the queue of requests for them. Thread-safe. */
#pragma once
#include <stdbool.h>

struct err;
struct pool;
struct request;

/* run() handles a request in a thread of the pool. It returns true when the pool must resume the
 * connection, false when the request is gone. */
int pool_start(struct pool **out, int threads, bool (*run)(struct request *r), struct err *e);
/* Takes r, whose connection is suspended. false: the pool has stopped, and the caller still owns r.
 */
bool pool_put(struct pool *p, struct request *r);
/* Accepts no more requests; returns when all accepted requests are done. NULL is allowed. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p);
