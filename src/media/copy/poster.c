/* Rates every decoded picture. The first good one is the poster; without one, the best is. */
#include "media/copy/poster.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/input.h"
#include "media/clip/packets.h"
#include "media/poster.h"

enum {
    KEYS = 6,
    PICTURES = 150,       /* decoded on from the beginning, */
    PIXELS = 100000000,   /* and of all of them */
    PACKETS_MAX = 100000, /* read, also of other tracks */
};

struct poster {
    struct media_input *in;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame, *best;
    int worth, last; /* of the best; of the one before */
    bool in_a_row;   /* pictures come in display order */
    bool good;
};

static void poster_clear(struct poster *p)
{
    avcodec_free_context(&p->decoder);
    av_packet_free(&p->packet);
    av_frame_free(&p->frame);
    av_frame_free(&p->best);
}

/* Weighs what the decoder has ready. */
static void weigh(struct poster *p)
{
    while (!p->good && avcodec_receive_frame(p->decoder, p->frame) >= 0) {
        bool good = false;
        int worth = p->frame->decode_error_flags ? -1 : poster_worth(p->frame, &good);
        good = good && (!p->in_a_row || worth <= p->last); /* it does not get better now */
        if (worth > p->worth || good) {
            av_frame_unref(p->best);
            av_frame_move_ref(p->best, p->frame);
            p->worth = worth;
            p->good = good;
        }
        p->last = worth;
        av_frame_unref(p->frame);
    }
}

static void send(struct poster *p, const AVPacket *packet)
{
    if (avcodec_send_packet(p->decoder, packet) >= 0)
        weigh(p);
}

/* The body's pictures from its beginning on: `most` of them, key pictures alone or all. */
static void read_on(struct poster *p, int64_t from, int64_t to, int most, bool keys)
{
    AVFormatContext *fmt = p->in->fmt;
    AVStream *st = fmt->streams[p->in->video];
    p->in_a_row = !keys;
    p->last = -1;
    avcodec_flush_buffers(p->decoder);
    for (unsigned i = 0; i < fmt->nb_streams; i++)
        fmt->streams[i]->discard = AVDISCARD_ALL;
    st->discard = keys ? AVDISCARD_NONKEY : AVDISCARD_DEFAULT;
    if (media_packets_seek(p->in, from) < 0)
        return;
    for (int n = 0, sent = 0; !p->good && sent < most && n < PACKETS_MAX; n++) {
        int r = media_packets_read(p->in, p->packet);
        if (r < 0 && r != AVERROR(EAGAIN))
            break;
        int64_t at = p->packet->pts;
        bool ours = r >= 0 && p->packet->stream_index == p->in->video;
        if (ours && (at >= to || (at < from && keys)))
            ours = false;
        if (ours && keys && !(p->packet->flags & AV_PKT_FLAG_KEY))
            ours = false;
        if (ours) {
            send(p, p->packet);
            sent++;
        }
        bool past = r >= 0 && p->packet->stream_index == p->in->video && p->packet->dts >= to;
        av_packet_unref(p->packet);
        if (past)
            break;
    }
    if (!p->good)
        send(p, NULL);
}

AVFrame *copy_poster(struct media_input *in, const struct media_limits *limits, const AVPacket *key,
                     int64_t from, int64_t to)
{
    AUTO(poster_clear) struct poster p = {.in = in, .worth = -1};
    struct media_limits one = *limits;
    struct err ignored;
    one.threads = 1; /* a picture comes out as soon as it can */
    p.packet = av_packet_alloc();
    p.frame = av_frame_alloc();
    p.best = av_frame_alloc();
    if (!p.packet || !p.frame || !p.best ||
        media_input_decoder(in, in->video, &one, &p.decoder, &ignored) < 0)
        return NULL;
    if (key && key->data) {
        send(&p, key);
        if (!p.good)
            send(&p, NULL);
    }
    int64_t pixels = p.best->data[0] ? (int64_t)p.best->width * p.best->height : PIXELS;
    int64_t most = PIXELS / (pixels > 0 ? pixels : 1);
    if (!p.good)
        read_on(&p, from, to, KEYS, true);
    if (!p.good)
        read_on(&p, from, to, (int)(most < PICTURES ? most : PICTURES), false);
    return p.best->data[0] ? TAKE(p.best) : NULL;
}
