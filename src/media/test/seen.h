/* What a decoder of its own sees in a reel: every packet, every picture at nine places, every
 * sample. Anything that libav warns of while reading is counted. */
#pragma once
#include "media/clip/bits.h"
#include "media/test/clips.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

enum { SEEN_FRAMES_MAX = 1400, SEEN_SAMPLES_MAX = 25 * 48000, SEEN_PLACES = 9 };

struct seen {
    int video_tracks, audio_tracks, width, height;
    double fps, seconds; /* of the container */
    int64_t packets, frames;
    bool dts_rises, pts_complete, index_first, ids_differ, keys_often;
    uint8_t yuv[SEEN_FRAMES_MAX][SEEN_PLACES][3]; /* rows of three: top, middle, bottom */
    float *sound;                                 /* left channel, on the reel's clock */
    float *right;
    int64_t samples;
    double sound_seconds; /* of the container: the last frame is cut */
    int warnings;
    char warning[256];
};

static int seen_warnings;
static char seen_warning[256];

__attribute__((format(printf, 3, 0))) static inline void seen_log(void *ctx, int level,
                                                                  const char *fmt, va_list ap)
{
    (void)ctx;
    if (level > AV_LOG_WARNING)
        return;
    if (seen_warnings++ == 0)
        vsnprintf(seen_warning, sizeof(seen_warning), fmt, ap);
}

/* The places lie at an eighth, the middle and seven eighths. */
static inline void seen_picture(struct seen *s, const AVFrame *f)
{
    static const int eighths[] = {1, 4, 7};
    if (s->frames >= SEEN_FRAMES_MAX)
        return;
    for (int i = 0; i < SEEN_PLACES; i++) {
        int x = f->width * eighths[i % 3] / 8, y = f->height * eighths[i / 3] / 8;
        uint8_t *to = s->yuv[s->frames][i];
        to[0] = f->data[0][y * f->linesize[0] + x];
        to[1] = f->data[1][y / 2 * f->linesize[1] + x / 2];
        to[2] = f->data[2][y / 2 * f->linesize[2] + x / 2];
    }
    s->frames++;
}

static inline void seen_samples(struct seen *s, const AVFrame *f, AVRational time_base)
{
    int64_t at = av_rescale_q(f->pts, time_base, (AVRational){1, f->sample_rate});
    const float *l = (const float *)(const void *)f->extended_data[0];
    const float *r = (const float *)(const void *)f->extended_data[1];
    for (int i = 0; i < f->nb_samples; i++)
        if (at + i >= 0 && at + i < SEEN_SAMPLES_MAX) {
            s->sound[at + i] = l[i];
            s->right[at + i] = r[i];
            if (at + i >= s->samples)
                s->samples = at + i + 1;
        }
}

/* Bits of frame_num by the avcC's first SPS (High profile, 4:2:0). */
static inline int seen_frame_num_bits(const AVCodecParameters *p)
{
    assert_true(p->extradata_size > 16 && p->extradata[0] == 1);
    /* behind the avcC's head */
    struct bits b = bits_of_nal(p->extradata + 8, (size_t)p->extradata_size - 8);
    assert_int_equal(bits_u(&b, 8), 100);
    (void)bits_u(&b, 16);
    (void)bits_ue(&b, 31);
    assert_int_equal(bits_ue(&b, 3), 1); /* 4:2:0 */
    (void)bits_ue(&b, 6), (void)bits_ue(&b, 6);
    (void)bits_flag(&b);
    assert_false(bits_flag(&b)); /* no scaling lists */
    int frame_num_bits = (int)bits_ue(&b, 12) + 4;
    assert_false(b.over);
    return frame_num_bits;
}

/* idr_pic_id of a packet of length-prefixed NAL units; -1: no IDR picture. */
static inline int seen_idr_id(const AVPacket *p, int frame_num_bits)
{
    for (int at = 0; at + 5 < p->size;) {
        const uint8_t *n = p->data + at;
        int size = n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3];
        if ((n[4] & 31) == 5) {
            struct bits b = bits_of_nal(n + 4, (size_t)size);
            for (int i = 0; i < 3; i++)
                (void)bits_ue(&b, BITS_UE_MAX);
            (void)bits_u(&b, frame_num_bits);
            int id = (int)bits_ue(&b, 65535);
            assert_false(b.over);
            return id;
        }
        at += 4 + size;
    }
    return -1;
}

static inline bool seen_index_first(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    bool found = false;
    uint8_t h[8];
    for (int64_t at = 0; pread(fd, h, 8, at) == 8;) {
        if (memcmp(h + 4, "moov", 4) == 0)
            found = true;
        if (memcmp(h + 4, "mdat", 4) == 0)
            break;
        at += (int64_t)h[0] << 24 | h[1] << 16 | h[2] << 8 | h[3];
    }
    close(fd);
    return found;
}

static inline AVCodecContext *seen_decoder(const AVStream *st)
{
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(st->codecpar->codec_id));
    assert_non_null(c);
    avcodec_parameters_to_context(c, st->codecpar);
    c->pkt_timebase = st->time_base;
    c->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK;
    c->thread_count = 1;
    assert_int_equal(avcodec_open2(c, NULL, NULL), 0);
    return c;
}

static inline void seen_decode(struct seen *s, AVCodecContext *c, const AVPacket *p)
{
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    assert_int_equal(avcodec_send_packet(c, p), 0);
    while (avcodec_receive_frame(c, f) == 0) {
        if (c->codec_type == AVMEDIA_TYPE_VIDEO)
            seen_picture(s, f);
        else
            seen_samples(s, f, c->pkt_timebase);
    }
}

static inline void seen_walk(struct seen *s, AVFormatContext *fmt, AVCodecContext *dec[2])
{
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    AVRational frame = av_inv_q(fmt->streams[0]->avg_frame_rate);
    int64_t first_dts = 0, pts_sum = 0, last_key = 0;
    int frame_num_bits = seen_frame_num_bits(fmt->streams[0]->codecpar), last_id = -1;
    s->dts_rises = s->ids_differ = s->keys_often = true;
    while (av_read_frame(fmt, p) == 0) {
        if (p->stream_index == 0) {
            int64_t dts = av_rescale_q(p->dts, fmt->streams[0]->time_base, frame);
            if (s->packets == 0)
                first_dts = dts;
            s->dts_rises &= dts == first_dts + s->packets;
            pts_sum += av_rescale_q(p->pts, fmt->streams[0]->time_base, frame);
            int id = seen_idr_id(p, frame_num_bits);
            s->ids_differ &= id < 0 || id != last_id;
            last_id = id;
            if (id >= 0)
                last_key = s->packets;
            s->keys_often &= s->packets - last_key <= 2 * s->fps + 1;
            s->packets++;
        }
        seen_decode(s, dec[p->stream_index], p);
        av_packet_unref(p);
    }
    s->pts_complete = pts_sum == s->packets * (s->packets - 1) / 2;
    seen_decode(s, dec[0], NULL);
    seen_decode(s, dec[1], NULL);
}

static inline void seen_free(struct seen *s)
{
    if (!s)
        return;
    free(s->sound);
    free(s->right);
    free(s);
}

static inline void seen_freep(struct seen **s)
{
    seen_free(*s);
    *s = NULL;
}

/* Reads a whole reel; the caller's to seen_free. */
static inline struct seen *seen_read(const char *path)
{
    struct seen *s = mem_new(sizeof(*s));
    s->sound = mem_new(SEEN_SAMPLES_MAX * sizeof(float));
    s->right = mem_new(SEEN_SAMPLES_MAX * sizeof(float));
    seen_warnings = 0;
    av_log_set_level(AV_LOG_WARNING);
    av_log_set_callback(seen_log);
    AVFormatContext *fmt = NULL;
    assert_int_equal(avformat_open_input(&fmt, path, NULL, NULL), 0);
    assert_true(avformat_find_stream_info(fmt, NULL) >= 0);
    AVCodecContext *dec[2] = {NULL, NULL};
    assert_int_equal(fmt->nb_streams, 2);
    for (unsigned i = 0; i < fmt->nb_streams; i++) {
        const AVCodecParameters *p = fmt->streams[i]->codecpar;
        s->video_tracks += p->codec_tag == MKTAG('a', 'v', 'c', '1');
        s->audio_tracks += p->codec_tag == MKTAG('m', 'p', '4', 'a');
        dec[i] = seen_decoder(fmt->streams[i]);
    }
    s->width = fmt->streams[0]->codecpar->width;
    s->height = fmt->streams[0]->codecpar->height;
    s->fps = av_q2d(fmt->streams[0]->avg_frame_rate);
    s->seconds = (double)fmt->duration / 1e6;
    s->sound_seconds = (double)fmt->streams[1]->duration * av_q2d(fmt->streams[1]->time_base);
    s->index_first = seen_index_first(path);
    seen_walk(s, fmt, dec);
    avcodec_free_context(&dec[0]);
    avcodec_free_context(&dec[1]);
    avformat_close_input(&fmt);
    s->warnings = seen_warnings;
    memcpy(s->warning, seen_warning, sizeof(s->warning));
    av_log_set_level(AV_LOG_QUIET);
    return s;
}

/* Loudest sample of [from, to) seconds. */
static inline float seen_peak(const struct seen *s, const float *sound, double from, double to)
{
    float peak = 0;
    for (int64_t i = (int64_t)(from * 48000); i < (int64_t)(to * 48000) && i < s->samples; i++)
        if (i >= 0 && (sound[i] > peak || -sound[i] > peak))
            peak = sound[i] < 0 ? -sound[i] : sound[i];
    return peak;
}
