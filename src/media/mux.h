/* media/mux: packets into an MP4 on a descriptor, index first, in one pass. Room-internal.
 * mux_sound may be called from another thread than the rest. */
#pragma once
#include "media/plan.h"

#include <libavcodec/avcodec.h>

struct err;
struct mux;

/* What a reel's two tracks are. Borrowed by mux_open alone. */
struct mux_form {
    const AVCodecParameters *picture,
        *sound; /* packets are as the extradata says: avcC or Annex B */
    int delay;  /* frames from decoding a picture to showing it, at least what every part needs */
};
/* Writes from offset 0 of fd, which is borrowed and never opened by name. The index gets a place
 * that holds every reel the plan allows; what it does not fill is a `free` box. */
int mux_open(struct mux **out, int fd, const struct media_plan *plan, const struct mux_form *form,
             struct err *e);
/* The next pictures are a new segment that begins where the last one ended. */
void mux_segment(struct mux *m);
/* One packet of the segment, in decode order; its pts counts frames from the segment's start. The
 * packet's bytes are borrowed; dts is made here. */
int mux_picture(struct mux *m, const AVPacket *packet, struct err *e);
/* Sound with pts in samples; takes the packet's reference. */
int mux_sound(struct mux *m, AVPacket *packet, struct err *e);
/* Writes what is left and the index. */
int mux_finish(struct mux *m, struct err *e);
/* Pictures so far; bytes of the file. */
int64_t mux_frames(const struct mux *m);
int64_t mux_bytes(const struct mux *m);
/* After every thread that has the mux is joined. */
void mux_free(struct mux *m);
void mux_freep(struct mux **m);
