/* media/copy/recode: a body that begins between two key pictures: its first pictures, up to the next
 * IDR picture, are encoded; from there on the clip's packets are copied. Room-internal. */
#pragma once
#include "media/bumper.h"

struct err;
struct media_input;
struct media_plan;

struct head {
    struct bumper coded; /* none when the body begins on an IDR picture */
    int64_t first_us;    /* on the clip's clock: its first picture, or the IDR's */
    int64_t first_pts;   /* the same in the track's time base */
    AVPacket *idr;       /* the packet that comes next */
    const char *refused; /* why the copy is to be refused; fixed text */
};
/* Seeks to plan->start_us and reads on to the IDR picture. shape: of the coded pictures. sound() is
 * given the packets of the sound track that are met on the way; it takes their references. is_idr()
 * says of a packet of pictures whether it is one, or (false, *wrong) why it cannot be copied. */
struct head_calls {
    int (*sound)(void *arg, AVPacket *packet, struct err *e);
    bool (*is_idr)(void *arg, const AVPacket *packet, const char **wrong);
    void *arg;
};
/* 0 with head->refused set when the clip does not fit; -1 with *e. */
int head_make(struct media_input *in, const struct media_plan *plan,
              const struct media_limits *limits, const struct bumper_shape *shape,
              const struct head_calls *calls, struct head *out, struct err *e);
void head_clear(struct head *h);
