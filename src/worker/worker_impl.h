/* worker_impl: declarations that the files of this room share. Room-internal.
 *
 *   worker.c    the threads: claim, sweep, relay; how they stop
 *   attempt.c   one attempt: from a claim to a settled task
 *   beat.c      reports that this process is alive
 *   reel.c      a reel with its receipt
 *   versions.c  profiles and logos, by version
 *   logo.c      pictures that may become logos */
#pragma once
#include "worker/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct task_row;
struct versions;

enum { WORKER_NAME_SIZE = 128 };

struct workers {
    struct tasks *tasks;
    struct queue *queue;
    struct jail *jail;
    struct versions *versions;
    struct log *log;
    struct worker_conf conf;
    char name[WORKER_NAME_SIZE]; /* host, process id, and a random part unique to this start */
    pthread_t *threads;
    int thread_count;
    pthread_mutex_t lock;  /* guards the fields below */
    pthread_cond_t change; /* signalled when a field below changes */
    bool stopping;
    int64_t cut_at_ms; /* clock_mono_ms: attempts are handed back from then on; INT64_MAX: never */
    int takers;        /* threads that take tasks and still run */
    int helpers;       /* the other threads that still run */
    int busy;
    int remade; /* see workers_remade */
};

/* Returns whether running attempts must be handed back now. */
bool workers_cut(struct workers *w);
/* Waits ms. Returns false, at once, when attempts must be handed back. */
bool workers_wait_cut(struct workers *w, int64_t ms);

/* Counts one more reel that was copied, failed its receipt, and was encoded. */
void workers_count_remade(struct workers *w);

/* Tells the store who works here, until all takers have ended. */
void workers_beat(struct workers *w);

/* Handles a task that was just claimed, from start to end; claimed_ms is clock_mono_ms from before
 * the claim. Settles and logs every failure itself. */
void attempt_run(struct workers *w, const struct task_row *claim, int64_t claimed_ms);
