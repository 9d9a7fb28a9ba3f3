/* media/encode/filter: makes each picture what the encoder takes: progressive, standard range,
 * upright, scaled, on its canvas, yuv420p BT.709 limited. Room-internal. */
#pragma once
#include "media/encode/line.h"

/* Body of the filter's thread: line->decoded to line->filtered, and the poster. Faults go to
 * line_fail. */
void filter_run(struct line *l);
