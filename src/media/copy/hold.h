/* media/copy/hold: the pictures of a copied body between reading and writing, each with its time in
 * the body. Room-internal. Pure but for the packets' references.
 *
 * A picture waits until all that are shown before the next ones are there: then the pictures so far
 * are whole in decoding order and in showing order (a safe point), and the body may end there.
 * Clips of a constant rate have each picture in its place on a grid of slots, so that a container's
 * rounding is gone and a hole is seen. Clips of a varying rate keep their times; there a point is
 * safe once as many more pictures are here as the clip may reorder. */
#pragma once
#include "media/mux.h"
#include "media/pace.h"

enum { HOLD_MAX = MUX_GROUP_MAX }; /* pictures between two safe points; H.264 reorders at most 16 */

struct hold {
    /* the caller's to set */
    struct mux_clock clock;
    AVRational time_base; /* of the clip */
    bool varies;
    int delay;         /* pictures that may be decoded before one that is shown earlier */
    int64_t first_pts; /* of the body's first picture, by the clip */
    struct pace pace;

    int64_t kept;  /* pictures of the body that are past, among them those that were encoded */
    int64_t shown; /* ticks from the body's start: when the last of them is shown; -1: none */
    AVPacket *packets[HOLD_MAX]; /* that wait, in decoding order */
    int64_t at[HOLD_MAX];        /* when each is shown, in ticks from the body's start */
    int count;
};
/* A time of the clip in ticks from the body's start. NULL, or why there is none (a fixed text). */
const char *hold_time(const struct hold *h, int64_t pts, int64_t *at);
/* One more picture; takes the packet's reference. NULL, or what is wrong (a fixed text). */
const char *hold_take(struct hold *h, AVPacket *packet);
/* How many of those that wait, from the first on, make the shortest group up to a safe point; 0:
 * there is none yet. ended: no more come. */
int hold_safe(const struct hold *h, bool ended);
/* When the first is shown of those that wait behind the first `group`; -1: none waits. */
int64_t hold_next(const struct hold *h, int group);
/* How long the last picture of the body is shown, which is the last of the group, in ticks. */
int64_t hold_last(const struct hold *h, int group);
/* A picture of the body that was encoded, or is about to be written: in the order of showing. NULL,
 * or what is wrong. */
const char *hold_pace(struct hold *h, int64_t at);
/* Whether those of a group lie as far from their place as the delay allows, and follow each other
 * as they should. NULL, or what is wrong. */
const char *hold_check(struct hold *h, int group);
/* The group is past. */
void hold_drop(struct hold *h, int group);
void hold_clear(struct hold *h);
