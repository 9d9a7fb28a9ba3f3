/* One pass over the clip's packets. Plan: pictures wait (hold.c) until all that are shown before
 * the next ones are there, and go to the mux together; the last such point that fits the profile's
 * length is the cut. So whatever is in the reel is whole in decoding order and in showing order,
 * and what breaks a rule on the way is found before more than a few pictures have passed. Where the
 * body does not begin with an IDR picture, or the cut lies far before the end of what fits, its
 * first or last pictures are encoded (recode.c). The beginning is made in begin.c, what both files
 * need in pass.c. */
#include "media/copy/copy.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "media/bumper/picture.h"
#include "media/clip/input.h"
#include "media/clip/packets.h"
#include "media/copy/begin.h"
#include "media/copy/pass.h"
#include "media/copy/poster.h"
#include "media/copy/sound.h"
#include "media/copy/tail.h"
#include "media/mux.h"
#include "media/report.h"

#include <errno.h>
#include <unistd.h>

enum {
    EARLY_MAX = 4096, /* packets of sound before the first picture that is kept */
    PAST_MAX = 20000, /* packets that are read for the sound alone, after the last picture */
    POSTER_PART = 3,  /* a key picture of the first third is looked at first for the poster */
};

/* -- the body -- */

/* For the poster; one that cannot be had costs no reel. */
static void note_key(struct copy *c, const AVPacket *p, int64_t at)
{
    if (!c->key || !(p->flags & AV_PKT_FLAG_KEY) || (c->key->data && at > c->longest / POSTER_PART))
        return;
    av_packet_unref(c->key);
    (void)av_packet_ref(c->key, p);
}

/* A player begins to decode at a key picture after a search: at a recovery point it would meet
 * pictures that refer to what it never saw. So only an IDR picture is one (ISO/IEC 14496-15). */
static void keep_key(AVPacket *p)
{
    if (!sets_has_idr(p->data, p->size))
        p->flags &= ~AV_PKT_FLAG_KEY;
}

/* The body ends there, if it is cut before what waits. The last picture of all is shown for a slot:
 * only a bumper behind it could say otherwise. */
static void end_at(struct copy *c, int64_t ticks)
{
    if (c->plan->bumper_frames == 0)
        ticks = c->hold.shown + c->hold.clock.slot;
    c->end = ticks < c->longest ? ticks : c->longest;
    if (c->write)
        mux_end(c->mux, c->end);
}

/* The first of those that wait are certain now. */
static int keep(struct copy *c, int group, struct err *e)
{
    struct hold *h = &c->hold;
    const char *wrong = hold_check(h, group);
    if (wrong)
        return pass_refuse(c, wrong);
    for (int i = 0; i < group; i++) {
        note_key(c, h->packets[i], h->at[i]);
        if (h->packets[i]->flags & AV_PKT_FLAG_KEY)
            c->keyed = h->packets[i]->pts;
        keep_key(h->packets[i]);
        c->bytes += h->packets[i]->size;
    }
    if (c->write && mux_group(c->mux, h->packets, h->at, group, e) < 0)
        return -1;
    int64_t next = h->varies ? hold_next(h, group) : -1;
    end_at(c, next >= 0 ? next : h->shown + hold_last(h, group));
    hold_drop(h, group);
    pass_progress(c, c->end);
    return 0;
}

/* Keeps what is certain and fits. */
static int keep_safe(struct copy *c, bool ended, struct err *e)
{
    struct hold *h = &c->hold;
    int group;
    while (!c->cut && (group = hold_safe(h, ended)) > 0) {
        for (int i = 0; i < group; i++)
            c->cut |= h->at[i] > c->latest;
        if (!c->cut && keep(c, group, e) < 0)
            return -1;
    }
    if (c->cut && h->varies) /* the next to be shown may have come after the last were kept */
        end_at(c, hold_next(h, 0));
    c->cut |= !h->varies && h->kept + h->count >= c->plan->body_frames_max;
    return 0;
}

static int on_picture(struct copy *c, AVPacket *p, struct err *e)
{
    bool idr;
    bool timed = p->pts != AV_NOPTS_VALUE, dropped = p->flags & AV_PKT_FLAG_DISCARD;
    if (p->flags & AV_PKT_FLAG_CORRUPT || (c->begun && (dropped || !timed)))
        return pass_refuse(c, "an edit list drops pictures, or they have no time");
    if (av_packet_get_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, NULL) ||
        av_packet_get_side_data(p, AV_PKT_DATA_PARAM_CHANGE, NULL))
        return pass_refuse(c, "its headers change on the way");
    const char *wrong = sets_packet(&c->sets, p->data, p->size, &idr);
    if (wrong)
        return pass_refuse(c, wrong);
    if (idr && !timed)
        return pass_refuse(c, "its pictures have no time");
    if (!c->begun && (!idr || dropped || !(p->flags & AV_PKT_FLAG_KEY)))
        return begin_wait(c, p, idr);
    if (!c->begun && (begin_waited(c, e) < 0 || begin_body(c, p, e) < 0))
        return -1;
    wrong = sets_follows(&c->sets, p->data, p->size, &c->frame_num);
    if (!wrong)
        wrong = hold_take(&c->hold, p);
    if (wrong)
        return pass_refuse(c, wrong);
    return keep_safe(c, false, e);
}

static int on_sound(struct copy *c, AVPacket *p, struct err *e)
{
    if (!c->write)
        return 0;
    if (c->begun)
        return pass_take_sound(c, p, e);
    if (!c->early)
        c->early = mem_new(EARLY_MAX * sizeof(AVPacket *));
    if (c->early_count == EARLY_MAX)
        return pass_refuse(c, "its sound begins long before its picture");
    AVPacket *copy = av_packet_alloc();
    if (!copy)
        return err_msg(e, MSG_MEMORY_LIMIT, "copy: no memory");
    av_packet_move_ref(copy, p);
    c->early[c->early_count++] = copy;
    return 0;
}

/* -- a start inside the clip -- */

static int head_sound(void *arg, AVPacket *packet, struct err *e)
{
    return on_sound(arg, packet, e);
}

static bool head_is_idr(void *arg, const AVPacket *packet, const char **wrong)
{
    struct copy *c = arg;
    bool idr = false;
    *wrong = sets_packet(&c->sets, packet->data, packet->size, &idr);
    return idr && packet->flags & AV_PKT_FLAG_KEY;
}

/* The pictures between the start and the first that is copied. */
static int begin_inside(struct copy *c, struct err *e)
{
    AVRational tb = c->picture->time_base, slot = {c->plan->fps_den, c->plan->fps_num};
    int64_t start = av_rescale_q(c->in->first_us + c->plan->start_us, AV_TIME_BASE_Q, tb);
    struct recode_order order = {
        .from = start - av_rescale_q(1, slot, tb) / 2, .sound = head_sound, .is_idr = head_is_idr};
    if (begin_head(c, &order, e) < 0)
        return -1;
    return on_picture(c, c->head.idr, e);
}

/* -- the end -- */

static bool wants_tail(const struct copy *c)
{
    return c->cut && c->keyed != AV_NOPTS_VALUE && tail_is_worth(&c->hold, c->end, c->longest);
}

/* The pictures behind the last that is copied, where there is much room for them. */
static int make_tail(struct copy *c, struct err *e)
{
    const struct tail_order order = {.in = c->in,
                                     .plan = c->plan,
                                     .limits = &c->job->order->limits,
                                     .shape = pass_shape(c, sets_free_id(&c->sets)),
                                     .key = c->keyed,
                                     .end = c->end,
                                     .longest = c->latest + 1};
    if (!wants_tail(c))
        return 0;
    if (tail_make(&order, &c->hold, &c->tail, &c->end, e) < 0)
        return -1;
    if (c->tail.coded.count == 0)
        return 0;
    if (c->bumper.count > 0 &&
        (c->tail.coded.sets_bytes != c->bumper.sets_bytes ||
         memcmp(c->tail.coded.sets, c->bumper.sets, (size_t)c->bumper.sets_bytes) != 0))
        return err_set(e, ERR_SYSTEM, "copy: bumper and end do not share their headers");
    if (c->write && pass_put_recoded(c, &c->tail, e) < 0)
        return -1;
    end_at(c, c->end);
    return 0;
}

/* The body has all its pictures; what is left to read is sound that lies further on in the file. */
static bool is_done(struct copy *c)
{
    if (!c->cut)
        return false;
    if (!c->write || c->in->audio < 0 ||
        copy_sound_enough(c->sound, wants_tail(c) ? c->longest : c->end))
        return true;
    c->in->fmt->streams[c->in->video]->discard = AVDISCARD_ALL;
    return ++c->past > PAST_MAX;
}

/* What only shows when all pictures are there. */
static int judge(struct copy *c)
{
    if (c->before.count > 0)
        return pass_refuse(c, "it has no key picture that stands alone");
    if (c->hold.kept == c->head.coded.count)
        return pass_refuse(c, c->hold.kept ? "no key picture comes within the reel's part"
                                           : "it has no pictures that could be copied");
    int64_t copied = c->end - c->copied;
    if (copied > 0 && 8.0 * (double)c->bytes * (double)c->hold.clock.per_s / (double)copied >
                          copy_bits_most(&c->job->order->profile))
        return pass_refuse(c, "its bit rate is above the profile's");
    /* beyond the cut a few wait in vain for those that they are shown with; where times vary, for
     * those that tell that all are there */
    int waiting = c->hold.varies ? HOLD_MAX : MUX_DELAY_MAX;
    if (c->hold.count > (c->cut ? waiting : 0))
        return pass_refuse(c, "a picture is missing");
    return 0;
}

static int read_all(struct copy *c, struct err *e)
{
    if (c->plan->start_us > 0 && begin_inside(c, e) < 0)
        return -1;
    while (!is_done(c)) {
        int r = media_packets_read(c->in, c->packet);
        if (r == AVERROR(EAGAIN))
            continue;
        if (r == AVERROR(ENOMEM)) /* it claims to be larger than any may be */
            return pass_refuse(c, "a packet cannot be read");
        if (c->in->io_errno)
            return err_set(e, ERR_SYSTEM, "copy: reading: %s", strerror(c->in->io_errno));
        if (r < 0)
            break;
        int ok = 0;
        if (c->packet->stream_index == c->in->video && !c->cut)
            ok = on_picture(c, c->packet, e);
        else if (c->packet->stream_index == c->in->audio)
            ok = on_sound(c, c->packet, e);
        av_packet_unref(c->packet);
        if (ok < 0)
            return -1;
    }
    return keep_safe(c, true, e) < 0 || judge(c) < 0 ? -1 : make_tail(c, e);
}

/* A poster that cannot be had costs no reel. */
static int64_t make_poster(struct copy *c)
{
    AVRational tick = {1, (int)c->hold.clock.per_s};
    int64_t from = c->hold.first_pts, bytes = 0;
    int64_t length = av_rescale_q(c->end, tick, c->picture->time_base);
    AUTO(av_frame_free)
    AVFrame *f = copy_poster(c->in, &c->job->order->limits, c->key, from, from + length);
    struct err ignored;
    return f && media_poster_write(f, c->job->poster_fd, &bytes, &ignored) == 0 ? bytes : 0;
}

static const char *profile_name(int idc)
{
    return idc == 100 ? "High" : idc == 77 ? "Main" : "Baseline";
}

/* What is done to the sound, in the plan's words where it has any. */
static void explain(const struct copy *c, char reason[REASON_SIZE])
{
    const char *sound = copy_sound_reason(c->in), *done = c->plan->sound;
    const char *from = c->plan->start_us > 0 && c->head.coded.count > 0
                           ? " from the next key picture on"
                       : c->late ? " from its first key picture on"
                                 : "";
    const char *till = c->tail.coded.count > 0 ? ", its end is encoded" : "";
    const char *rate = c->hold.varies ? ", its rate varies" : "";
    if (!*sound)
        snprintf(reason, REASON_SIZE, "16:9 H.264, copied with its sound%s%s%s", from, till, rate);
    else if (*done)
        snprintf(reason, REASON_SIZE, "16:9 H.264, its pictures are copied%s%s%s; %.90s", from,
                 till, rate, done);
    else
        snprintf(reason, REASON_SIZE,
                 "16:9 H.264, its pictures are copied%s%s%s; %.70s, encoded anew", from, till, rate,
                 sound);
}

static int finish(struct copy *c, struct render_report *out, struct err *e)
{
    char reason[REASON_SIZE];
    explain(c, reason);
    if (!c->write) {
        out->path = PATH_COPY;
        out->body_us = av_rescale(c->end, 1000000, c->hold.clock.per_s);
        str_copy(out->reason, sizeof(out->reason), reason);
        return 0;
    }
    if (copy_sound_end(c->sound, c->end, e) < 0 || pass_put_bumper(c, e) < 0 ||
        mux_finish(c->mux, e) < 0)
        return -1;
    const AVCodecParameters *s = copy_sound_parameters(c->sound);
    int64_t body_us = av_rescale(c->end, 1000000, c->hold.clock.per_s);
    media_report(c->plan, PATH_COPY, reason, c->mux, body_us, s->sample_rate,
                 s->ch_layout.nb_channels, profile_name(c->sets.sps.profile_idc), out);
    out->out.variable_rate = c->hold.varies;
    if (c->key)
        out->poster_bytes = make_poster(c);
    return 0;
}

/* Times: on the grid of the plan's rate, or the clip's own. */
static void set_clock(struct copy *c)
{
    struct hold *h = &c->hold;
    h->time_base = c->picture->time_base;
    h->clock = mux_clock_make(c->plan, h->varies ? h->time_base : (AVRational){0, 1});
    c->longest = c->plan->body_frames_max * h->clock.slot;
    c->latest = c->longest - (h->varies && c->plan->bumper_frames == 0 ? h->clock.slot : 1);
    pace_init(&h->pace, h->clock.per_s, &c->job->order->profile);
}

enum copied media_copy(const struct media_job *job, struct media_input *in,
                       const struct media_plan *plan, bool write, struct render_report *out,
                       char why[REASON_SIZE], struct err *e)
{
    AUTO(pass_clear)
    struct copy c = {.job = job,
                     .in = in,
                     .plan = plan,
                     .picture = in->fmt->streams[in->video],
                     .write = write,
                     .why = why,
                     .keyed = AV_NOPTS_VALUE,
                     .hold = {.varies = in->facts.variable_rate, .shown = -1}};
    const AVCodecParameters *p = c.picture->codecpar;
    set_clock(&c);
    head_init(&c.before);
    c.packet = av_packet_alloc();
    if (write && job->order->poster && job->poster_fd >= 0)
        c.key = av_packet_alloc();
    if (!c.packet || sets_read(p->extradata, p->extradata_size, &c.sets) != NULL) {
        err_set(e, ERR_SYSTEM, "copy: no memory, or headers that were readable are not");
        return COPY_FAILED;
    }
    if (read_all(&c, e) == 0 && finish(&c, out, e) == 0) {
        pass_progress(&c, c.longest);
        return COPY_DONE;
    }
    if (!c.refused)
        return COPY_FAILED;
    if (write && ftruncate(job->reel_fd, 0) < 0) {
        err_set(e, ERR_SYSTEM, "copy: the reel cannot be emptied: %s", strerror(errno));
        return COPY_FAILED;
    }
    return COPY_REFUSED;
}
