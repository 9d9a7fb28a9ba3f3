/* media/poster: chooses the picture that represents a clip: the first that is bright, sharp and not
 * a flash, or else the best of those rated. Room-internal. */
#pragma once
#include <libavutil/frame.h>
#include <stdbool.h>

/* Rates a picture (8-bit, brightness in its first plane) as a poster; higher is better. *good: the
 * search may stop here, unless pictures still get better from one to the next, as in a clip that
 * fades in. Reads some thousand pixels, whatever the size of the picture. */
int poster_worth(const AVFrame *f, bool *good);
