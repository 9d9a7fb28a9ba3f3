/* verify_impl: declarations that the files of the receipt share. Room-internal.
 *
 *   verify.c        the items in their order; form, shape, length
 *   times.c         packets of both tracks against their clocks, from the index alone
 *   seams.c         the bumpers and the seams: the few pictures that are decoded
 *   reel_index.c    reads the index */
#pragma once
#include "core/err.h"
#include "media/clip/input.h"
#include "media/clip/sets.h"
#include "media/media.h"
#include "media/plan.h"
#include "media/receipt/reel_index.h"

struct verify {
    const struct media_job *job;
    struct media_input in; /* only its header was read: no packet, no decoder */
    struct sets sets;      /* borrows the stream's headers */
    struct reel_index index;
    const struct reel_track *picture, *sound; /* of the index */
    struct media_plan plan;
    bool varies; /* some pictures of the body are shown for other times than a slot */
    /* in ticks of the picture's track, from the first picture on: length of a slot; times of the
     * two seams; end */
    int64_t slot, seams[2], end;
    struct receipt receipt;
};
/* Ends the receipt at an item: returns -1, and *e names the item. */
int verify_fails(struct err *e, enum receipt_item item, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void verify_holds(struct verify *v, enum receipt_item item);
/* Converts ticks of the picture's track to microseconds. */
int64_t verify_us(const struct verify *v, int64_t ticks);

int verify_times(struct verify *v, struct err *e);
int verify_sync(struct verify *v, struct err *e);
/* Checks two items, bumpers and seams, because both need the same decoded pictures. */
int verify_pictures(struct verify *v, struct err *e);
