/* media/encode/filter: converts each picture to the form that the encoder takes: progressive,
 * limited range, upright, scaled, on its canvas, yuv420p BT.709. Room-internal. */
#pragma once
#include "media/encode/line.h"

/* The filter thread's function: moves pictures from line->decoded to line->filtered and makes the
 * poster. Reports faults through line_fail. */
void filter_run(struct line *l);
