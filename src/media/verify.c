/* A reel is a clip that the plan would leave as it is: so the reel is opened like any clip,
 * planned, and each thing that the plan would change is a fault. What a plan does not look at
 * (tags, order of the index, timestamps of every packet, the seams) is looked at here. */
#include "media/verify.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/input.h"
#include "media/plan.h"

#include <libavutil/mathematics.h>

enum {
    SYNC_MAX_US = 20000,
    SEAM_FRAMES = 4, /* decoded from each seam on */
    FEED_MAX = 200,  /* packets that a decoder may take until these are out */
};

/* What reading all packets of the two tracks showed. */
struct walk {
    int64_t end_us[2]; /* where the last packet ends: picture, sound */
    int64_t packets[2];
};

static int fault(struct err *e, const char *what)
{
    return err_msg(e, MSG_RECEIPT_FAILED, "reel: %s", what);
}

static bool tagged(const AVStream *st, const char tag[4])
{
    return st->codecpar->codec_tag ==
           MKTAG((unsigned)tag[0], (unsigned)tag[1], (unsigned)tag[2], (unsigned)tag[3]);
}

static int check_form(const struct media_input *in, struct err *e)
{
    const struct media_facts *f = &in->facts;
    if (strcmp(f->container, "mp4") != 0 || in->boxes.fragments)
        return fault(e, "not a plain mp4");
    if (!f->faststart)
        return fault(e, "the index is not first");
    if (in->boxes.cut)
        return fault(e, "it is cut");
    if (in->fmt->nb_streams != 2 || in->audio < 0)
        return fault(e, "not one picture and one sound track");
    if (!tagged(in->fmt->streams[in->video], "avc1") || strcmp(f->video_codec, "h264") != 0 ||
        strcmp(f->pixel_format, "yuv420p") != 0)
        return fault(e, "picture is not H.264 8-bit 4:2:0");
    if (!tagged(in->fmt->streams[in->audio], "mp4a") || strcmp(f->audio_codec, "aac") != 0 ||
        f->audio_channels < 1 || f->audio_channels > 2)
        return fault(e, "sound is not mono or stereo AAC");
    if (f->sar_num != f->sar_den || f->rotation || f->mirrored)
        return fault(e, "pixels are not square and upright");
    return 0;
}

static int check_plan(const struct media_facts *f, const struct render_order *order,
                      struct media_plan *plan, struct err *e)
{
    struct render_order still = *order;
    still.start_us = 0;
    still.fit = FIT_PAD;
    if (media_plan_make(f, &still, plan, e) < 0)
        return fault(e, "it has no length");
    if (plan->width != f->display_width || plan->height != f->display_height ||
        plan->pic_width != plan->width || plan->pic_height != plan->height)
        return fault(e, "size is not 16:9 inside the profile");
    if (plan->resample_time || plan->deinterlace || plan->tone_map)
        return fault(e, "rate or picture kind is not the standard form's");
    if (f->audio_hz != order->profile.audio_hz && f->audio_hz != 44100 && f->audio_hz != 48000)
        return fault(e, "sound rate is neither the profile's nor one that is copied");
    if (f->frames <= 2 * plan->bumper_frames)
        return fault(e, "nothing of the clip is in it");
    if (f->frames > 2 * plan->bumper_frames + plan->body_frames_max)
        return fault(e, "it is longer than the profile says");
    int64_t counted_us = av_rescale(f->frames * 1000000, plan->fps_den, plan->fps_num);
    int64_t slot_us = av_rescale(1000000, plan->fps_den, plan->fps_num);
    if (llabs(counted_us - f->duration_us) > slot_us)
        return fault(e, "its length and its pictures disagree");
    return 0;
}

/* Every packet once: timestamps rise, and where the tracks end. */
static int walk_packets(struct media_input *in, struct walk *w, struct err *e)
{
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    int64_t last[2] = {INT64_MIN, INT64_MIN};
    if (!p)
        return err_set(e, ERR_SYSTEM, "reel: no memory");
    while (av_read_frame(in->fmt, p) >= 0) {
        int k = p->stream_index == in->audio;
        AVRational tb = in->fmt->streams[p->stream_index]->time_base;
        bool good = p->dts != AV_NOPTS_VALUE && p->pts != AV_NOPTS_VALUE && p->dts > last[k] &&
                    p->pts >= p->dts && p->size > 0;
        if (good) {
            last[k] = p->dts;
            int64_t end_us = av_rescale_q(p->pts + p->duration, tb, AV_TIME_BASE_Q);
            w->end_us[k] = end_us > w->end_us[k] ? end_us : w->end_us[k];
            w->packets[k]++;
        }
        av_packet_unref(p);
        if (!good)
            return fault(e, "timestamps do not rise");
    }
    if (in->io_errno)
        return err_set(e, ERR_SYSTEM, "reel: reading failed: %s", strerror(in->io_errno));
    if (w->packets[0] != in->facts.frames)
        return fault(e, "pictures are missing");
    return 0;
}

/* Where the sound ends by its track's edited length; the last packet may be padded beyond it. */
static int64_t sound_end_us(const struct media_input *in, const struct walk *w)
{
    const AVStream *st = in->fmt->streams[in->audio];
    if (st->duration <= 0)
        return w->end_us[1];
    int64_t start = st->start_time > 0 ? st->start_time : 0;
    int64_t stated = av_rescale_q(start + st->duration, st->time_base, AV_TIME_BASE_Q);
    return stated < w->end_us[1] ? stated : w->end_us[1];
}

static int decode_some(struct media_input *in, AVCodecContext *c, int64_t at, int64_t slot,
                       int wanted, struct err *e)
{
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    int got = 0;
    if (!p || !f)
        return err_set(e, ERR_SYSTEM, "reel: no memory");
    for (int fed = 0; fed < FEED_MAX && got < wanted;) {
        int r = av_read_frame(in->fmt, p);
        if (r >= 0 && p->stream_index != in->video) {
            av_packet_unref(p);
            continue;
        }
        fed++;
        if (r >= 0 && fed == 1 &&
            (!(p->flags & AV_PKT_FLAG_KEY) || llabs(p->pts - at) > slot / 2)) {
            av_packet_unref(p);
            return fault(e, "a part does not begin with a key picture in its place");
        }
        if (avcodec_send_packet(c, r >= 0 ? p : NULL) < 0 && r >= 0) {
            av_packet_unref(p);
            return fault(e, "a seam cannot be decoded");
        }
        av_packet_unref(p);
        while (avcodec_receive_frame(c, f) >= 0) {
            bool broken = f->decode_error_flags || (f->flags & AV_FRAME_FLAG_CORRUPT) ||
                          f->format != AV_PIX_FMT_YUV420P || f->width != in->facts.coded_width ||
                          f->height != in->facts.coded_height;
            av_frame_unref(f);
            if (broken)
                return fault(e, "a picture at a seam is damaged");
            got++;
        }
        if (r < 0)
            break;
    }
    return got >= wanted ? 0 : fault(e, "pictures at a seam are missing");
}

/* The first bumper, the clip part and the last bumper each begin with a key picture and decode. */
static int check_seams(struct media_input *in, const struct media_plan *plan,
                       const struct media_limits *limits, struct err *e)
{
    const AVStream *st = in->fmt->streams[in->video];
    AVRational slot_base = {plan->fps_den, plan->fps_num};
    int64_t start = st->start_time != AV_NOPTS_VALUE ? st->start_time : 0;
    int64_t slot = av_rescale_q(1, slot_base, st->time_base);
    int64_t frames = in->facts.frames;
    const int64_t parts[] = {0, plan->bumper_frames, frames - plan->bumper_frames, frames};
    for (size_t i = 0; i + 1 < LEN(parts); i++) {
        int64_t length = parts[i + 1] - parts[i];
        if (length <= 0)
            continue;
        int64_t at = start + av_rescale_q(parts[i], slot_base, st->time_base);
        AUTO(avcodec_free_context) AVCodecContext *c = NULL;
        if (avformat_seek_file(in->fmt, in->video, INT64_MIN, at, at + slot / 2, 0) < 0)
            return fault(e, "it cannot be searched");
        if (media_input_decoder(in, in->video, limits, &c, e) < 0)
            return -1;
        int wanted = length < SEAM_FRAMES ? (int)length : SEAM_FRAMES;
        if (decode_some(in, c, at, slot, wanted, e) < 0)
            return -1;
    }
    return 0;
}

int media_verify(const struct media_job *job, struct render_report *out, struct err *e)
{
    AUTO(media_input_close) struct media_input in = {0};
    struct media_plan plan;
    struct walk w = {0};
    struct err why = {0};
    if (media_input_open(&in, job->clip_fd, &job->order->limits, &why) < 0)
        /* whatever it would be of a clip, of a reel it is our fault */
        return err_msg(e, MSG_RECEIPT_FAILED, "reel: it cannot be opened: %s", why.text);
    if (check_form(&in, e) < 0 || check_plan(&in.facts, job->order, &plan, e) < 0 ||
        walk_packets(&in, &w, e) < 0)
        return -1;
    int64_t sync_us = sound_end_us(&in, &w) - w.end_us[0];
    if (llabs(sync_us) > SYNC_MAX_US)
        return err_msg(e, MSG_RECEIPT_FAILED, "reel: sound ends %lld us after the picture",
                       (long long)sync_us);
    if (check_seams(&in, &plan, &job->order->limits, e) < 0)
        return -1;
    out->in = in.facts;
    out->sync_us = sync_us;
    out->body_us = av_rescale((in.facts.frames - 2 * plan.bumper_frames) * 1000000, plan.fps_den,
                              plan.fps_num);
    return 0;
}
