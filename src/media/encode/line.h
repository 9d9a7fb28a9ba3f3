/* media/encode/line: what the threads of one encode share. Room-internal.
 *
 *   reader  demuxes, decodes, puts pictures on the reel's grid       decode.c
 *   filter  makes each picture what the encoder takes                filter.c
 *   caller  encodes the body, joins the bumpers, writes the file     encode.c
 *   sound   decodes, resamples, encodes the whole sound track        audio.c
 *   bumper  encodes the bumper                                       bumper.c
 *
 * The first fault of any of them is kept and stops all.
 *
 * Who starts a thread joins it, also on the way out of a fault, and before anything that the thread
 * was lent is freed: the line, the input, the mux, encoders and decoders. So clean-up goes in this
 * order: line_fail, which wakes every thread; the joins; then all else. The encode path joins in
 * media_encode before encode_clear; a copy's sound thread is joined by copy_sound_free, so that
 * comes before mux_free. test/steps.c gives work up at each step and watches over this. */
#pragma once
#include "core/err.h"
#include "media/clip/input.h"
#include "media/encode/encode.h"
#include "media/encode/pipe.h"

#include <libavutil/error.h>

/* A picture on its way: shown `repeat` times from frame `index` of the body on. */
struct picture {
    AVFrame *frame;
    int64_t index;
    int repeat;
};
struct picture *picture_new(AVFrame *frame, int64_t index, int repeat); /* takes frame */
void picture_free(void *picture);

/* How far the work is, 0..1000, once all is open; until the first picture the reader tells. */
enum { PERMILLE_OPENED = 20 };

struct line {
    const struct media_job *job;
    const struct media_plan *plan;
    struct media_input *in; /* the reader's, once it runs */
    bool careful;           /* what comes of damage must not depend on who decodes first */
    int permille_base;      /* where the progress begins: where an earlier pass ended */
    struct pipe decoded, filtered;
    struct pipe sound; /* AVPacket; the reader's gift to the sound thread */
    /* what lengths of the picture are counted in, for the sound: frames of the plan's rate, or the
     * ticks of a copied body; and a bumper and the longest body in it */
    AVRational frame;
    int64_t bumper_frames, body_frames_max;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct err fault;
    bool failed;
    bool damaged; /* the fault is no more than that: once more, carefully */
    bool origin_known;
    int64_t origin_us;   /* on the clip's clock: where the body begins */
    int64_t body_frames; /* that are certain so far */
    bool body_ended;     /* and no more will come */
    bool sound_done;     /* the sound thread needs no more packets */
    int permille;        /* told last */
    int64_t poster_bytes;
    unsigned warnings; /* 1 << enum reel_warning */
};
void line_init(struct line *l, const struct media_job *job, const struct media_plan *plan,
               struct media_input *in);
void line_clear(struct line *l);
/* Keeps e if it is the first fault and stops every thread. */
void line_fail(struct line *l, const struct err *e);
bool line_failed(struct line *l);
/* What the reel will lack of its clip. */
void line_warn(struct line *l, enum reel_warning w);
/* Tells how far this pass is, 0..1000. */
void line_progress(struct line *l, int permille);
/* Waits until the body's origin is known; false when that will never be. */
bool line_origin(struct line *l, int64_t *origin_us);
/* Frames of the body so far; waits for the last word when `final`. -1: stopped by a fault. */
int64_t line_body(struct line *l, bool final);

/* A libav error as ours: memory, disk, or `msg` for the rest. Returns -1. */
int line_av_error(int averror, const char *what, struct err *e);
