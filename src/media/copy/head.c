#include "media/copy/head.h"

#include "core/mem.h"

#include <libavcodec/avcodec.h>

enum {
    PACKETS_MAX = 4096,   /* 16 s of 240 pictures a second */
    BYTES_MAX = 64 << 20, /* 16 s of 33 Mbit/s */
};

void head_init(struct head *h)
{
    *h = (struct head){.first_pts = AV_NOPTS_VALUE, .frame_num = -1};
}

const char *head_take(struct head *h, const struct sets *s, AVPacket *packet, bool idr,
                      int64_t longest)
{
    if (idr && h->first_pts == AV_NOPTS_VALUE) {
        head_clear(h);
        head_init(h);
    }
    const char *wrong = sets_follows(s, packet->data, packet->size, &h->frame_num);
    if (wrong)
        return wrong;
    bool shown = packet->pts != AV_NOPTS_VALUE && !(packet->flags & AV_PKT_FLAG_DISCARD);
    if (shown && (h->first_pts == AV_NOPTS_VALUE || packet->pts < h->first_pts))
        h->first_pts = packet->pts;
    if (shown && packet->pts - h->first_pts >= longest)
        return "no key picture that stands alone comes within the reel's part";
    if (h->count == PACKETS_MAX || h->bytes + packet->size > BYTES_MAX)
        return "too much comes before its first key picture that stands alone";
    if (!h->packets)
        h->packets = mem_new(PACKETS_MAX * sizeof(AVPacket *));
    AVPacket *p = av_packet_alloc();
    if (!p)
        return "no memory";
    av_packet_move_ref(p, packet);
    h->packets[h->count++] = p;
    h->bytes += p->size;
    return NULL;
}

void head_clear(struct head *h)
{
    for (int i = 0; i < h->count; i++)
        av_packet_free(&h->packets[i]);
    freep(&h->packets);
    h->count = 0;
    h->bytes = 0;
}
