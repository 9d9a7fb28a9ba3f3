/* http/server/pool: threads that may wait, and the line of requests for them. Thread-safe. */
#pragma once
#include <stdbool.h>

struct err;
struct pool;
struct request;

/* run() handles a request in a thread of the pool. It returns true to have the connection resumed,
 * false when the request is gone. */
int pool_start(struct pool **out, int threads, bool (*run)(struct request *r), struct err *e);
/* Takes r, whose connection is suspended. false: the pool has stopped, and r stays the caller's. */
bool pool_put(struct pool *p, struct request *r);
/* Takes no more requests and returns when all that it took are done. NULL is allowed. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p);
