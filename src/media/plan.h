/* media/plan: decides what is done to a clip, and says why. A pure function of facts, profile and
 * order: no libav, no clock, no file; tested as a table. Room-internal. */
#pragma once
#include "core/reel.h"

struct err;

struct media_plan {
    enum path path;
    char reason[REASON_SIZE]; /* what is done to the clip, for people and `probe`; or "" */
    char sound[REASON_SIZE];  /* the part of reason about sound */
    /* picture: decode -> deinterlace -> tone-map -> upright -> cut -> scale to pic -> place on
     * canvas */
    int width, height; /* canvas: even, 16:9 within a pixel, at least 64x36 */
    int pic_width,
        pic_height;   /* scaled picture: even; equals the canvas for crop, stretch and 16:9 */
    int pic_x, pic_y; /* its place on the canvas: even */
    /* FIT_CROP: the part of the upright square-pixel picture (facts: display_width x
     * display_height) that is scaled to pic; width 0: no cut */
    int crop_width, crop_height, crop_x, crop_y;
    int sar_num, sar_den; /* pixel shape of the canvas: 1:1, except in a copy: the clip's */
    int tolerance;        /* allowed deviation from 16:9 in thousandths */
    bool as_stored;       /* the clip's pictures look 16:9 and may keep their size */
    enum fit fit;         /* FIT_PAD when nothing is left to fill */
    int fps_num, fps_den; /* constant rate of the reel, in lowest terms */
    bool deinterlace, tone_map,
        resample_time; /* resample_time: the reel's rate differs from the clip's, which is variable,
                          unknown or over max_fps */
    int rotation;      /* as in the facts: first mirror left and right, */
    bool mirrored;     /* then rotate clockwise */
    /* time in frames of the reel's rate, so that both tracks agree to the sample */
    int64_t start_us;
    int64_t bumper_frames;
    int64_t body_frames_max; /* longest - 2 bumpers, at least 1; the clip may be shorter */
    int audio_hz;
    bool careful; /* use the encoder's plainest settings */
    bool silent;  /* the clip has no usable sound: the reel gets silence */
};
/* ERR_INPUT with MSG_START_BEYOND_END. */
int media_plan_make(const struct media_facts *f, const struct render_order *order,
                    struct media_plan *out, struct err *e);
/* Makes the plan for a later picture of another shape: width x height as a viewer sees it (both at
 * least 1), on p's canvas, with `fit`. Unlike the first picture it may be scaled up to the canvas,
 * because its size only tells how much data the camera spent on it. The rotation is p's. */
void media_plan_refit(const struct media_plan *p, int width, int height, enum fit fit,
                      struct media_plan *out);
/* Returns whether pictures of w x h, with pixels of this shape, are 16:9 within a tolerance in
 * thousandths, or within a pixel. */
bool media_is_16_9(double w, double h, double pixel, int tolerance);
/* A clip's rate is decided once, with its facts; plan, bumper, mux, report and receipt use that
 * fraction unchanged. Both functions are idempotent: given their own result, they return it. fps >
 * 0.
 *
 * Returns the standard rate (24000/1001, 25, 30, ...) that fps is after a container's rounding; for
 * other rates, returns what media_rate_near does. */
void media_rate_snap(double fps, int *num, int *den);
/* Returns a fraction in lowest terms that is within some millionths of fps. */
void media_rate_near(double fps, int *num, int *den);
