#include "media/encode/track.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/coder.h"
#include "media/mux.h"

#include <libavutil/samplefmt.h>

enum { SETTLING_MAX = 32 }; /* frames */

struct settling {
    AVPacket *last;
    int made;
    bool repeats;
};

AVFrame *track_frame(const AVCodecContext *c)
{
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    if (!f)
        return NULL;
    f->format = c->sample_fmt;
    f->sample_rate = c->sample_rate;
    f->nb_samples = c->frame_size;
    if (av_channel_layout_copy(&f->ch_layout, &c->ch_layout) < 0 || av_frame_get_buffer(f, 0) < 0)
        return NULL;
    av_samples_set_silence(f->extended_data, 0, f->nb_samples, c->ch_layout.nb_channels,
                           c->sample_fmt);
    return TAKE(f);
}

static int compare(void *arg, AVPacket *p, struct err *e)
{
    (void)e;
    struct settling *s = arg;
    s->made++;
    s->repeats = p->size > 0 && p->size == s->last->size &&
                 memcmp(p->data, s->last->data, (size_t)p->size) == 0;
    av_packet_unref(s->last);
    av_packet_move_ref(s->last, p);
    return 0;
}

/* Feeds the encoder until its silence repeats. */
static int settle(struct track *t, AVCodecContext *c, int *owed, struct err *e)
{
    AUTO(av_frame_free) AVFrame *f = track_frame(c);
    if (!f)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    struct settling s = {.last = t->silence};
    int fed = 0;
    while (fed < TRACK_SETTLED || !s.repeats) {
        if (fed == SETTLING_MAX)
            return err_set(e, ERR_SYSTEM, "sound: the encoder's silence does not settle");
        fed++;
        if (coder_run(c, f, t->scratch, compare, &s, e) < 0)
            return -1;
    }
    av_packet_free_side_data(t->silence);
    if (owed) /* the first packet lies a whole one before the first frame */
        *owed = fed - s.made + 1;
    return 0;
}

int track_init(struct track *t, struct mux *mux, AVCodecContext *c, int *owed, struct err *e)
{
    *t = (struct track){.mux = mux, .end = INT64_MAX};
    t->silence = av_packet_alloc();
    t->scratch = av_packet_alloc();
    if (!t->silence || !t->scratch)
        return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
    if (c->frame_size != TRACK_PACKET || c->initial_padding != TRACK_PACKET)
        return err_set(e, ERR_SYSTEM, "sound: an encoder with frames of %d and a delay of %d",
                       c->frame_size, c->initial_padding);
    return settle(t, c, owed, e);
}

void track_clear(struct track *t)
{
    av_packet_free(&t->silence);
    av_packet_free(&t->scratch);
}

int track_put(struct track *t, AVPacket *packet, struct err *e)
{
    if (t->next >= t->end) {
        av_packet_unref(packet);
        return 0;
    }
    /* its data about skipped samples belongs to the track it comes from */
    av_packet_free_side_data(packet);
    packet->pts = packet->dts = t->next;
    packet->flags = AV_PKT_FLAG_KEY;
    t->next += TRACK_PACKET;
    if (t->next > t->end)
        t->next = t->end;
    packet->duration = t->next - packet->pts;
    return mux_sound(t->mux, packet, e);
}

int track_silence(struct track *t, int64_t until, struct err *e)
{
    if (until > t->end)
        until = t->end;
    while (t->next < until) {
        if (av_packet_ref(t->scratch, t->silence) < 0)
            return err_msg(e, MSG_MEMORY_LIMIT, "sound: no memory");
        if (track_put(t, t->scratch, e) < 0)
            return -1;
    }
    return 0;
}
