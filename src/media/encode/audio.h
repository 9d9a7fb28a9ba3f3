/* media/encode/audio: the whole sound track of a reel: silence, the clip's sound on the picture's
 * clock, silence. Room-internal. An object belongs to one thread. */
#pragma once
#include "media/plan.h"

#include <libavcodec/avcodec.h>

struct audio;
struct err;
struct line;
struct mux;

/* All borrowed for as long as the sound lives. */
struct audio_task {
    const struct media_plan *plan;
    int64_t max_gap_us;
    AVCodecContext *decoder; /* NULL: silence all through */
    AVRational time_base;    /* of the packets' stream */
    AVCodecContext *encoder; /* fresh */
    struct mux *mux;
};
/* The bumper's silence goes to the mux at once. */
int audio_open(struct audio **out, const struct audio_task *task, struct err *e);
/* On the clip's clock, where the body begins; before the first packet. */
void audio_origin(struct audio *a, int64_t origin_us);
/* A packet of the clip, borrowed. certain: frames of the body that are sure to come; their sound is
 * encoded as soon as it is there. */
int audio_take(struct audio *a, const AVPacket *packet, int64_t certain, struct err *e);
/* Whether a body of so many frames has all its sound. */
bool audio_enough(const struct audio *a, int64_t body_frames);
/* The body has ended: what is left of the track. */
int audio_end(struct audio *a, int64_t body_frames, struct err *e);
void audio_free(struct audio *a);
void audio_freep(struct audio **a);

/* Body of the sound thread of a line: all of the above. Faults go to line_fail. */
void audio_run(const struct audio_task *task, struct line *l);
