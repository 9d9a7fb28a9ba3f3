/* http/server/pool: threads that may wait, and the line of requests for them. Thread-safe. */
#pragma once
#include <stdbool.h>

struct err;
struct pool;
struct request;

/* run() is called with each request; true: its connection is then resumed, false: it is gone. */
int pool_start(struct pool **out, int threads, bool (*run)(struct request *r), struct err *e);
/* Its connection must be suspended. false: the pool has stopped and r is still the caller's. */
bool pool_put(struct pool *p, struct request *r);
/* Ends when all that was put is done; nothing is taken any more. NULL is allowed. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p);
