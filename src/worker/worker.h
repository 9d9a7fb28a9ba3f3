/* worker: claims tasks and makes their reels in the jail, one thread for each attempt. */
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
    int jobs;               /* concurrent attempts */
    struct profile profile; /* from the settings; for tasks of version 0 */
    struct media_limits limits;
    int logo_fd; /* from the settings; -1: the built-in mark; borrowed */
    int64_t lease_ms, sweep_ms, attempt_ms, silence_ms;
    int64_t reel_reserve_bytes;
    struct metrics *metrics; /* NULL: nothing is counted */
};
/* Starts the threads: `jobs` threads that make reels, one that sweeps, one that relays the outbox
 * (with jobs 0 only these two), and one that tells the store that this process is alive. Borrows
 * all pointers until workers_free. */
int workers_start(struct workers **out, struct tasks *t, struct queue *q, struct jail *j,
                  const struct worker_conf *c, struct log *l, struct err *e);
/* Stops taking tasks. Running attempts may finish within drain_ms; then they are handed back.
 * Blocks. Callable from any thread. A second call with drain_ms 0, from another thread, hands them
 * back at once. */
void workers_stop(struct workers *w, int64_t drain_ms);
void workers_free(struct workers *w);
/* Attempts running now. */
int workers_busy(const struct workers *w);
/* Reels since the start that were copied, failed their receipt, and were encoded instead. */
int workers_remade(const struct workers *w);
