/* media/copy/hold: holds the pictures of a copied body between reading and writing, each with its
 * time in the body. Room-internal. Pure but for the packets' references.
 *
 * A picture waits until every picture that is shown before the next ones has come. Then the
 * pictures so far are complete both in decode order and in display order (a safe point), and the
 * body may end there. In a clip of constant rate each picture gets a place on a grid of slots,
 * which removes the container's rounding and reveals a hole. A clip of varying rate keeps its
 * times; there a point is safe once as many more pictures have come as the clip may reorder. */
#pragma once
#include "media/mux.h"
#include "media/pace.h"

enum { HOLD_MAX = MUX_GROUP_MAX }; /* pictures between two safe points; H.264 reorders at most 16 */

struct hold {
    /* set by the caller */
    struct mux_clock clock;
    AVRational time_base; /* of the clip */
    bool varies;
    int delay;         /* most pictures that are decoded before an earlier shown one */
    int64_t first_pts; /* pts of the body's first picture, on the clip's clock */
    struct pace pace;

    int64_t kept;  /* pictures of the body that were passed on, including encoded ones */
    int64_t shown; /* ticks from the body's start: display time of the last kept one; -1: none */
    AVPacket *packets[HOLD_MAX]; /* waiting pictures, in decode order */
    int64_t at[HOLD_MAX];        /* display time of each, in ticks from the body's start */
    int count;
};
/* Converts a time of the clip to ticks from the body's start. Returns NULL, or why there is no such
 * time (a fixed text). */
const char *hold_time(const struct hold *h, int64_t pts, int64_t *at);
/* Adds one more picture; takes the packet's reference. Returns NULL, or what is wrong (a fixed
 * text). */
const char *hold_take(struct hold *h, AVPacket *packet);
/* Returns the size of the shortest group, from the first waiting picture on, that ends at a safe
 * point; 0: there is none yet. ended: no more pictures come. */
int hold_safe(const struct hold *h, bool ended);
/* Earliest display time of the pictures that wait behind the first `group` ones; -1: none waits. */
int64_t hold_next(const struct hold *h, int group);
/* How long the last picture of the body is shown, in ticks, when the body ends with this group. */
int64_t hold_last(const struct hold *h, int group);
/* Checks the display time of a picture of the body that was encoded or is about to be written. Call
 * in display order. Returns NULL, or what is wrong. */
const char *hold_pace(struct hold *h, int64_t at);
/* Checks that the pictures of a group are reordered no further than the delay allows, and follow
 * each other in time as they should. Returns NULL, or what is wrong. */
const char *hold_check(struct hold *h, int group);
/* Removes the group after it was written. */
void hold_drop(struct hold *h, int group);
void hold_clear(struct hold *h);
