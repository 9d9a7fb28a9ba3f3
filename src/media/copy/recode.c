/* Plan: packets are read and decoded from the key picture before the start on; pictures before the
 * start are dropped, the others go one by one to the encoder, which pulls them; at the IDR picture
 * the decoder gives out what it still holds, and that is the end. */
#include "media/copy/recode.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/packets.h"
#include "media/plan.h"

struct reader {
    struct media_input *in;
    const struct media_plan *plan;
    const struct bumper_shape *shape;
    const struct head_calls *calls;
    const AVStream *st;
    struct head *head;
    int64_t start, frame; /* the start, and one frame, in the track's time base */
    int64_t last;         /* time of the picture given last */
    int64_t given;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *picture;
    bool draining;
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
    r->head->refused = why;
    r->draining = true;
}

static void fail(struct reader *r)
{
    r->failed = r->draining = true;
}

/* A packet of pictures: to the decoder, or it is the one that ends the head. */
static void on_picture(struct reader *r)
{
    const char *wrong = NULL;
    AVPacket *p = r->packet;
    bool idr = r->calls->is_idr(r->calls->arg, p, &wrong);
    if (wrong || p->pts == AV_NOPTS_VALUE) {
        refuse(r, wrong ? wrong : "its pictures have no time");
        return;
    }
    if (idr && p->pts >= r->start - r->frame / 2) {
        av_packet_move_ref(r->head->idr, p);
        r->draining = true;
        (void)avcodec_send_packet(r->decoder, NULL);
        return;
    }
    if (avcodec_send_packet(r->decoder, p) < 0)
        refuse(r, "its pictures before a key picture cannot be decoded");
}

static void read_one(struct reader *r)
{
    int got = media_packets_read(r->in, r->packet);
    if (got == AVERROR(EAGAIN))
        return;
    if (r->in->io_errno || got == AVERROR(ENOMEM)) {
        err_set(&r->fault, ERR_SYSTEM, "head: reading failed");
        fail(r);
    } else if (got < 0) {
        refuse(r, "no key picture comes after the start");
    } else if (r->packet->stream_index == r->in->video) {
        on_picture(r);
    } else if (r->packet->stream_index == r->in->audio &&
               r->calls->sound(r->calls->arg, r->packet, &r->fault) < 0) {
        fail(r);
    }
    av_packet_unref(r->packet);
}

/* Whether the decoded picture belongs to the body; the rate has to be constant here too. */
static bool is_wanted(struct reader *r)
{
    int64_t at = r->picture->best_effort_timestamp;
    if (at == AV_NOPTS_VALUE || at < r->start - r->frame / 2)
        return false;
    if (r->picture->decode_error_flags || r->picture->format != AV_PIX_FMT_YUV420P ||
        r->picture->width != r->shape->width || r->picture->height != r->shape->height)
        refuse(r, "its pictures before a key picture are damaged, or of another kind");
    else if (r->given && llabs(at - r->last - r->frame) > r->frame / 4 + 1)
        refuse(r, "its picture rate varies");
    else if (r->given >= r->plan->body_frames_max)
        refuse(r, "no key picture comes within the reel's part");
    if (r->head->refused)
        return false;
    if (!r->given++)
        r->head->first_pts = at;
    r->last = at;
    return true;
}

static const AVFrame *next(void *arg)
{
    struct reader *r = arg;
    while (!r->failed && !r->head->refused) {
        av_frame_unref(r->picture);
        int got = avcodec_receive_frame(r->decoder, r->picture);
        if (got == 0 && is_wanted(r))
            return r->picture;
        if (got == AVERROR_EOF)
            return NULL;
        if (got == AVERROR(EAGAIN) && !r->draining)
            read_one(r);
        else if (got < 0 && got != AVERROR(EAGAIN))
            refuse(r, "its pictures before a key picture cannot be decoded");
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

int head_make(struct media_input *in, const struct media_plan *plan,
              const struct media_limits *limits, const struct bumper_shape *shape,
              const struct head_calls *calls, struct head *out, struct err *e)
{
    AUTO(head_clear) struct head h = {.first_pts = AV_NOPTS_VALUE, .idr = av_packet_alloc()};
    AUTO(reader_clear)
    struct reader r = {.in = in,
                       .plan = plan,
                       .shape = shape,
                       .calls = calls,
                       .st = in->fmt->streams[in->video],
                       .head = &h,
                       .packet = av_packet_alloc(),
                       .picture = av_frame_alloc()};
    if (!h.idr || !r.packet || !r.picture)
        return err_msg(e, MSG_MEMORY_LIMIT, "head: no memory");
    AVRational slot = {plan->fps_den, plan->fps_num};
    r.start = av_rescale_q(in->first_us + plan->start_us, AV_TIME_BASE_Q, r.st->time_base);
    r.frame = av_rescale_q(1, slot, r.st->time_base);
    if (media_input_decoder(in, in->video, limits, &r.decoder, e) < 0)
        return -1;
    if (media_packets_seek(in, r.start) < 0)
        h.refused = "it cannot be searched";
    else if (bumper_moving(shape, next, has_failed, &r, &h.coded, e) < 0)
        return -1;
    if (!h.refused && h.coded.count != r.given)
        return err_set(e, ERR_SYSTEM, "head: %d packets for %lld pictures", h.coded.count,
                       (long long)r.given);
    if (!h.refused && h.idr->data && !r.given)
        h.first_pts = h.idr->pts;
    h.first_us = av_rescale_q(h.first_pts, r.st->time_base, AV_TIME_BASE_Q);
    *out = h;
    h = (struct head){0};
    return 0;
}

void head_clear(struct head *h)
{
    bumper_clear(&h->coded);
    av_packet_free(&h->idr);
}
