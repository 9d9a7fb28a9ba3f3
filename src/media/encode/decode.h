/* media/encode/decode: the reader of the line. Demuxes the clip, decodes its picture from the start
 * point to the end of the body, puts pictures on the reel's constant rate, and passes sound packets
 * on. Room-internal. */
#pragma once
#include "media/encode/line.h"

/* Opens the decoder of the clip's picture, with the threads of the order. A careful line gets one
 * thread, and gaps of a damaged picture never show earlier pictures. */
int decode_open(const struct line *l, AVCodecContext **out, struct err *e);
/* The reader thread's function: fills line->decoded and line->sound until the body is complete.
 * Reports faults through line_fail; on a line that is not careful, damage is a fault too and sets
 * line->damaged. `decoder` is borrowed. One at a time in a process, because it listens to libav's
 * log. */
void decode_run(struct line *l, AVCodecContext *decoder);
