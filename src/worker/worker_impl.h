/* worker_impl: what the files of this room share. Room-internal.
 *
 *   worker.c   the threads: claiming, sweeping, relaying; stopping them
 *   attempt.c  one attempt: from a claim to a settled task
 *   beat.c     says that it is alive
 *   reel.c     a reel with its receipt      versions.c  how reels are made, by version
 *   logo.c     pictures that may become logos */
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
    char name[WORKER_NAME_SIZE]; /* host, process, and a part that no other start has */
    pthread_t *threads;
    int thread_count;
    pthread_mutex_t lock;  /* guards the rest */
    pthread_cond_t change; /* of the rest */
    bool stopping;
    int64_t cut_at_ms; /* clock_mono_ms from which attempts are handed back; INT64_MAX: never */
    int takers;        /* threads that take tasks, still there */
    int helpers;       /* the others */
    int busy;
    int remade; /* see workers_remade */
};

/* Running attempts are to be handed back now. */
bool workers_cut(struct workers *w);
/* Waits ms; false, at once, when attempts are to be handed back. */
bool workers_wait_cut(struct workers *w, int64_t ms);

/* One more reel was copied, failed its receipt, and was encoded. */
void workers_count_remade(struct workers *w);

/* Tells the store who works here until nobody does. */
void workers_beat(struct workers *w);

/* Does everything there is to do about a task that was just claimed; claimed_ms is clock_mono_ms
 * from before the claim. Everything that goes wrong is settled and logged here. */
void attempt_run(struct workers *w, const struct task_row *claim, int64_t claimed_ms);
