/* media/poster: which picture of a clip stands for it: the first that is bright, sharp and no
 * flash, or else the best of those that were looked at. Room-internal. */
#pragma once
#include <libavutil/frame.h>
#include <stdbool.h>

/* What a picture (8-bit, brightness in its first plane) is worth as a poster; more is better. good:
 * no better one need be looked for, unless pictures still get better from one to the next, as when
 * a clip fades in. Some thousand pixels are looked at, whatever its size. */
int poster_worth(const AVFrame *f, bool *good);
