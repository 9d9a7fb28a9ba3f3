/* media/plan: what will be done to a clip and why. A pure function of facts, profile and wish: no
 * libav, no clock, no file; tested as a table. Room-internal. */
#pragma once
#include "core/reel.h"

struct err;

struct media_plan {
    enum path path;
    char reason[REASON_SIZE]; /* one sentence for people and for `probe` */
    /* picture: decode -> deinterlace -> tone-map -> upright -> scale to pic -> place on canvas */
    int width, height; /* canvas: even, 16:9 within a pixel */
    int pic_width,
        pic_height;   /* scaled picture: even; equals the canvas for crop, stretch and 16:9 */
    int pic_x, pic_y; /* where it lies on the canvas: even */
    int crop_width, crop_height, crop_x, crop_y; /* FIT_CROP: cut from the upright square-pixel
                                                    picture scaled to cover; 0 width: no cut */
    enum fit fit;
    int fps_num, fps_den;                      /* constant rate of the reel */
    bool deinterlace, tone_map, resample_time; /* resample_time: variable, or over max_fps */
    int rotation;
    bool mirrored;
    /* time, in frames of the reel's rate, so that both tracks agree to the sample */
    int64_t start_us;
    int64_t bumper_frames;
    int64_t body_frames_max; /* longest - 2 bumpers; the clip may end sooner */
    int audio_hz;
    bool silent; /* the clip has no usable sound: the reel gets silence */
};
/* ERR_INPUT with MSG_START_BEYOND_END. */
int media_plan_make(const struct media_facts *f, const struct render_order *order,
                    struct media_plan *out, struct err *e);
