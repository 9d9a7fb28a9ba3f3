#include "media/copy/hold.h"

#include "core/mem.h"

#include <libavutil/mathematics.h>

static int64_t highest(const struct hold *h, int count)
{
    int64_t top = -1;
    for (int i = 0; i < count; i++)
        top = h->at[i] > top ? h->at[i] : top;
    return top;
}

static AVRational tick(const struct hold *h)
{
    return (AVRational){1, (int)h->clock.per_s};
}

const char *hold_time(const struct hold *h, int64_t pts, int64_t *at)
{
    int64_t since = pts - h->first_pts;
    if (h->varies) {
        *at = av_rescale_q(since, h->time_base, tick(h));
        return NULL;
    }
    AVRational slot = {(int)h->clock.slot, (int)h->clock.per_s};
    int64_t n = av_rescale_q(since, h->time_base, slot);
    int64_t off = since - av_rescale_q(n, slot, h->time_base);
    int64_t quarter = av_rescale_q(1, slot, h->time_base) / 4;
    *at = n * h->clock.slot;
    return llabs(off) > (quarter > 1 ? quarter : 1) ? "its picture rate varies" : NULL;
}

const char *hold_take(struct hold *h, AVPacket *packet)
{
    int64_t at;
    const char *wrong = hold_time(h, packet->pts, &at);
    if (at < 0)
        return "pictures are shown before its first key picture";
    if (wrong)
        return wrong;
    for (int i = 0; i < h->count; i++)
        if (h->at[i] == at)
            return "two of its pictures have one time";
    if (at == h->shown)
        return "two of its pictures have one time";
    if (at < h->shown)
        return "its pictures are reordered further than it says";
    if (h->count == HOLD_MAX)
        return "a picture is missing";
    AVPacket *p = av_packet_alloc();
    if (!p)
        return "no memory";
    av_packet_move_ref(p, packet);
    h->packets[h->count] = p;
    h->at[h->count++] = at;
    return NULL;
}

int64_t hold_next(const struct hold *h, int group)
{
    int64_t next = -1;
    for (int i = group; i < h->count; i++)
        next = next < 0 || h->at[i] < next ? h->at[i] : next;
    return next;
}

int64_t hold_last(const struct hold *h, int group)
{
    for (int i = 0; i < group; i++) {
        int64_t ticks = av_rescale_q(h->packets[i]->duration, h->time_base, tick(h));
        if (h->varies && h->at[i] == h->shown && ticks > 0 && ticks <= h->clock.per_s)
            return ticks;
    }
    return h->clock.slot;
}

/* Constant rate: two pictures in one place would leave a hole that is never filled; then no later
 * point is safe. Varying rate: a picture that is shown earlier may still come up to `delay`
 * pictures later, and at least one more picture tells how long the last one is shown. */
static bool is_safe(const struct hold *h, int group, bool ended)
{
    int64_t top = highest(h, group);
    if (!h->varies)
        return top == (h->kept + group - 1) * h->clock.slot;
    int more = h->delay > 1 ? h->delay : 1;
    int64_t next = hold_next(h, group);
    return (ended || h->count - group >= more) && (next < 0 || next > top);
}

int hold_safe(const struct hold *h, bool ended)
{
    for (int group = 1; group <= h->count; group++)
        if (is_safe(h, group, ended))
            return group;
    return 0;
}

const char *hold_pace(struct hold *h, int64_t at)
{
    if (at <= h->shown)
        return "two of its pictures have one time";
    h->shown = at;
    return h->varies ? pace_take(&h->pace, at) : NULL;
}

const char *hold_check(struct hold *h, int group)
{
    int64_t last = -1;
    for (int nth = 0; nth < group; nth++) {
        /* the nth in the order of showing */
        int found = -1;
        for (int i = 0; i < group; i++)
            if (h->at[i] > last && (found < 0 || h->at[i] < h->at[found]))
                found = i;
        if (found < 0)
            return "two of its pictures have one time";
        if (found > nth + h->delay)
            return "its pictures are reordered further than it says";
        last = h->at[found];
        const char *wrong = hold_pace(h, last);
        if (wrong)
            return wrong;
    }
    return NULL;
}

void hold_drop(struct hold *h, int group)
{
    for (int i = 0; i < group; i++)
        av_packet_free(&h->packets[i]);
    h->count -= group;
    for (int i = 0; i < h->count; i++) {
        h->packets[i] = h->packets[group + i];
        h->at[i] = h->at[group + i];
    }
    h->kept += group;
}

void hold_clear(struct hold *h)
{
    for (int i = 0; i < h->count; i++)
        av_packet_free(&h->packets[i]);
    h->count = 0;
}
