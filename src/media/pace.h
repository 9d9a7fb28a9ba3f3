/* media/pace: whether pictures of a varying rate follow each other as those of a reel may.
 * Room-internal. Pure. */
#pragma once
#include <stdint.h>

struct profile;

enum {
    PACE_RING = 512,     /* more than a second's pictures at the highest rate of any profile */
    PACE_LEAST_US = 900, /* a picture is shown for so long at least: containers count
                            milliseconds, and not always the same way */
    PACE_LONGEST_US = 1000000, /* and at most; beyond, a player may be taken for stuck */
};
struct pace {
    int64_t ticks_per_s;
    int most; /* pictures in any second */
    int64_t count;
    int64_t at[PACE_RING];
};
/* A tenth more pictures than the profile's rate may come in a second, for clocks jitter. */
void pace_init(struct pace *p, int64_t ticks_per_s, const struct profile *profile);
/* The next picture in the order of showing. NULL, or what is wrong (a fixed text). */
const char *pace_take(struct pace *p, int64_t at);
