/* media/colour: the meaning of a picture's colour numbers, in the terms of ITU-T H.273 (AVCOL_*),
 * and the way to convert them to BT.709 limited range. Room-internal. Pure. */
#pragma once
#include <stdbool.h>

struct colour {
    int primaries, transfer, matrix; /* 2: unspecified */
    bool full;                       /* full range */
};
enum colour_way {
    COLOUR_NEAR,    /* BT.709 or BT.601, of which only the matrix differs visibly; or RGB */
    COLOUR_WIDE,    /* converted through linear light */
    COLOUR_HDR,     /* converted through linear light and tone-mapped */
    COLOUR_UNKNOWN, /* cannot be converted; such a picture must not be shown */
};
/* Replaces unspecified or ambiguous values by what players assume for a picture of this size. RGB
 * pixels have matrix 0; all others have another matrix. */
enum colour_way colour_settle(struct colour *c, int width, int height);
