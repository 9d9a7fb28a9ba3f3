#include "media/bumper.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/coder.h"

struct taking {
    struct bumper *bumper;
    int places;
    int64_t skip; /* pictures of the lead-in */
};

static int take(void *arg, AVPacket *packet, struct err *e)
{
    struct taking *t = arg;
    packet->pts -= t->skip;
    if (packet->pts < 0) {
        av_packet_unref(packet);
        return 0;
    }
    if (t->bumper->count == t->places)
        return err_set(e, ERR_SYSTEM, "bumper: more packets than pictures");
    AVPacket *p = av_packet_alloc();
    if (!p)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    av_packet_move_ref(p, packet);
    t->bumper->packets[t->bumper->count++] = p;
    return 0;
}

int bumper_make(AVCodecContext *fresh, AVFrame *frame, int64_t frames, int first_id,
                struct bumper *out, struct err *e)
{
    AUTO(bumper_clear) struct bumper b = {.first_id = first_id};
    b.packets = mem_new(((size_t)frames + 1) * sizeof(AVPacket *));
    AUTO(av_packet_free) AVPacket *scratch = av_packet_alloc();
    AUTO(av_frame_free) AVFrame *f = av_frame_clone(frame);
    if (!scratch || !f)
        return err_msg(e, MSG_MEMORY_LIMIT, "bumper: no memory");
    /* x264 numbers its IDR pictures 0, 1, 0, ...: one picture that is thrown away turns the number
     */
    struct taking t = {.bumper = &b, .places = (int)frames, .skip = first_id};
    for (int64_t i = 0; i < frames + t.skip; i++) {
        f->pts = i;
        f->pict_type = i <= t.skip ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        if (coder_run(fresh, f, scratch, take, &t, e) < 0)
            return -1;
    }
    if (coder_run(fresh, NULL, scratch, take, &t, e) < 0)
        return -1;
    if (b.count != frames)
        return err_set(e, ERR_SYSTEM, "bumper: %d packets for %lld pictures", b.count,
                       (long long)frames);
    *out = b;
    b = (struct bumper){0};
    return 0;
}

void bumper_clear(struct bumper *b)
{
    for (int i = 0; i < b->count; i++)
        av_packet_free(&b->packets[i]);
    freep(&b->packets);
    b->count = 0;
}
