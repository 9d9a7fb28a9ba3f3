/* jail/fetch: gets the packets of a bumper for a child that asks, from the cache or freshly made.
 * Room-internal, service half.
 *
 * A separate child makes fresh packets. It is given a logo and a shape, but no clip: the output of
 * a child that has read a hostile clip must never get into the reels of other users. */
#pragma once
#include "core/reel.h"

struct cache;
struct jail;
struct jail_job;
struct log;
struct metrics;

struct fetch {
    struct jail *jail;
    struct cache *cache;
    struct log *log;
    struct metrics *metrics;
    const char *media;          /* from the helper's HELLO */
    const struct jail_job *job; /* the job that asks: its logo, limits and tick */
    int permille;               /* progress of that job, for the ticks during the fetch */
    int64_t wall_ms;            /* wall time that the job has left */
    bool stopped;               /* out: the job's tick asked to stop */
};
/* Returns a read-only descriptor, which the caller closes, or -1: no packets can be had. Calls the
 * job's tick meanwhile. */
int fetch_bumper(struct fetch *f, const struct bumper_shape *shape);
