/* The sound of a reel as a player hears it: each packet's place, each sample on the clock of the
 * picture; and what is measured on it. */
#pragma once
#include "core/mem.h"
#include "media/test/clips.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <math.h>

enum { SAMPLES_MAX = 24 * 48000, LIES_MAX = 4096 };

/* A track as a player hears it; times from the first picture. */
struct heard {
    int hz, channels;
    float *left;
    int64_t samples;
    int64_t first_pts; /* of its packets */
    double picture_s, sound_s;
    int64_t packets;
    bool even;       /* every packet but the last 1024 samples after the one before */
    double behind_s; /* how much later than its picture sound lies in the file, at most */
};

/* One packet in the file. */
struct lies {
    int64_t pos;
    double s;
    bool sound;
};

static inline int by_pos(const void *a, const void *b)
{
    const struct lies *x = a, *y = b;
    return (x->pos > y->pos) - (x->pos < y->pos);
}

static inline double behind(struct lies *l, size_t n)
{
    double picture = 0, most = 0;
    qsort(l, n, sizeof(*l), by_pos);
    for (size_t i = 0; i < n; i++) {
        if (!l[i].sound)
            picture = l[i].s;
        else
            most = fmax(most, picture - l[i].s);
    }
    return most;
}

static inline void heard_clear(struct heard *h)
{
    free(h->left);
    h->left = NULL;
}

static inline void hear_frames(struct heard *h, AVCodecContext *c, const AVPacket *p,
                               int64_t origin)
{
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    assert_int_equal(avcodec_send_packet(c, p), 0);
    while (avcodec_receive_frame(c, f) == 0) {
        int64_t at = av_rescale_q(f->pts, c->pkt_timebase, (AVRational){1, h->hz}) - origin;
        const float *from = (const float *)(const void *)f->extended_data[0];
        for (int i = 0; i < f->nb_samples; i++)
            if (at + i >= 0 && at + i < SAMPLES_MAX) {
                h->left[at + i] = from[i];
                if (at + i >= h->samples)
                    h->samples = at + i + 1;
            }
    }
}

/* origin_s: where its body begins on its own clock; below 0: where its picture starts. */
static inline struct heard hear(const char *name, double origin_s)
{
    struct heard h = {.left = mem_new(SAMPLES_MAX * sizeof(float)), .even = true};
    AVFormatContext *fmt = NULL;
    assert_int_equal(avformat_open_input(&fmt, clips_path(name), NULL, NULL), 0);
    assert_true(avformat_find_stream_info(fmt, NULL) >= 0);
    int v = av_find_best_stream(fmt, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    int a = av_find_best_stream(fmt, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    assert_true(v >= 0 && a >= 0);
    AVStream *st = fmt->streams[a];
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(st->codecpar->codec_id));
    avcodec_parameters_to_context(c, st->codecpar);
    c->pkt_timebase = st->time_base;
    c->err_recognition = AV_EF_EXPLODE;
    assert_int_equal(avcodec_open2(c, NULL, NULL), 0);
    h.hz = st->codecpar->sample_rate;
    h.channels = st->codecpar->ch_layout.nb_channels;
    h.picture_s = (double)fmt->streams[v]->duration * av_q2d(fmt->streams[v]->time_base);
    h.sound_s = (double)st->duration * av_q2d(st->time_base);
    if (origin_s < 0)
        origin_s = (double)fmt->streams[v]->start_time * av_q2d(fmt->streams[v]->time_base);
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    int64_t last = AV_NOPTS_VALUE, length = 1024;
    AUTO(freep) struct lies *lies = mem_new(LIES_MAX * sizeof(*lies));
    size_t n = 0;
    while (av_read_frame(fmt, p) == 0) {
        assert_true(n < LIES_MAX);
        lies[n++] =
            (struct lies){p->pos, (double)p->pts * av_q2d(fmt->streams[p->stream_index]->time_base),
                          p->stream_index == a};
        if (p->stream_index == a) {
            if (h.packets++ == 0)
                h.first_pts = p->pts;
            h.even &= last == AV_NOPTS_VALUE || (p->pts == last + 1024 && length == 1024);
            last = p->pts;
            length = p->duration;
            hear_frames(&h, c, p, llround(origin_s * h.hz));
        }
        av_packet_unref(p);
    }
    hear_frames(&h, c, NULL, llround(origin_s * h.hz));
    h.behind_s = behind(lies, n);
    avcodec_free_context(&c);
    avformat_close_input(&fmt);
    return h;
}

/* The loudest sample of [from, to) seconds. */
static inline float peak(const struct heard *h, double from, double to)
{
    float most = 0;
    for (int64_t i = llround(fmax(from, 0) * h->hz); i < llround(to * h->hz) && i < h->samples; i++)
        most = fmaxf(most, fabsf(h->left[i]));
    return most;
}

/* The largest step from one sample to the next. */
static inline float step(const struct heard *h, double from, double to)
{
    float most = 0;
    for (int64_t i = llround(fmax(from, 0) * h->hz); i < llround(to * h->hz) && i + 1 < h->samples;
         i++)
        most = fmaxf(most, fabsf(h->left[i + 1] - h->left[i]));
    return most;
}

/* Seconds of the first sample from `from` on that is louder than `than`; -1: none. */
static inline double onset(const struct heard *h, double from, double than)
{
    for (int64_t i = llround(from * h->hz); i < h->samples; i++)
        if (fabs(h->left[i]) > than)
            return (double)i / h->hz;
    return -1;
}

static inline double last_above(const struct heard *h, double than)
{
    for (int64_t i = h->samples - 1; i >= 0; i--)
        if (fabs(h->left[i]) > than)
            return (double)i / h->hz;
    return -1;
}
