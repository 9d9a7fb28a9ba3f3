/* Plan: the headers of the reel's track, which has the parameter sets of clip, bumper and encoded
 * pictures; the reel opened at the first picture that is copied; what is encoded before it. */
#include "media/copy/begin.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/input.h"
#include "media/copy/sound.h"
#include "media/copy/tail.h"
#include "media/mux.h"
#include "media/plan.h"

#include <stdlib.h>
#include <string.h>

/* Adds the sets of coded pictures to a record, which is replaced. */
static int add_sets(uint8_t **record, int *bytes, const struct bumper *coded, struct err *e)
{
    struct sets ours, theirs;
    const char *wrong = sets_read(*record, *bytes, &ours);
    if (!wrong)
        wrong = sets_read(coded->sets, coded->sets_bytes, &theirs);
    uint8_t *both = wrong ? NULL : sets_merge(&ours, &theirs, bytes);
    if (!both)
        return err_set(e, ERR_SYSTEM, "copy: headers: %s", wrong ? wrong : "they do not merge");
    free(*record);
    *record = both;
    return 0;
}

/* The sets of the body's last pictures, should they be encoded, are the bumper's. Without one, a
 * clip that is longer than the reel gets them all the same. */
static int add_tail_sets(const struct copy *c, uint8_t **record, int *bytes, struct err *e)
{
    AUTO(bumper_clear) struct bumper coded = {0};
    const struct bumper_shape shape = pass_shape(c, sets_free_id(&c->sets));
    AVRational slot = {c->plan->fps_den, c->plan->fps_num};
    int64_t fits = av_rescale_q(c->plan->body_frames_max, slot, AV_TIME_BASE_Q);
    if (c->bumper.count > 0 || c->in->facts.duration_us - c->plan->start_us <= fits)
        return 0;
    return tail_sets(&shape, &coded, e) < 0 ? -1 : add_sets(record, bytes, &coded, e);
}

/* One track for all: the clip's parameters with the sets of clip, bumper and head. */
static int open_mux(struct copy *c, struct err *e)
{
    AUTO(avcodec_parameters_free) AVCodecParameters *p = avcodec_parameters_alloc();
    int bytes = c->picture->codecpar->extradata_size;
    AUTO(freep) uint8_t *record = mem_new((size_t)bytes);
    memcpy(record, c->picture->codecpar->extradata, (size_t)bytes);
    if (!p || avcodec_parameters_copy(p, c->picture->codecpar) < 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
    if ((c->bumper.count > 0 && add_sets(&record, &bytes, &c->bumper, e) < 0) ||
        (c->head.coded.count > 0 && add_sets(&record, &bytes, &c->head.coded, e) < 0) ||
        add_tail_sets(c, &record, &bytes, e) < 0)
        return -1;
    av_freep(&p->extradata);
    p->extradata = av_mallocz((size_t)bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!p->extradata)
        return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
    memcpy(p->extradata, record, (size_t)bytes);
    p->extradata_size = bytes;
    int64_t slots = 2 * c->plan->bumper_frames + c->plan->body_frames_max;
    int64_t seconds = c->longest / c->hold.clock.per_s + 2;
    const struct mux_form form = {
        .picture = p,
        .sound = copy_sound_parameters(c->sound),
        .delay = c->hold.delay,
        .clock = c->hold.clock,
        .pictures_most = slots + (c->hold.varies ? seconds * c->hold.pace.most : 0),
    };
    return mux_open(&c->mux, c->job->reel_fd, c->plan, &form, e);
}

/* Everything that needs to know where the body begins. */
static int open_all(struct copy *c, struct err *e)
{
    int64_t origin_us = av_rescale_q(c->hold.first_pts, c->picture->time_base, AV_TIME_BASE_Q);
    const struct bumper_shape shape = pass_shape(c, sets_free_id(&c->sets));
    if (c->plan->bumper_frames > 0 && bumper_get(c->job, &shape, &c->bumper, e) < 0)
        return -1;
    if (copy_sound_open(&c->sound, c->job, c->in, c->plan, c->hold.clock, origin_us, false, e) <
            0 ||
        open_mux(c, e) < 0 || copy_sound_begin(c->sound, c->mux, e) < 0 ||
        pass_put_bumper(c, e) < 0 || pass_put_recoded(c, &c->head, e) < 0)
        return -1;
    for (int i = 0; i < c->early_count; i++)
        if (pass_take_sound(c, c->early[i], e) < 0)
            return -1;
    return 0;
}

/* How many slots pictures are decoded before they are shown. */
static int64_t slots_of(const struct copy *c, int64_t time)
{
    AVRational slot = {c->plan->fps_den, c->plan->fps_num};
    return av_rescale_q(time, c->picture->time_base, slot);
}

/* How many pictures may be decoded before one that is shown earlier. Where times vary the headers
 * alone say so, and what they say is checked with each picture. */
static int64_t reordering(const struct copy *c, const AVPacket *p)
{
    int64_t delay = c->picture->codecpar->video_delay;
    if (c->sets.sps.reorder > delay)
        delay = c->sets.sps.reorder;
    if (!c->hold.varies && p->dts != AV_NOPTS_VALUE && slots_of(c, p->pts - p->dts) > delay)
        delay = slots_of(c, p->pts - p->dts);
    return delay;
}

int begin_body(struct copy *c, const AVPacket *p, struct err *e)
{
    int64_t delay = reordering(c, p);
    if (delay < 0 || delay > MUX_DELAY_MAX)
        return pass_refuse(c, "its pictures are reordered too far");
    if (!c->head.coded.count)
        c->hold.first_pts = p->pts;
    const char *wrong = hold_time(&c->hold, p->pts, &c->copied);
    if (wrong)
        return pass_refuse(c, wrong);
    c->hold.delay = (int)delay;
    c->begun = true;
    return c->write ? open_all(c, e) : 0;
}

/* -- what is encoded before the body's first copied picture -- */

/* Their times, as those of pictures that are copied. */
static int pace_head(struct copy *c)
{
    struct hold *h = &c->hold;
    const struct recoded *r = &c->head;
    if (r->coded.count)
        h->first_pts = r->pts[0];
    for (; h->kept < r->coded.count; h->kept++) {
        int64_t at;
        const char *wrong = hold_time(h, r->pts[h->kept], &at);
        if (!wrong && !h->varies && at != h->kept * h->clock.slot)
            wrong = "its picture rate varies";
        if (!wrong)
            wrong = hold_pace(h, at);
        if (wrong)
            return pass_refuse(c, wrong);
    }
    return 0;
}

static void head_progress(void *arg, int64_t since)
{
    const struct copy *c = arg;
    AVRational tick = {1, (int)c->hold.clock.per_s};
    pass_progress(c, av_rescale_q(since, c->picture->time_base, tick));
}

int begin_head(struct copy *c, struct recode_order *order, struct err *e)
{
    struct sets with = c->sets;
    with.ids |= 1u << sets_free_id(&c->sets); /* the bumper's */
    int id = sets_free_id(&with);
    if (id < 0)
        return pass_refuse(c, "it uses too many ids of H.264 headers");
    order->in = c->in;
    order->plan = c->plan;
    order->limits = &c->job->order->limits;
    order->shape = pass_shape(c, id);
    order->until = INT64_MAX;
    order->each = head_progress;
    order->arg = c;
    if (recode(order, &c->head, e) < 0)
        return -1;
    return c->head.refused ? pass_refuse(c, c->head.refused) : pace_head(c);
}

int begin_wait(struct copy *c, AVPacket *p, bool idr)
{
    AVRational tick = {1, (int)c->hold.clock.per_s};
    int64_t longest = av_rescale_q(c->longest, tick, c->picture->time_base);
    const char *wrong = head_take(&c->before, &c->sets, p, idr, longest);
    return wrong ? pass_refuse(c, wrong) : 0;
}

int begin_waited(struct copy *c, struct err *e)
{
    struct recode_order order = {
        .from = INT64_MIN, .ready = c->before.packets, .ready_count = c->before.count};
    if (c->before.count > 0 && begin_head(c, &order, e) < 0)
        return -1;
    c->late = c->before.count > 0;
    head_clear(&c->before);
    return 0;
}
