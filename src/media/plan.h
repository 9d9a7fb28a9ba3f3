/* media/plan: what will be done to a clip and why. A pure function of facts, profile and wish: no
 * libav, no clock, no file; tested as a table. Room-internal. */
#pragma once
#include "core/reel.h"

struct err;

struct media_plan {
    enum path path;
    char reason[REASON_SIZE]; /* what is done to the clip, for people and for `probe`; or "" */
    char sound[REASON_SIZE];  /* the part of it that is about sound */
    /* picture: decode -> deinterlace -> tone-map -> upright -> cut -> scale to pic -> place on
     * canvas */
    int width, height; /* canvas: even, 16:9 within a pixel, at least 64x36 */
    int pic_width,
        pic_height;   /* scaled picture: even; equals the canvas for crop, stretch and 16:9 */
    int pic_x, pic_y; /* where it lies on the canvas: even */
    /* FIT_CROP: this part of the upright square-pixel picture (facts: display_width x
     * display_height) is what is scaled to pic; 0 width: no cut */
    int crop_width, crop_height, crop_x, crop_y;
    int sar_num, sar_den; /* shape of the canvas's pixels: 1:1, but where a copy keeps the clip's */
    int tolerance;        /* thousandths by which a picture may miss 16:9 */
    bool as_stored;       /* the clip's pictures are 16:9 to the eye and of a size that may stay */
    enum fit fit;         /* FIT_PAD whenever nothing is left to fill */
    int fps_num, fps_den; /* constant rate of the reel, in lowest terms */
    bool deinterlace, tone_map, resample_time; /* resample_time: the reel's rate is not the clip's:
                                                  variable, unknown, or over max_fps */
    int rotation;                              /* as in the facts: mirror left and right first, */
    bool mirrored;                             /* then turn clockwise */
    /* time, in frames of the reel's rate, so that both tracks agree to the sample */
    int64_t start_us;
    int64_t bumper_frames;
    int64_t body_frames_max; /* longest - 2 bumpers, at least 1; the clip may end sooner */
    int audio_hz;
    bool careful; /* the encoder's plainest settings */
    bool silent;  /* the clip has no usable sound: the reel gets silence */
};
/* ERR_INPUT with MSG_START_BEYOND_END. */
int media_plan_make(const struct media_facts *f, const struct render_order *order,
                    struct media_plan *out, struct err *e);
/* The plan for a picture of another shape that a clip has further on: width x height as a viewer
 * sees it (both at least 1), on the canvas that p has, under the wish `fit`. Unlike the first it is
 * made as large as the canvas allows, since its size says nothing but how much was spent on it. The
 * turn is p's. */
void media_plan_refit(const struct media_plan *p, int width, int height, enum fit fit,
                      struct media_plan *out);
/* Whether pictures of w x h, with pixels of this shape, are 16:9 within a tolerance in thousandths,
 * or within a pixel. */
bool media_is_16_9(double w, double h, double pixel, int tolerance);
/* A clip's rate is decided once, when its facts are told; plan, bumper, mux, report and receipt
 * carry that fraction as it is. Both are fixed points of themselves: what they gave they give
 * again. fps > 0.
 *
 * The standard rate (24000/1001, 25, 30, ...) that fps is, but for what a container's rounding does
 * to it; otherwise as media_rate_near. */
void media_rate_snap(double fps, int *num, int *den);
/* A fraction in lowest terms that is within some millionths of fps. */
void media_rate_near(double fps, int *num, int *den);
