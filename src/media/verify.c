/* A reel is a clip that the plan would leave as it is: so the reel is opened like any clip,
 * planned, and each thing that the plan would change is a fault. What a plan does not look at
 * (tags, order of the index, timestamps of every packet, the seams) is looked at here. */
#include "media/verify.h"

#include "core/err.h"
#include "core/mem.h"
#include "media/clip/input.h"
#include "media/copy/sets.h"
#include "media/plan.h"

#include <libavutil/log.h>
#include <libavutil/mathematics.h>

enum {
    SYNC_MAX_US = 20000,
    SEAM_FRAMES = 4, /* decoded from each seam on */
    LEAD_MAX = 32,   /* pictures before the second seam that are decoded to get there */
    AAC_SAMPLES = 1024,
    FEED_MAX = 4000, /* packets that a decoder may take until these are out */
    LOOK_SLACK = 6,  /* of 255: how far a block's brightness may be off in the same picture */
};

/* What reading all packets of the two tracks showed. Times are microseconds from the first picture
 * on. */
struct walk {
    int64_t end_us[2]; /* where the last packet ends: picture, sound */
    int64_t packets[2];
    int64_t *keys; /* places of the IDR pictures, in decoding order */
    int key_count;
    uint8_t *shown; /* a byte for each picture: its place is taken */
};

static void walk_clear(struct walk *w)
{
    free(w->keys);
    free(w->shown);
}

static int fault(struct err *e, const char *what)
{
    return err_msg(e, MSG_RECEIPT_FAILED, "reel: %s", what);
}

static void holds(struct receipt *r, enum receipt_item item)
{
    r->held |= 1u << item;
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
    bool plain = strcmp(f->pixel_format, "yuv420p") == 0 ||
                 strcmp(f->pixel_format, "yuvj420p") == 0; /* full range, as a copied clip may be */
    if (!tagged(in->fmt->streams[in->video], "avc1") || strcmp(f->video_codec, "h264") != 0 ||
        !plain)
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

/* One picture: decoded a frame after the one before it, shown in a place of its own. */
static const char *walk_picture(const struct media_input *in, const struct media_plan *plan,
                                const AVPacket *p, struct walk *w, int64_t *dts)
{
    const AVStream *st = in->fmt->streams[in->video];
    AVRational slot = {plan->fps_den, plan->fps_num};
    int64_t frame = av_rescale_q(1, slot, st->time_base);
    int64_t start = st->start_time != AV_NOPTS_VALUE ? st->start_time : 0;
    int64_t place = av_rescale_q_rnd(p->pts - start, st->time_base, slot, AV_ROUND_NEAR_INF);
    if (*dts != INT64_MIN && llabs(p->dts - *dts - frame) > 1)
        return "pictures are not decoded one a frame";
    if (place < 0 || place >= in->facts.frames || w->shown[place])
        return "a picture is shown at another's time";
    if (av_packet_get_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, NULL))
        return "it has more than one description of its pictures";
    w->shown[place] = 1;
    if (sets_has_idr(p->data, p->size))
        w->keys[w->key_count++] = place;
    *dts = p->dts;
    return NULL;
}

/* One packet of sound: it begins where the one before it has given out its samples. */
static const char *walk_sound(const struct media_input *in, const AVPacket *p, int64_t *next)
{
    const AVStream *st = in->fmt->streams[in->audio];
    const AVRational sample = {1, st->codecpar->sample_rate};
    int samples = st->codecpar->frame_size > 0 ? st->codecpar->frame_size : AAC_SAMPLES;
    if (*next != INT64_MIN && llabs(p->pts - *next) > 1)
        return "sound has a hole, or lies over itself";
    if (av_packet_get_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, NULL))
        return "it has more than one description of its sound";
    *next = p->pts + av_rescale_q(samples, sample, st->time_base);
    return NULL;
}

/* Every packet once. */
static int walk_packets(struct media_input *in, const struct media_plan *plan, struct walk *w,
                        struct err *e)
{
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    int64_t dts = INT64_MIN, next = INT64_MIN;
    w->shown = calloc((size_t)in->facts.frames + 1, 1);
    w->keys = calloc((size_t)in->facts.frames + 1, sizeof(*w->keys));
    if (!p || !w->shown || !w->keys)
        return err_set(e, ERR_SYSTEM, "reel: no memory");
    while (av_read_frame(in->fmt, p) >= 0) {
        int k = p->stream_index == in->audio;
        AVRational tb = in->fmt->streams[p->stream_index]->time_base;
        const char *wrong = NULL;
        if (p->dts == AV_NOPTS_VALUE || p->pts == AV_NOPTS_VALUE || p->pts < p->dts || p->size <= 0)
            wrong = "a packet has no time, or no bytes";
        else if (w->packets[0] >= in->facts.frames && !k)
            wrong = "it has more pictures than it says";
        else
            wrong = k ? walk_sound(in, p, &next) : walk_picture(in, plan, p, w, &dts);
        if (!wrong) {
            int64_t end_us = av_rescale_q(p->pts + p->duration, tb, AV_TIME_BASE_Q);
            w->end_us[k] = end_us > w->end_us[k] ? end_us : w->end_us[k];
            w->packets[k]++;
        }
        av_packet_unref(p);
        if (wrong)
            return fault(e, wrong);
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

/* -- the pictures around the seams -- */

/* libav's complaints while a seam is decoded. One process decodes one reel in one thread. */
static int complaints;

static void complain(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)ctx, (void)fmt, (void)ap;
    if (level <= AV_LOG_WARNING)
        complaints++;
}

static void keep_quiet(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)ctx, (void)level, (void)fmt, (void)ap;
}

/* Mean brightness of a grid of blocks: enough to tell a logo from another picture. */
enum { GRID = 16 };
struct look {
    uint8_t block[GRID * GRID];
};

static void look_at(const AVFrame *f, struct look *out)
{
    for (int i = 0; i < GRID * GRID; i++) {
        int x0 = i % GRID * f->width / GRID, x1 = (i % GRID + 1) * f->width / GRID;
        int y0 = i / GRID * f->height / GRID, y1 = (i / GRID + 1) * f->height / GRID;
        int64_t sum = 0, count = 0;
        for (int y = y0; y < y1; y += 2)
            for (int x = x0; x < x1; x += 2, count++)
                sum += f->data[0][y * f->linesize[0] + x];
        out->block[i] = count ? (uint8_t)(sum / count) : 0;
    }
}

static bool alike(const struct look *a, const struct look *b)
{
    for (int i = 0; i < GRID * GRID; i++)
        if (abs(a->block[i] - b->block[i]) > LOOK_SLACK)
            return false;
    return true;
}

/* A stretch of pictures that is decoded in one go. */
struct stretch {
    int64_t from;        /* place of a key picture, decoded first */
    int64_t to;          /* the last place that has to come out, */
    int64_t first, last; /* and the places whose looks are kept */
    struct look look[2];
};

static const char *take_frame(const struct media_input *in, const AVFrame *f, int64_t place,
                              struct stretch *s)
{
    if (f->decode_error_flags || f->flags & AV_FRAME_FLAG_CORRUPT ||
        f->format != in->fmt->streams[in->video]->codecpar->format ||
        f->width != in->facts.coded_width || f->height != in->facts.coded_height)
        return "a picture at a seam is damaged";
    if (place == s->first)
        look_at(f, &s->look[0]);
    if (place == s->last)
        look_at(f, &s->look[1]);
    return NULL;
}

/* Feeds packets until the picture at `to` is out. */
static int decode_stretch(struct media_input *in, AVCodecContext *c, int64_t start, AVRational slot,
                          struct stretch *s, int64_t *decoded, struct err *e)
{
    const AVStream *st = in->fmt->streams[in->video];
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    int64_t out = s->from;
    if (!p || !f)
        return err_set(e, ERR_SYSTEM, "reel: no memory");
    for (int fed = 0; fed < FEED_MAX && out <= s->to;) {
        int r = av_read_frame(in->fmt, p);
        if (r >= 0 && p->stream_index != in->video) {
            av_packet_unref(p);
            continue;
        }
        int64_t place =
            r < 0 ? -1 : av_rescale_q_rnd(p->pts - start, st->time_base, slot, AV_ROUND_NEAR_INF);
        bool wrong_start =
            r >= 0 && fed == 0 && (!(p->flags & AV_PKT_FLAG_KEY) || place != s->from);
        bool refused = avcodec_send_packet(c, r >= 0 ? p : NULL) < 0 && r >= 0;
        av_packet_unref(p);
        fed++;
        if (wrong_start)
            return fault(e, "a part does not begin with a key picture in its place");
        if (refused)
            return fault(e, "a seam cannot be decoded");
        while (avcodec_receive_frame(c, f) >= 0) {
            const char *wrong = take_frame(in, f, out++, s);
            av_frame_unref(f);
            ++*decoded;
            if (wrong)
                return fault(e, wrong);
        }
        if (r < 0)
            break;
    }
    return out > s->to ? 0 : fault(e, "pictures at a seam are missing");
}

static int decode_at(struct media_input *in, const struct media_plan *plan,
                     const struct media_limits *limits, struct stretch *s, int64_t *decoded,
                     struct err *e)
{
    const AVStream *st = in->fmt->streams[in->video];
    AVRational slot = {plan->fps_den, plan->fps_num};
    int64_t start = st->start_time != AV_NOPTS_VALUE ? st->start_time : 0;
    int64_t at = start + av_rescale_q(s->from, slot, st->time_base);
    int64_t half = av_rescale_q(1, slot, st->time_base) / 2;
    AUTO(avcodec_free_context) AVCodecContext *c = NULL;
    if (avformat_seek_file(in->fmt, in->video, INT64_MIN, at, at + half, 0) < 0)
        return fault(e, "it cannot be searched");
    if (media_input_decoder(in, in->video, limits, &c, e) < 0)
        return -1;
    complaints = 0;
    av_log_set_callback(complain);
    int result = decode_stretch(in, c, start, slot, s, decoded, e);
    av_log_set_callback(keep_quiet);
    if (result == 0 && complaints)
        return fault(e, "the decoder complains about a seam");
    return result;
}

static bool is_key(const struct walk *w, int64_t place)
{
    for (int i = 0; i < w->key_count; i++)
        if (w->keys[i] == place)
            return true;
    return false;
}

/* The last key picture before `place` that is not too far away, or `place` itself. */
static int64_t key_before(const struct walk *w, int64_t place)
{
    int64_t best = place;
    for (int i = 0; i < w->key_count; i++)
        if (w->keys[i] < place && w->keys[i] >= place - LEAD_MAX &&
            (best == place || w->keys[i] > best))
            best = w->keys[i];
    return best;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first bumper, over the seam, into the body; the body's end, where a key picture is near
 * enough, over the seam, into the last bumper. */
static int check_seams(struct media_input *in, const struct media_plan *plan,
                       const struct media_limits *limits, const struct walk *w, struct receipt *r,
                       struct err *e)
{
    int64_t frames = in->facts.frames, bumper = plan->bumper_frames;
    int64_t body = bumper, outro = frames - bumper;
    const int64_t parts[] = {0, body, outro};
    for (size_t i = 0; i < LEN(parts); i++)
        if (parts[i] < frames && !is_key(w, parts[i]))
            return fault(e, "a part does not begin with a key picture in its place");
    struct stretch head = {.to = least(body + SEAM_FRAMES, frames) - 1,
                           .last = bumper > 0 ? bumper - 1 : 0};
    if (decode_at(in, plan, limits, &head, &r->decoded, e) < 0)
        return -1;
    if (bumper == 0) {
        holds(r, RECEIPT_BUMPERS); /* the profile has none */
        holds(r, RECEIPT_SEAMS);
        return 0;
    }
    struct stretch tail = {.from = key_before(w, outro),
                           .to = least(outro + SEAM_FRAMES, frames) - 1,
                           .first = outro,
                           .last = least(outro + SEAM_FRAMES, frames) - 1};
    if (tail.from < body) /* the body is short: over both seams once is enough */
        tail.from = body;
    if (decode_at(in, plan, limits, &tail, &r->decoded, e) < 0)
        return -1;
    holds(r, RECEIPT_SEAMS);
    if (!alike(&head.look[0], &head.look[1]) || !alike(&head.look[0], &tail.look[0]) ||
        !alike(&tail.look[0], &tail.look[1]))
        return fault(e, "the bumper's picture is not the same at both ends");
    holds(r, RECEIPT_BUMPERS);
    return 0;
}

/* -- sound -- */

/* Sound has no holes (walk_sound), so at the seams it can only be off by what lies before the first
 * packet or after the last. */
static int check_sync(const struct media_input *in, const struct media_plan *plan,
                      const struct walk *w, struct receipt *r, struct err *e)
{
    const AVStream *st = in->fmt->streams[in->audio];
    int64_t begin_us = st->start_time == AV_NOPTS_VALUE || st->start_time < 0
                           ? 0
                           : av_rescale_q(st->start_time, st->time_base, AV_TIME_BASE_Q);
    int64_t seam[2] = {av_rescale(plan->bumper_frames * 1000000, plan->fps_den, plan->fps_num),
                       av_rescale((in->facts.frames - plan->bumper_frames) * 1000000, plan->fps_den,
                                  plan->fps_num)};
    int64_t end_us = sound_end_us(in, w);
    for (int i = 0; i < 2; i++)
        r->sync_us[i] = begin_us > seam[i] ? begin_us - seam[i]
                        : end_us < seam[i] ? end_us - seam[i]
                                           : 0;
    r->sync_us[2] = end_us - w->end_us[0];
    for (size_t i = 0; i < LEN(r->sync_us); i++)
        if (llabs(r->sync_us[i]) > SYNC_MAX_US)
            return err_msg(e, MSG_RECEIPT_FAILED, "reel: sound ends %lld us after the picture",
                           (long long)r->sync_us[i]);
    if (begin_us > SYNC_MAX_US)
        return err_msg(e, MSG_RECEIPT_FAILED, "reel: sound begins %lld us after the picture",
                       (long long)begin_us);
    holds(r, RECEIPT_SYNC);
    return 0;
}

/* As long as who made it says, within a frame. */
static int check_length(const struct media_plan *plan, int64_t body_us,
                        const struct render_order *order, struct receipt *r, struct err *e)
{
    int64_t frame_us = av_rescale(1000000, plan->fps_den, plan->fps_num);
    r->length_error_us = order->body_us ? body_us - order->body_us : 0;
    if (llabs(r->length_error_us) > frame_us)
        return err_msg(e, MSG_RECEIPT_FAILED, "reel: the body is %lld us too long",
                       (long long)r->length_error_us);
    holds(r, RECEIPT_LENGTH);
    return 0;
}

int media_verify(const struct media_job *job, struct render_report *out, struct err *e)
{
    AUTO(media_input_close) struct media_input in = {0};
    AUTO(walk_clear) struct walk w = {0};
    struct media_plan plan;
    struct receipt r = {0};
    struct err why = {0};
    const struct media_limits *limits = &job->order->limits;
    if (media_input_open(&in, job->clip_fd, limits, &why) < 0)
        /* whatever it would be of a clip, of a reel it is our fault */
        return err_msg(e, MSG_RECEIPT_FAILED, "reel: it cannot be opened: %s", why.text);
    if (check_form(&in, e) < 0)
        return -1;
    holds(&r, RECEIPT_FORM);
    if (check_plan(&in.facts, job->order, &plan, e) < 0)
        return -1;
    holds(&r, RECEIPT_SHAPE);
    int64_t body_us = av_rescale((in.facts.frames - 2 * plan.bumper_frames) * 1000000, plan.fps_den,
                                 plan.fps_num);
    if (check_length(&plan, body_us, job->order, &r, e) < 0 || walk_packets(&in, &plan, &w, e) < 0)
        return -1;
    holds(&r, RECEIPT_TIMES);
    r.pictures = w.packets[0];
    r.sounds = w.packets[1];
    if (check_sync(&in, &plan, &w, &r, e) < 0 || check_seams(&in, &plan, limits, &w, &r, e) < 0)
        return -1;
    out->in = in.facts;
    out->sync_us = r.sync_us[2];
    out->body_us = body_us;
    out->receipt = r;
    return 0;
}
