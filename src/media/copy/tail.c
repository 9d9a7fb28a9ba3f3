/* Times are compared in half ticks, or in half slots where pictures have places on a grid, so that
 * rounding never confuses a picture with its neighbour. */
#include "media/copy/tail.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/input.h"

enum {
    WORTH_PART = 4, /* of a second */
    FIRST_ID = 1,   /* a bumper's is 0: where one picture is the whole tail the two meet */
};

bool tail_is_worth(const struct hold *h, int64_t end, int64_t longest)
{
    return longest - end > h->clock.per_s / WORTH_PART;
}

/* The first time of the track that is not before so many half ticks from the body's start. */
static int64_t time_of(const struct hold *h, int64_t half_ticks)
{
    AVRational tb = h->time_base;
    return h->first_pts +
           av_rescale_rnd(half_ticks, tb.den, 2 * h->clock.per_s * tb.num, AV_ROUND_UP);
}

static bool has(const struct hold *h, const struct recoded *r, int64_t wanted)
{
    for (int i = 0; i < r->coded.count; i++) {
        int64_t at;
        if (!hold_time(h, r->pts[i], &at) && at == wanted)
            return true;
    }
    return false;
}

/* Whether the pictures are those that come next, each at a time that a reel may have. */
static bool fits(const struct tail_order *o, struct hold *h, const struct recoded *r)
{
    for (int i = 0; i < h->count; i++)
        if (h->at[i] < o->longest && !has(h, r, h->at[i]))
            return false;
    for (int i = 0; i < r->coded.count; i++) {
        int64_t at;
        if (hold_time(h, r->pts[i], &at) || at >= o->longest ||
            (!h->varies && at != (h->kept + i) * h->clock.slot) || hold_pace(h, at))
            return false;
    }
    return r->coded.count > 0 && r->coded.count < HOLD_MAX;
}

int tail_make(const struct tail_order *o, struct hold *h, struct recoded *out, int64_t *end,
              struct err *e)
{
    AUTO(recoded_clear) struct recoded r = {0};
    if (o->key == AV_NOPTS_VALUE)
        return 0;
    AVStream *sound = o->in->audio >= 0 ? o->in->fmt->streams[o->in->audio] : NULL;
    o->in->fmt->streams[o->in->video]->discard = AVDISCARD_DEFAULT;
    if (sound) /* it was read already */
        sound->discard = AVDISCARD_ALL;
    const struct recode_order order = {
        .in = o->in,
        .plan = o->plan,
        .limits = o->limits,
        .shape = o->shape,
        .first_id = FIRST_ID,
        .by_key = true,
        .key = o->key,
        .from = time_of(h, h->shown + o->end),
        .until = time_of(h, 2 * o->longest - (h->varies ? 1 : h->clock.slot)),
    };
    if (recode(&order, &r, e) < 0)
        return -1;
    if (r.refused || !fits(o, h, &r))
        return 0;
    *end = h->varies ? o->longest : h->shown + h->clock.slot;
    *out = r;
    r = (struct recoded){0};
    return 0;
}

static const AVFrame *nothing(void *arg)
{
    (void)arg;
    return NULL;
}

static bool never(void *arg, struct err *e)
{
    (void)arg, (void)e;
    return false;
}

int tail_sets(const struct bumper_shape *shape, struct bumper *out, struct err *e)
{
    return bumper_moving(shape, FIRST_ID, nothing, never, NULL, out, e);
}
