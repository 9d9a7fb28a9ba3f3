/* worker: takes tasks and turns them into reels in the jail, one thread an attempt. */
#pragma once
#include "core/reel.h"

#include <stdint.h>

struct err;
struct jail;
struct log;
struct metrics;
struct queue;
struct tasks;
struct workers;

struct worker_conf {
    int jobs;               /* attempts at once */
    struct profile profile; /* of the settings, for tasks under version 0 */
    struct media_limits limits;
    int logo_fd; /* as well; -1: the built-in mark; borrowed */
    int64_t lease_ms, sweep_ms, attempt_ms, silence_ms;
    int64_t reel_reserve_bytes;
    struct metrics *metrics; /* NULL: nothing is counted */
};
/* Starts the threads: jobs that work, one that sweeps, one that relays the outbox (with jobs 0 only
 * these two), one that tells the store that they are alive. Borrows all pointers until
 * workers_free. */
int workers_start(struct workers **out, struct tasks *t, struct queue *q, struct jail *j,
                  const struct worker_conf *c, struct log *l, struct err *e);
/* No new work; running attempts may finish within drain_ms and are then handed back. Blocks.
 * Callable from any thread; again with drain_ms 0 from another thread: hands back at once. */
void workers_stop(struct workers *w, int64_t drain_ms);
void workers_free(struct workers *w);
/* Attempts running now. */
int workers_busy(const struct workers *w);
/* Reels since the start that were copied, failed their receipt, and were encoded instead. */
int workers_remade(const struct workers *w);
