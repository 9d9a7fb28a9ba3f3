/* media/encode/decode: the reader of the line: demuxes the clip, decodes its picture from the start
 * point to the end of the body and not beyond, puts it on the reel's constant rate, and hands sound
 * packets on. Room-internal. */
#pragma once
#include "media/encode/line.h"

/* The decoder of the clip's picture, with the threads of the order; of a careful line, with one,
 * and with nothing of earlier pictures where a damaged one has gaps. */
int decode_open(const struct line *l, AVCodecContext **out, struct err *e);
/* Body of the reader's thread: fills line->decoded and line->sound until the body is whole. Faults
 * go to line_fail; so does damage, with line->damaged, of a line that is not careful. `decoder` is
 * borrowed. One at a time in a process: it listens to libav's log. */
void decode_run(struct line *l, AVCodecContext *decoder);
