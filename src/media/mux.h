/* media/mux: packets into an MP4 on a descriptor, index first, in one pass. Room-internal.
 * mux_sound may be called from another thread than the rest. */
#pragma once
#include "media/plan.h"

#include <libavcodec/avcodec.h>

struct err;
struct mux;

/* What the times of pictures count: ticks. A slot, which is a picture at the plan's rate, is a
 * whole number of them. */
struct mux_clock {
    int64_t per_s, slot;
};
/* kept: the time base in which pictures keep the times that they have; {0, 1}: none do. Those of a
 * usual time base are whole ticks; others are rounded by a few microseconds. */
struct mux_clock mux_clock_make(const struct media_plan *plan, AVRational kept);

enum { MUX_DELAY_MAX = 16, MUX_GROUP_MAX = 64 };

/* What a reel's two tracks are. Borrowed by mux_open alone. */
struct mux_form {
    const AVCodecParameters *picture,
        *sound; /* packets are as the extradata says: avcC or Annex B */
    int delay;  /* pictures that are decoded before one is shown, at least what every part needs; at
                   most MUX_DELAY_MAX */
    struct mux_clock clock;
    int64_t pictures_most; /* that come in; the index has room for them */
};
/* Writes from offset 0 of fd, which is borrowed and never opened by name. The index gets a place
 * that holds every reel the plan allows; what it does not fill is a `free` box. */
int mux_open(struct mux **out, int fd, const struct media_plan *plan, const struct mux_form *form,
             struct err *e);
/* The next pictures are a new segment that begins where the last one ended. */
void mux_segment(struct mux *m);
/* One packet of the segment, in decode order; its pts counts slots from the segment's start, and
 * all segments are of whole slots. The packet's bytes are borrowed; dts is made here. */
int mux_picture(struct mux *m, const AVPacket *packet, struct err *e);
/* Packets of the segment in decode order that are shown at at[i] ticks from its start, each after
 * all that came before this call; at most MUX_GROUP_MAX. The segment then ends a slot after the
 * last of them. */
int mux_group(struct mux *m, AVPacket *const *packets, const int64_t *at, int count, struct err *e);
/* The segment ends at `at` ticks from its start, after all its pictures' times. */
void mux_end(struct mux *m, int64_t at);
/* Sound with pts in samples; takes the packet's reference. */
int mux_sound(struct mux *m, AVPacket *packet, struct err *e);
/* Writes what is left and the index. */
int mux_finish(struct mux *m, struct err *e);
/* Pictures so far; the time that they take, in ticks; bytes of the file. */
int64_t mux_frames(const struct mux *m);
int64_t mux_ticks(const struct mux *m);
int64_t mux_us(const struct mux *m); /* the same in microseconds */
int64_t mux_bytes(const struct mux *m);
/* After every thread that has the mux is joined. */
void mux_free(struct mux *m);
void mux_freep(struct mux **m);
