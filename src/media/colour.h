/* media/colour: what a picture's numbers mean, as ITU-T H.273 counts it (AVCOL_*), and which way
 * leads from there to BT.709 of standard range. Room-internal. Pure. */
#pragma once
#include <stdbool.h>

struct colour {
    int primaries, transfer, matrix; /* 2: not said */
    bool full;                       /* range */
};
enum colour_way {
    COLOUR_NEAR,    /* BT.709 or BT.601: only the matrix differs enough to be seen; and RGB */
    COLOUR_WIDE,    /* converted through linear light */
    COLOUR_HDR,     /* the same, and tone-mapped */
    COLOUR_UNKNOWN, /* no way that we have: it must not be shown */
};
/* Replaces what is not said, or only nearly known, by what players take it for in a picture of this
 * size. RGB pixels have matrix 0, all others another. */
enum colour_way colour_settle(struct colour *c, int width, int height);
