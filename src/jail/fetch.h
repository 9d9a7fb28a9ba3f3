/* jail/fetch: the packets of a bumper for a child that asks: kept ones, or fresh ones.
 * Room-internal, service half.
 *
 * They are made by a child of their own that is given a logo and a shape and no clip: what a child
 * that has read a hostile clip writes would get into everybody's reels. */
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
    const char *media;          /* of the helper's HELLO */
    const struct jail_job *job; /* who asks: its logo, limits, tick */
    int permille;               /* of its progress, for the ticks meanwhile */
    int64_t wall_ms;            /* what is left to it */
    bool stopped;               /* out: its tick said stop */
};
/* A descriptor that can only be read, the caller's; -1: there are none to be had. Ticks go on. */
int fetch_bumper(struct fetch *f, const struct bumper_shape *shape);
