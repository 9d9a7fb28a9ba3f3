/* media/coder: opens the encoders of a reel so that all its parts share one set of headers.
 * Room-internal. */
#pragma once
#include "core/reel.h"
#include "media/plan.h"

#include <libavcodec/avcodec.h>

struct err;

/* Opens an H.264 encoder: High 4:2:0 8-bit, BT.709 limited, square pixels, closed GOPs of 2 s; the
 * time base is one frame. `still`: for a bumper, whose picture does not move: cheaper, one key
 * picture for any length, and the same SPS and PPS. threads 0: x264 chooses. A careful plan gets
 * the settings with the lowest risk: no B pictures, one reference, no look-ahead, key pictures at
 * GOP ends only, and one thread. */
int coder_picture(const struct media_plan *plan, const struct profile *p, bool still, int threads,
                  AVCodecContext **out, struct err *e);
/* Opens an AAC-LC encoder: stereo, planar floats, 1024 samples a frame; the time base is one
 * sample. */
int coder_sound(const struct media_plan *plan, const struct profile *p, AVCodecContext **out,
                struct err *e);
/* Like coder_sound, with another rate and one or two channels. */
int coder_sound_as(int hz, int channels, int64_t bits_per_s, AVCodecContext **out, struct err *e);
/* ERR_SYSTEM: the headers of a cannot decode the packets of b. */
int coder_same_headers(const AVCodecContext *a, const AVCodecContext *b, struct err *e);
/* Encodes one frame (NULL: the end) and passes each packet to `take`, which unrefs or moves it. */
int coder_run(AVCodecContext *c, const AVFrame *frame, AVPacket *scratch,
              int (*take)(void *arg, AVPacket *packet, struct err *e), void *arg, struct err *e);
