/* media/coder: the encoders of a reel, opened so that all its parts share one set of headers.
 * Room-internal. */
#pragma once
#include "core/reel.h"
#include "media/plan.h"

#include <libavcodec/avcodec.h>

struct err;

/* H.264 High 4:2:0 8-bit, BT.709 limited, square pixels, closed GOPs of 2 s; time base: one frame.
 * `still`: for a bumper, a picture that does not move; cheaper, with one key picture however long
 * it is, and with the very same SPS and PPS. threads 0: as many as x264 likes. A careful plan gets
 * what has the least to go wrong: no B pictures, one reference, no look ahead, key pictures where
 * the GOP ends and nowhere else, and one thread. */
int coder_picture(const struct media_plan *plan, const struct profile *p, bool still, int threads,
                  AVCodecContext **out, struct err *e);
/* AAC-LC stereo, planar floats, 1024 samples a frame; time base: one sample. */
int coder_sound(const struct media_plan *plan, const struct profile *p, AVCodecContext **out,
                struct err *e);
/* The same of another rate, with one channel or two. */
int coder_sound_as(int hz, int channels, int64_t bits_per_s, AVCodecContext **out, struct err *e);
/* ERR_SYSTEM when packets of b could not be decoded with the headers of a. */
int coder_same_headers(const AVCodecContext *a, const AVCodecContext *b, struct err *e);
/* Encodes one frame (NULL: the end) and hands each packet that comes out to `take`, which unrefs or
 * moves it. */
int coder_run(AVCodecContext *c, const AVFrame *frame, AVPacket *scratch,
              int (*take)(void *arg, AVPacket *packet, struct err *e), void *arg, struct err *e);
