/* media/encode/line: the state that the threads of one encode share. Room-internal.
 *
 *   reader  demuxes, decodes, puts pictures on the reel's grid       decode.c
 *   filter  converts pictures to the form that the encoder takes     filter.c
 *   caller  encodes the body, joins the bumpers, writes the file     encode.c
 *   sound   decodes, resamples, encodes the whole sound track        audio.c
 *   bumper  encodes the bumper                                       bumper.c
 *
 * The first fault of any thread is kept and stops all of them.
 *
 * The function that starts a thread also joins it, even after a fault, and before it frees anything
 * that the thread borrows: the line, the input, the mux, encoders and decoders. So clean-up has
 * this order: line_fail, which wakes every thread; the joins; then everything else. The encode path
 * joins in media_encode before encode_clear. copy_sound_free joins a copy's sound thread, so it
 * comes before mux_free. test/steps.c interrupts the work at each step to check this order. */
#pragma once
#include "core/err.h"
#include "media/clip/input.h"
#include "media/encode/encode.h"
#include "media/encode/pipe.h"

#include <libavutil/error.h>

/* A picture on its way: shown `repeat` times, from frame `index` of the body on. */
struct picture {
    AVFrame *frame;
    int64_t index;
    int repeat;
};
struct picture *picture_new(AVFrame *frame, int64_t index, int repeat); /* takes frame */
void picture_free(void *picture);

/* Progress of the work, 0..1000, once everything is open; the reader reports it until the first
 * picture. */
enum { PERMILLE_OPENED = 20 };

struct line {
    const struct media_job *job;
    const struct media_plan *plan;
    struct media_input *in; /* used by the reader alone while it runs */
    bool careful;           /* the result of damage must not depend on the order of threads */
    int permille_base;      /* progress at which this pass begins: the end of an earlier pass */
    struct pipe decoded, filtered;
    struct pipe sound; /* of AVPacket, which the reader gives to the sound thread */
    /* The unit of the picture's times for the sound: frames of the plan's rate, or ticks of a
     * copied body; then the lengths of a bumper and of the longest body in that unit */
    AVRational frame;
    int64_t bumper_frames, body_frames_max;

    pthread_mutex_t lock; /* guards all fields below */
    pthread_cond_t changed;
    struct err fault;
    bool failed;
    bool damaged; /* the fault is damage of the clip: decode again, carefully */
    bool origin_known;
    int64_t origin_us;   /* start of the body on the clip's clock */
    int64_t body_frames; /* frames of the body that are certain so far */
    bool body_ended;     /* no more frames will come */
    bool sound_done;     /* the sound thread needs no more packets */
    int permille;        /* last reported */
    int64_t poster_bytes;
    unsigned warnings; /* 1 << enum reel_warning */
};
void line_init(struct line *l, const struct media_job *job, const struct media_plan *plan,
               struct media_input *in);
void line_clear(struct line *l);
/* Keeps e if it is the first fault, and stops every thread. */
void line_fail(struct line *l, const struct err *e);
bool line_failed(struct line *l);
/* Adds a warning: a part of the clip that the reel lacks. */
void line_warn(struct line *l, enum reel_warning w);
/* Reports the progress of this pass, 0..1000. */
void line_progress(struct line *l, int permille);
/* Waits until the body's origin is known; false when it will never be known. */
bool line_origin(struct line *l, int64_t *origin_us);
/* Frames of the body so far; with `final`, waits for the end of the body. -1: a fault stopped it.
 */
int64_t line_body(struct line *l, bool final);

/* Converts a libav error to ours: memory, disk, or `msg` for all others. Returns -1. */
int line_av_error(int averror, const char *what, struct err *e);
