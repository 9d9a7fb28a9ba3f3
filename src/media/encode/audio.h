/* media/encode/audio: the whole sound track of a reel: silence, the clip's sound on the picture's
 * clock, silence. Room-internal. */
#pragma once
#include "media/encode/line.h"

struct mux;

struct audio_task {
    struct line *line;
    AVCodecContext *decoder; /* NULL: silence all through; borrowed */
    AVRational time_base;    /* of the packets' stream */
    AVCodecContext *encoder; /* borrowed */
    struct mux *mux;
};
/* Body of the sound thread. Faults go to line_fail. */
void audio_run(const struct audio_task *task);
