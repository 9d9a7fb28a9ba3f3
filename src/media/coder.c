#include "media/coder.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/encode/line.h"

#include <libavutil/opt.h>
#include <x264.h>

enum { GOP_SECONDS = 2 };

/* The longest distance between key pictures. A bumper is one GOP: another key picture in it would
 * cost as much as the first. An extra one that may come before it is dropped. */
static int gop_of(const struct media_plan *plan, bool still)
{
    int64_t gop = (int64_t)GOP_SECONDS * plan->fps_num / plan->fps_den;
    if (still && gop < plan->bumper_frames + 2)
        gop = plan->bumper_frames + 2;
    return gop > 1 ? (int)gop : 1;
}

/* Number of consecutive B pictures. x264 limits it to what the GOP has space for, and the headers
 * state it, so the shorter GOP decides for all parts. */
static int b_frames_of(const struct media_plan *plan, const struct profile *p)
{
    x264_param_t preset;
    int most = plan->careful ? 0 : gop_of(plan, false) - 1;
    if (x264_param_default_preset(&preset, p->preset, NULL) < 0)
        return -1; /* any value: opening fails on that name too */
    return preset.i_bframe < most ? preset.i_bframe : most;
}

int coder_picture(const struct media_plan *plan, const struct profile *p, bool still, int threads,
                  AVCodecContext **out, struct err *e)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec)
        return err_set(e, ERR_SYSTEM, "coder: libavcodec has no libx264");
    AUTO(avcodec_free_context) AVCodecContext *c = avcodec_alloc_context3(codec);
    if (!c)
        return err_msg(e, MSG_MEMORY_LIMIT, "coder: no memory");
    c->width = plan->width;
    c->height = plan->height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->sample_aspect_ratio = (AVRational){1, 1};
    c->color_range = AVCOL_RANGE_MPEG;
    c->colorspace = AVCOL_SPC_BT709;
    c->color_primaries = AVCOL_PRI_BT709;
    c->color_trc = AVCOL_TRC_BT709;
    c->chroma_sample_location = AVCHROMA_LOC_LEFT;
    c->time_base = (AVRational){plan->fps_den, plan->fps_num};
    c->framerate = (AVRational){plan->fps_num, plan->fps_den};
    c->gop_size = gop_of(plan, still);
    c->max_b_frames = b_frames_of(plan, p);
    c->thread_count = plan->careful ? 1 : threads;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;

    AUTO(av_dict_free) AVDictionary *o = NULL;
    av_dict_set(&o, "preset", p->preset, 0);
    av_dict_set(&o, "profile", "high", 0);
    av_dict_set_int(&o, "crf", p->crf, 0);
    av_dict_set(&o, "a53cc", "0", 0);
    /* stitchable: the headers depend on the settings alone. The options that a still leaves out
     * (motion search range, look-ahead) change no header. (subme does: from 6 on, psy-rd moves the
     * chroma QP offset of the PPS.) */
    const char *params =
        still ? "stitchable=1:scenecut=0:me=dia:rc-lookahead=10:mbtree=0" : "stitchable=1";
    if (plan->careful)
        params = "stitchable=1:scenecut=0:rc-lookahead=0:mbtree=0:ref=1:weightp=0";
    av_dict_set(&o, "x264-params", params, 0);
    int r = avcodec_open2(c, codec, &o);
    if (r < 0)
        return line_av_error(r, "coder: x264", e);
    *out = TAKE(c);
    return 0;
}

int coder_sound_as(int hz, int channels, int64_t bits_per_s, AVCodecContext **out, struct err *e)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    if (!codec)
        return err_set(e, ERR_SYSTEM, "coder: libavcodec has no aac encoder");
    AUTO(avcodec_free_context) AVCodecContext *c = avcodec_alloc_context3(codec);
    if (!c)
        return err_msg(e, MSG_MEMORY_LIMIT, "coder: no memory");
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->sample_rate = hz;
    av_channel_layout_default(&c->ch_layout, channels);
    c->bit_rate = bits_per_s;
    c->profile = FF_PROFILE_AAC_LOW;
    c->time_base = (AVRational){1, hz};
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    /* from 64 kbit/s a channel on, the better coder and by far the faster */
    AUTO(av_dict_free) AVDictionary *o = NULL;
    av_dict_set(&o, "aac_coder", "fast", 0);
    int r = avcodec_open2(c, codec, &o);
    if (r < 0)
        return line_av_error(r, "coder: aac", e);
    *out = TAKE(c);
    return 0;
}

int coder_sound(const struct media_plan *plan, const struct profile *p, AVCodecContext **out,
                struct err *e)
{
    return coder_sound_as(plan->audio_hz, 2, p->audio_bits_per_s, out, e);
}

int coder_same_headers(const AVCodecContext *a, const AVCodecContext *b, struct err *e)
{
    if (a->extradata_size <= 0 || a->extradata_size != b->extradata_size ||
        memcmp(a->extradata, b->extradata, (size_t)a->extradata_size) != 0)
        return err_set(e, ERR_SYSTEM, "coder: bumper and body do not share their headers");
    if (a->has_b_frames != b->has_b_frames)
        return err_set(e, ERR_SYSTEM, "coder: bumper and body reorder differently");
    return 0;
}

/* x264 says no more than that it failed; opened with settings it takes, it fails for memory. */
static int encoding_failed(int averror, struct err *e)
{
    if (averror == AVERROR_EXTERNAL)
        return err_msg(e, MSG_MEMORY_LIMIT, "coder: the encoder gave up");
    return line_av_error(averror, "coder: encoding", e);
}

int coder_run(AVCodecContext *c, const AVFrame *frame, AVPacket *scratch,
              int (*take)(void *arg, AVPacket *packet, struct err *e), void *arg, struct err *e)
{
    int r = avcodec_send_frame(c, frame);
    if (r < 0)
        return encoding_failed(r, e);
    for (;;) {
        r = avcodec_receive_packet(c, scratch);
        if (r == AVERROR(EAGAIN) || r == AVERROR_EOF)
            return 0;
        if (r < 0)
            return encoding_failed(r, e);
        if (take(arg, scratch, e) < 0) {
            av_packet_unref(scratch);
            return -1;
        }
    }
}
