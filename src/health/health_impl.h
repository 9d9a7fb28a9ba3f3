/* health_impl: what the files of this room share. Room-internal.
 *
 *   health.c    the thread that asks, and what it has found
 *   listen.c   the small HTTP server of its own */
#pragma once
#include "health/health.h"

#include <pthread.h>
#include <stdint.h>

enum part { PART_DATABASE, PART_STORAGE, PART_QUEUE, PART_COUNT };
struct MHD_Daemon;

struct health {
    struct health_parts parts;
    struct MHD_Daemon *daemon; /* NULL: nothing listens */
    pthread_t thread;
    bool running;         /* the thread was started */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t change;
    bool wanted, ending, stopping;
    int64_t passes;    /* that have ended */
    int64_t asked_ms;  /* when the newest of them began, of clock_mono_ms; 0: none */
    int64_t totals_ms; /* when these were asked last; the thread's own */
    int64_t far_ms;    /* when a far storage was asked last */
    bool up[PART_COUNT];
    int64_t since_ms[PART_COUNT]; /* since when it is being asked; 0: it is not */
};
/* listen.c */
void health_deafen(struct health *h);
