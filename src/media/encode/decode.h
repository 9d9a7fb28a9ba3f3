/* media/encode/decode: the reader of the line: demuxes the clip, decodes its picture from the start
 * point to the end of the body and not beyond, puts it on the reel's constant rate, and hands sound
 * packets on. Room-internal. */
#pragma once
#include "media/encode/line.h"

/* Body of the reader's thread: fills line->decoded and line->sound until the body is whole. Faults
 * go to line_fail. `decoder` is borrowed. */
void decode_run(struct line *l, AVCodecContext *decoder);
