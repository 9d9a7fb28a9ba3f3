/* media/mux: writes packets into an MP4 on a descriptor, index first, in one pass. Room-internal.
 * mux_sound may be called from another thread than the other functions. */
#pragma once
#include "media/plan.h"

#include <libavcodec/avcodec.h>

struct err;
struct mux;

/* The clock of picture times. Times count ticks; a slot, which is one picture at the plan's rate,
 * is a whole number of ticks. */
struct mux_clock {
    int64_t per_s, slot;
};
/* Makes the clock. kept: the time base of pictures that keep their own times; {0, 1}: none do.
 * Times in a usual time base are whole ticks; others are rounded by a few microseconds. */
struct mux_clock mux_clock_make(const struct media_plan *plan, AVRational kept);

enum { MUX_DELAY_MAX = 16, MUX_GROUP_MAX = 64 };

/* The form of a reel's two tracks. Only mux_open borrows it. */
struct mux_form {
    const AVCodecParameters *picture,
        *sound; /* the extradata tells the form of packets: avcC or Annex B */
    int delay;  /* pictures that are decoded before one is shown: the largest number that any part
                   needs, at most MUX_DELAY_MAX */
    struct mux_clock clock;
    int64_t pictures_most; /* limit of pictures; the index has space for them */
};
/* Writes from offset 0 of fd, which is borrowed and never opened by name. Reserves an index large
 * enough for every reel that the plan allows; the unused rest becomes a `free` box. */
int mux_open(struct mux **out, int fd, const struct media_plan *plan, const struct mux_form *form,
             struct err *e);
/* Starts a new segment at the end of the last one, for the next pictures. */
void mux_segment(struct mux *m);
/* Writes one packet of the segment. Call in decode order. The packet's pts counts slots from the
 * segment's start, and all segments must be whole slots long. The packet's bytes are borrowed; dts
 * is made here. */
int mux_picture(struct mux *m, const AVPacket *packet, struct err *e);
/* Writes packets of the segment, in decode order, shown at at[i] ticks from the segment's start.
 * Each must be shown after all pictures of earlier calls; count is at most MUX_GROUP_MAX. The
 * segment then ends one slot after the last shown picture. */
int mux_group(struct mux *m, AVPacket *const *packets, const int64_t *at, int count, struct err *e);
/* Ends the segment at `at` ticks from its start, after all its pictures' times. */
void mux_end(struct mux *m, int64_t at);
/* Writes sound with pts in samples; takes the packet's reference. */
int mux_sound(struct mux *m, AVPacket *packet, struct err *e);
/* Writes the remaining packets and the index. */
int mux_finish(struct mux *m, struct err *e);
/* Number of pictures so far; their duration in ticks; bytes of the file. */
int64_t mux_frames(const struct mux *m);
int64_t mux_ticks(const struct mux *m);
int64_t mux_us(const struct mux *m); /* mux_ticks in microseconds */
int64_t mux_bytes(const struct mux *m);
/* Call after joining every thread that uses the mux. */
void mux_free(struct mux *m);
void mux_freep(struct mux **m);
