/* media/pace: checks that the times of pictures of varying rate are allowed in a reel.
 * Room-internal. Pure. */
#pragma once
#include <stdint.h>

struct profile;

enum {
    PACE_RING = 512,     /* more than a second of pictures at the highest rate of any profile */
    PACE_LEAST_US = 900, /* shortest time that a picture is shown: containers count milliseconds,
                            and round in different ways */
    PACE_LONGEST_US = 1000000, /* longest time; beyond it, a player seems stuck */
};
struct pace {
    int64_t ticks_per_s;
    int most; /* limit of pictures in any second */
    int64_t count;
    int64_t at[PACE_RING];
};
/* Allows a tenth more pictures a second than the profile's rate, because clocks jitter. */
void pace_init(struct pace *p, int64_t ticks_per_s, const struct profile *profile);
/* Adds the next picture in display order. Returns NULL, or what is wrong (a fixed text). */
const char *pace_take(struct pace *p, int64_t at);
