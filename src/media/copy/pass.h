/* media/copy/pass: the state of one copy, and what its beginning (begin.c), its body and its end
 * (copy.c) share. Room-internal. One thread, but for the sound's own, which writes to the mux. */
#pragma once
#include "media/bumper/bumper.h"
#include "media/clip/sets.h"
#include "media/copy/head.h"
#include "media/copy/hold.h"
#include "media/copy/recode.h"
#include "media/media.h"

#include <libavformat/avformat.h>

struct copy_sound;
struct err;
struct media_input;
struct media_plan;
struct mux;

struct copy {
    const struct media_job *job;
    struct media_input *in;
    const struct media_plan *plan;
    const AVStream *picture;
    struct sets sets;
    bool write;
    char *why; /* REASON_SIZE: what was refused */
    bool refused;

    struct hold hold;
    int64_t longest; /* the body, in ticks */
    int64_t latest;  /* when a picture of the body is shown at the latest, in ticks */
    int64_t end;     /* of what is kept, in ticks */
    int64_t copied;  /* where the first copied picture is shown, in ticks */
    int64_t keyed;   /* when the last copied key picture is shown, in the track's time base */
    int64_t bytes;   /* that are copied */
    int frame_num;   /* of the last picture that others refer to */
    bool begun;      /* with the first packet that is kept */
    bool late;       /* the clip begins with pictures that are not copied */
    bool cut;        /* the body is full */
    int64_t past;    /* packets read since */

    AVPacket **early; /* sound before the first kept picture; copy.c says how many places */
    int early_count;
    struct head before; /* what was read before an IDR picture */
    struct recoded head, tail;
    struct copy_sound *sound;
    struct bumper bumper;
    struct mux *mux;
    AVPacket *packet, *key; /* key: for the poster, or without data */
};
void pass_clear(struct copy *c);
/* Breaks off without a fault: the encode path is to be taken, and `why` says so. Always -1. */
int pass_refuse(struct copy *c, const char *why);
/* Tells the job that the body is made up to there. */
void pass_progress(const struct copy *c, int64_t ticks);
/* A bumper like the clip's pictures, with this id of its parameter sets. */
struct bumper_shape pass_shape(const struct copy *c, int set_id);
/* Writes a bumper, a segment of its own. -1 with *e. */
int pass_put_bumper(struct copy *c, struct err *e);
/* Writes encoded pictures of the body. -1 with *e. */
int pass_put_recoded(struct copy *c, const struct recoded *r, struct err *e);
/* Gives a packet to the sound, if the reel has the clip's; takes its reference. -1 with *e, or
 * refused. */
int pass_take_sound(struct copy *c, AVPacket *packet, struct err *e);
