/* media/encode/audio: the whole sound track of a reel: silence, the clip's sound on the picture's
 * clock, silence. Room-internal. */
#pragma once
#include "media/encode/line.h"

struct mux;

struct audio_task {
    struct line *line;
    AVCodecContext *decoder; /* NULL: silence throughout; borrowed */
    AVRational time_base;    /* of the packets' stream */
    AVCodecContext *encoder; /* borrowed */
    struct mux *mux;
};
/* The sound thread's function. Reports faults through line_fail. */
void audio_run(const struct audio_task *task);
