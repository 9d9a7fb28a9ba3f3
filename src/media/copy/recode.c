/* Plan: read and decode packets from the key picture before `from` on. Drop the pictures before
 * `from`; the encoder pulls the others one by one. At the IDR picture that ends the part, or once a
 * picture is shown at `until`, take the pictures that the decoder still holds. When packets are
 * given in `ready` instead, the decoder knows which of the first pictures lack their references and
 * holds those back. */
#include "media/copy/recode.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/packets.h"
#include "media/plan.h"

enum {
    PACKETS_MAX = 100000, /* read on the way to a key picture, also of other tracks */
    BACK_MAX_S = 32,      /* how far before it reading begins at most */
};

struct reader {
    const struct recode_order *o;
    const AVStream *st;
    struct recoded *out;
    int64_t longest; /* the body, in the track's time base */
    int64_t given, room;
    int taken, broken; /* of those that are ready */
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *picture;
    bool draining, full;
    struct err fault;
    bool failed;
};

static void reader_clear(struct reader *r)
{
    avcodec_free_context(&r->decoder);
    av_packet_free(&r->packet);
    av_frame_free(&r->picture);
}

static void refuse(struct reader *r, const char *why)
{
    r->out->refused = why;
    r->draining = true;
}

static void fail(struct reader *r)
{
    r->failed = r->draining = true;
}

static void drain(struct reader *r)
{
    r->draining = true;
    (void)avcodec_send_packet(r->decoder, NULL);
}

/* A packet of pictures: to the decoder, or it is the one that ends it. */
static void on_picture(struct reader *r)
{
    const char *wrong = NULL;
    AVPacket *p = r->packet;
    bool idr = r->o->is_idr && r->o->is_idr(r->o->arg, p, &wrong);
    if (wrong || p->pts == AV_NOPTS_VALUE) {
        refuse(r, wrong ? wrong : "its pictures have no time");
        return;
    }
    if (idr && p->pts >= r->o->from && !(p->flags & AV_PKT_FLAG_DISCARD)) {
        av_packet_move_ref(r->out->idr, p);
        drain(r);
        return;
    }
    if (avcodec_send_packet(r->decoder, p) < 0)
        refuse(r, "its pictures before a key picture cannot be decoded");
}

static void read_one(struct reader *r)
{
    struct media_input *in = r->o->in;
    int got = media_packets_read(in, r->packet);
    if (got == AVERROR(EAGAIN))
        return;
    if (in->io_errno) {
        err_set(&r->fault, ERR_SYSTEM, "recode: reading failed");
        fail(r);
    } else if (got == AVERROR(ENOMEM)) { /* the packet claims a size over the limit */
        refuse(r, "a packet cannot be read");
    } else if (got < 0 && r->o->is_idr) {
        refuse(r, "no key picture comes after the start");
    } else if (got < 0) {
        drain(r);
    } else if (r->packet->stream_index == in->video) {
        on_picture(r);
    } else if (r->packet->stream_index == in->audio && r->o->sound &&
               r->o->sound(r->o->arg, r->packet, &r->fault) < 0) {
        fail(r);
    }
    av_packet_unref(r->packet);
}

/* Reads on to the picture that is shown at o->key, or beyond it. */
static bool read_to_key(struct reader *r)
{
    for (int n = 0; n < PACKETS_MAX && !r->o->in->io_errno; n++) {
        av_packet_unref(r->packet);
        int got = media_packets_read(r->o->in, r->packet);
        if (got < 0 && got != AVERROR(EAGAIN))
            return false;
        if (got == 0 && r->packet->stream_index == r->o->in->video && r->packet->pts >= r->o->key)
            return r->packet->pts == r->o->key;
    }
    return false;
}

/* In a container without a list of key pictures a search ends anywhere near the time: so this seeks
 * further and further back and reads on to the picture. */
static void seek_key(struct reader *r)
{
    bool found = false;
    for (int back_s = 0; !found && back_s <= BACK_MAX_S; back_s = back_s ? 2 * back_s : 1) {
        int64_t back = av_rescale_q(back_s, (AVRational){1, 1}, r->st->time_base);
        found = media_packets_seek(r->o->in, r->o->key - back) >= 0 && read_to_key(r);
    }
    if (r->o->in->io_errno) {
        err_set(&r->fault, ERR_SYSTEM, "recode: reading failed");
        fail(r);
    } else if (!found) {
        refuse(r, "its key picture is not found again");
    } else {
        on_picture(r);
    }
    av_packet_unref(r->packet);
}

static void note_time(struct reader *r, int64_t at)
{
    if (r->given == r->room) {
        int64_t room = r->room ? 2 * r->room : 64;
        int64_t *more = mem_new((size_t)room * sizeof(*more));
        if (r->given)
            memcpy(more, r->out->pts, (size_t)r->given * sizeof(*more));
        free(r->out->pts);
        r->out->pts = more;
        r->room = room;
    }
    r->out->pts[r->given++] = at;
}

/* Returns whether the decoded picture is one of the wanted pictures. */
static bool is_wanted(struct reader *r)
{
    const AVFrame *f = r->picture;
    int64_t at = f->best_effort_timestamp;
    if (at == AV_NOPTS_VALUE || at < r->o->from)
        return false;
    if (at >= r->o->until) {
        r->full = true;
        return false;
    }
    bool damaged = f->decode_error_flags || f->flags & AV_FRAME_FLAG_CORRUPT;
    if (damaged && r->o->ready && !r->given)
        return false;
    int format = r->o->shape.full_range ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    if (damaged || f->format != format || f->width != r->o->shape.width ||
        f->height != r->o->shape.height)
        refuse(r, "its pictures before a key picture are damaged, or of another kind");
    else if (r->given && at <= r->out->pts[r->given - 1])
        refuse(r, "two of its pictures have one time");
    else if (r->given && at - r->out->pts[0] >= r->longest)
        refuse(r, "no key picture comes within the reel's part");
    if (r->out->refused)
        return false;
    note_time(r, at);
    if (r->o->each)
        r->o->each(r->o->arg, at - r->out->pts[0]);
    return true;
}

/* Whether a fault of the decoder is of what comes before the first whole picture. */
static bool may_pass(struct reader *r, int fault)
{
    return r->o->ready && !r->given && fault != AVERROR(ENOMEM) && r->broken++ < r->o->ready_count;
}

/* The next of those that are ready. */
static void take_one(struct reader *r)
{
    int sent = 0;
    if (r->taken == r->o->ready_count)
        drain(r);
    else
        sent = avcodec_send_packet(r->decoder, r->o->ready[r->taken++]);
    if (sent < 0 && !may_pass(r, sent))
        refuse(r, "its pictures before a key picture cannot be decoded");
}

static const AVFrame *next(void *arg)
{
    struct reader *r = arg;
    while (!r->failed && !r->out->refused && !r->full) {
        av_frame_unref(r->picture);
        int got = avcodec_receive_frame(r->decoder, r->picture);
        if (got == 0 && is_wanted(r))
            return r->picture;
        if (got == AVERROR_EOF)
            return NULL;
        if (got == 0)
            continue;
        if (got != AVERROR(EAGAIN) && !may_pass(r, got))
            refuse(r, "its pictures before a key picture cannot be decoded");
        else if (!r->draining && r->o->ready)
            take_one(r);
        else if (!r->draining)
            read_one(r);
    }
    return NULL;
}

static bool has_failed(void *arg, struct err *e)
{
    struct reader *r = arg;
    if (r->failed && e)
        *e = r->fault;
    return r->failed;
}

static int64_t longest(const struct recode_order *o, AVRational time_base)
{
    AVRational slot = {o->plan->fps_den, o->plan->fps_num};
    return av_rescale_q(o->plan->body_frames_max, slot, time_base);
}

int recode(const struct recode_order *order, struct recoded *out, struct err *e)
{
    AUTO(recoded_clear) struct recoded all = {.idr = av_packet_alloc()};
    AUTO(reader_clear)
    struct reader r = {.o = order,
                       .st = order->in->fmt->streams[order->in->video],
                       .out = &all,
                       .packet = av_packet_alloc(),
                       .picture = av_frame_alloc()};
    struct media_input *in = order->in;
    if (!all.idr || !r.packet || !r.picture)
        return err_msg(e, MSG_MEMORY_LIMIT, "recode: no memory");
    r.longest = longest(order, r.st->time_base);
    if (media_input_decoder(in, in->video, order->limits, &r.decoder, e) < 0)
        return -1;
    if (order->by_key)
        seek_key(&r);
    else if (!order->ready && media_packets_seek(in, order->from) < 0)
        all.refused = "it cannot be searched";
    if (r.failed)
        return has_failed(&r, e) ? -1 : 0;
    if (!all.refused &&
        bumper_moving(&order->shape, order->first_id, next, has_failed, &r, &all.coded, e) < 0)
        return -1;
    if (!all.refused && all.coded.count != r.given)
        return err_set(e, ERR_SYSTEM, "recode: %d packets for %lld pictures", all.coded.count,
                       (long long)r.given);
    *out = all;
    all = (struct recoded){0};
    return 0;
}

void recoded_clear(struct recoded *r)
{
    bumper_clear(&r->coded);
    freep(&r->pts);
    av_packet_free(&r->idr);
}
