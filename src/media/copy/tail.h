/* media/copy/tail: the encoded end of a copied body. Packets can be copied up to the last safe
 * point (hold.h) that fits. When that point lies far before the end of what fits, the pictures
 * between the two are decoded from the last copied key picture on, and encoded like the bumper,
 * with the bumper's parameter sets. There are fewer of them than a hold has places. Room-internal.
 */
#pragma once
#include "media/copy/hold.h"
#include "media/copy/recode.h"

struct tail_order {
    struct media_input *in;
    const struct media_plan *plan;
    const struct media_limits *limits;
    struct bumper_shape shape; /* the bumper's shape */
    int64_t key;          /* display time of the last copied key picture, in the track's time base;
                             AV_NOPTS_VALUE: none */
    int64_t end, longest; /* end of the copied part; longest body: ticks from the body's start */
};
/* Returns whether the body would lose a quarter of a second or more without a tail; less is not
 * worth a decoder. */
bool tail_is_worth(const struct hold *h, int64_t end, int64_t longest);
/* Encodes the pictures behind the last one that h has dropped, including those that h holds. When
 * the tail cannot be made (the clip cannot be searched, or is damaged there), the reel is still
 * made: out has no pictures, and the body keeps its end. *end: the new end of the body. h knows
 * only pictures that are copied afterwards. -1 with *e: no memory, or reading failed. */
int tail_make(const struct tail_order *o, struct hold *h, struct recoded *out, int64_t *end,
              struct err *e);
/* Makes the parameter sets of a tail of this shape, for a track without bumpers. */
int tail_sets(const struct bumper_shape *shape, struct bumper *out, struct err *e);
