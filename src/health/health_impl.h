/* health_impl: what the files of this room share. Room-internal.
 *
 *   health.c   the thread that checks the parts, and its results
 *   listen.c   the small HTTP server of this room */
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
    int64_t passes;    /* number of finished passes */
    int64_t asked_ms;  /* when the latest finished pass began, by clock_mono_ms; 0: none */
    int64_t totals_ms; /* time of the latest totals; used by the thread alone */
    int64_t far_ms;    /* time of the latest check of a far storage */
    bool up[PART_COUNT];
    int64_t since_ms[PART_COUNT]; /* when the running check began; 0: none is running */
};
/* listen.c: stops the listener. */
void health_deafen(struct health *h);
