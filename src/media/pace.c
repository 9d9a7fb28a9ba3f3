#include "media/pace.h"

#include "core/reel.h"

#include <libavutil/mathematics.h>
#include <stddef.h>

void pace_init(struct pace *p, int64_t ticks_per_s, const struct profile *profile)
{
    p->ticks_per_s = ticks_per_s;
    p->most = profile->max_fps + profile->max_fps / 10 + 1;
    if (p->most >= PACE_RING)
        p->most = PACE_RING - 1;
    p->count = 0;
}

const char *pace_take(struct pace *p, int64_t at)
{
    int64_t step = p->count ? at - p->at[(p->count - 1) % PACE_RING] : p->ticks_per_s;
    int64_t step_us = av_rescale(step, 1000000, p->ticks_per_s);
    if (step <= 0)
        return "two of its pictures have one time";
    if (step_us < PACE_LEAST_US)
        return "two of its pictures are all but at one time";
    if (step_us > PACE_LONGEST_US)
        return "more than a second lies between two of its pictures";
    if (p->count >= p->most && at - p->at[(p->count - p->most) % PACE_RING] < p->ticks_per_s)
        return "its picture rate is above the profile's";
    p->at[p->count++ % PACE_RING] = at;
    return NULL;
}
