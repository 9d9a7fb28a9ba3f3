/* media/copy/tail: the end of a copied body that is encoded. Packets can be copied up to the last
 * safe point (hold.h) that fits; where that lies far before the end of what fits, the pictures
 * between the two are decoded from the last copied key picture on and encoded like the bumper, with
 * its parameter sets. They are fewer than a hold has places. Room-internal. */
#pragma once
#include "media/copy/hold.h"
#include "media/copy/recode.h"

struct tail_order {
    struct media_input *in;
    const struct media_plan *plan;
    const struct media_limits *limits;
    struct bumper_shape shape; /* the bumper's */
    int64_t key;               /* when the last copied key picture is shown, in the track's time
                                  base; AV_NOPTS_VALUE: there is none */
    int64_t end, longest;      /* of what is copied, of what fits: ticks from the body's start */
};
/* Whether so much is lost without one, a quarter of a second, that it is worth a decoder. */
bool tail_is_worth(const struct hold *h, int64_t end, int64_t longest);
/* Makes it behind the last picture that h has dropped; those that h holds are among it. A tail that
 * cannot be had (the clip cannot be searched, or is damaged there) costs no reel: out is without
 * pictures then, and the body ends as it did. *end: where it ends now. h knows only what is copied
 * afterwards. -1 with *e: no memory, or reading failed. */
int tail_make(const struct tail_order *o, struct hold *h, struct recoded *out, int64_t *end,
              struct err *e);
/* The parameter sets that a tail of this shape has, for a track without bumpers. */
int tail_sets(const struct bumper_shape *shape, struct bumper *out, struct err *e);
