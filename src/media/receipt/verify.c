/* The receipt. Plan: libav's demuxer reads the head of the file (the tracks), and our own reader
 * reads the index (reel_index.c: time and place of each packet). Packets are not walked, so a reel
 * of 40 MB costs no more than one of 4 MB. Then facts, and a plan from them: a reel is a clip that
 * the plan leaves as it is, so each change in the plan is a fault. Then the items in order, each
 * named in its error; the few pictures that are decoded come last, because they cost most. */
#include "media/receipt/verify.h"

#include "core/mem.h"
#include "media/receipt/verify_impl.h"

#include <errno.h>
#include <libavutil/mathematics.h>
#include <stdarg.h>
#include <sys/stat.h>

int verify_fails(struct err *e, enum receipt_item item, const char *fmt, ...)
{
    char what[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return err_msg(e, MSG_RECEIPT_FAILED, "reel: %s: %s", receipt_item_name(item), what);
}

void verify_holds(struct verify *v, enum receipt_item item)
{
    v->receipt.held |= 1u << item;
}

int64_t verify_us(const struct verify *v, int64_t ticks)
{
    return av_rescale(ticks, 1000000, v->picture->ticks_per_s);
}

static void verify_clear(struct verify *v)
{
    media_input_close(&v->in);
    reel_index_clear(&v->index);
}

/* -- the head -- */

static const struct reel_track *track_of(const struct reel_index *x, const char *kind)
{
    for (int i = 0; i < x->tracks && i < REEL_TRACKS_MAX; i++)
        if (strcmp(x->track[i].kind, kind) == 0)
            return &x->track[i];
    return NULL;
}

static int check_tracks(struct verify *v, struct err *e)
{
    v->picture = track_of(&v->index, "vide");
    v->sound = track_of(&v->index, "soun");
    if (v->index.tracks != 2 || !v->picture || !v->sound)
        return verify_fails(e, RECEIPT_FORM, "%d tracks, not one of pictures and one of sound",
                            v->index.tracks);
    if (v->index.fragments || !v->picture->enabled || !v->sound->enabled)
        return verify_fails(e, RECEIPT_FORM, "a track is switched off, or goes on in fragments");
    if (v->picture->descriptions != 1 || v->sound->descriptions != 1)
        return verify_fails(e, RECEIPT_FORM, "%d and %d sample descriptions, not one each",
                            v->picture->descriptions, v->sound->descriptions);
    if (strcmp(v->picture->entry, "avc1") != 0 || strcmp(v->sound->entry, "mp4a") != 0)
        return verify_fails(e, RECEIPT_FORM, "tracks are %.4s and %.4s, not avc1 and mp4a",
                            v->picture->entry, v->sound->entry);
    return 0;
}

static int open_index(struct verify *v, struct err *e)
{
    struct media_input *in = &v->in;
    struct stat st;
    in->clip = (struct media_clip){.fd = v->job->clip_fd};
    if (fstat(in->clip.fd, &st) < 0)
        return err_set(e, ERR_SYSTEM, "reel: %s", strerror(errno));
    in->bytes = in->file_bytes = st.st_size;
    media_boxes(&in->clip, in->bytes, &in->boxes);
    if (strcmp(in->boxes.brand, "isom") != 0 || in->boxes.fragments)
        return verify_fails(e, RECEIPT_FORM, "not a plain mp4");
    if (in->boxes.cut)
        return verify_fails(e, RECEIPT_FORM, "it is cut");
    if (!in->boxes.index_first)
        return verify_fails(e, RECEIPT_FORM, "the index is not first");
    const char *wrong = reel_index_read(in->clip.fd, in->bytes, &v->index);
    if (wrong)
        return verify_fails(e, RECEIPT_FORM, "%s", wrong);
    if (check_tracks(v, e) < 0)
        return -1;
    const struct reel_track *t = v->picture;
    v->slot = t->end - t->packets[t->count - 1].dts; /* the last picture is a bumper's */
    v->varies = v->job->order->variable_rate;
    return v->slot > 0 ? 0 : verify_fails(e, RECEIPT_TIMES, "pictures take no time");
}

/* What no decoder is asked for, since the headers say it. */
static int fill_picture(struct verify *v, struct err *e)
{
    AVCodecParameters *p = v->in.fmt->streams[v->in.video]->codecpar;
    const char *wrong = p->codec_id != AV_CODEC_ID_H264
                            ? "it is not H.264"
                            : sets_read(p->extradata, p->extradata_size, &v->sets);
    const struct sps *s = &v->sets.sps;
    if (wrong)
        return verify_fails(e, RECEIPT_FORM, "picture: %s", wrong);
    if (s->chroma_format != 1 || s->luma_bits != 8 || s->chroma_bits != 8 || !s->frames_only ||
        v->sets.length_bytes != 4)
        return verify_fails(e, RECEIPT_FORM, "picture is not progressive H.264, 8-bit 4:2:0");
    if (s->profile_idc != 66 && s->profile_idc != 77 && s->profile_idc != 100)
        return verify_fails(e, RECEIPT_FORM, "picture has the profile %d", s->profile_idc);
    if ((s->width != p->width || s->height != p->height) && !sets_hidden(s, p->width, p->height))
        return verify_fails(e, RECEIPT_FORM, "%dx%d by its track, %dx%d by its headers", p->width,
                            p->height, s->width, s->height);
    p->format = s->full_range ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    p->profile = s->profile_idc;
    if (s->profile_idc == 66 && s->constraints & 0x40)
        p->profile |= FF_PROFILE_H264_CONSTRAINED;
    return 0;
}

static int check_sound(const struct verify *v, struct err *e)
{
    const struct media_facts *f = &v->in.facts;
    if (strcmp(f->audio_codec, "aac") != 0 || f->audio_channels < 1 || f->audio_channels > 2)
        return verify_fails(e, RECEIPT_FORM, "sound is %s of %d channels, not mono or stereo AAC",
                            f->audio_codec, f->audio_channels);
    int hz = f->audio_hz;
    if (hz != v->job->order->profile.audio_hz && hz != 44100 && hz != 48000)
        return verify_fails(e, RECEIPT_FORM, "sound has %d Hz: not the profile's, nor copied", hz);
    return 0;
}

/* The tracks' descriptions, as libav reads them, and the facts. No packet is read and no decoder
 * opened: what libav's probing would find is in the headers. */
static int open_header(struct verify *v, struct err *e)
{
    struct media_input *in = &v->in;
    const struct media_limits *limits = &v->job->order->limits;
    struct err why = {0};
    in->video = in->audio = -1;
    av_max_alloc((size_t)limits->max_alloc);
    int r = media_input_container(in, av_find_input_format("mov"), limits, &in->fmt, &in->io);
    if (r < 0)
        return verify_fails(e, RECEIPT_FORM, "it cannot be opened: %s", av_err2str(r));
    for (int i = 0; i < (int)in->fmt->nb_streams; i++) {
        enum AVMediaType type = in->fmt->streams[i]->codecpar->codec_type;
        in->video = type == AVMEDIA_TYPE_VIDEO ? i : in->video;
        in->audio = type == AVMEDIA_TYPE_AUDIO ? i : in->audio;
    }
    if (in->fmt->nb_streams != 2 || in->video < 0 || in->audio < 0)
        return verify_fails(e, RECEIPT_FORM, "not one track of pictures and one of sound");
    if (fill_picture(v, e) < 0)
        return -1;
    struct render_order still = *v->job->order;
    still.start_us = 0;
    still.fit = FIT_PAD;
    if (media_facts_fill(in, limits, &why) < 0)
        return verify_fails(e, RECEIPT_FORM, "%.140s", why.text);
    /* check_length() holds every picture, or those of the bumpers, against it */
    in->facts.variable_rate |= v->varies;
    if (still.fps_num > 0 && still.fps_den > 0) {
        in->facts.fps_num = still.fps_num;
        in->facts.fps_den = still.fps_den;
    }
    if (media_plan_make(&in->facts, &still, &v->plan, &why) < 0)
        return verify_fails(e, RECEIPT_FORM, "%.140s", why.text);
    if (check_sound(v, e) < 0)
        return -1;
    verify_holds(v, RECEIPT_FORM);
    return 0;
}

/* -- the items that are numbers -- */

static int check_shape(struct verify *v, struct err *e)
{
    const struct media_facts *f = &v->in.facts;
    const struct media_plan *p = &v->plan;
    const struct sps *s = &v->sets.sps;
    v->receipt.width = f->coded_width;
    v->receipt.height = f->coded_height;
    v->receipt.sar_num = f->sar_num;
    v->receipt.sar_den = f->sar_den;
    if (f->rotation || f->mirrored)
        return verify_fails(e, RECEIPT_SHAPE, "it is to be turned by %d, or mirrored", f->rotation);
    if (s->sar_num > 0 && (int64_t)s->sar_num * f->sar_den != (int64_t)s->sar_den * f->sar_num)
        return verify_fails(e, RECEIPT_SHAPE, "pixels are %d:%d by its track, %d:%d by its headers",
                            f->sar_num, f->sar_den, s->sar_num, s->sar_den);
    if (!p->as_stored)
        return verify_fails(e, RECEIPT_SHAPE,
                            "%dx%d of pixels %d:%d is not 16:9 inside the profile", f->coded_width,
                            f->coded_height, f->sar_num, f->sar_den);
    if ((p->resample_time && !v->varies) || p->deinterlace || p->tone_map)
        return verify_fails(e, RECEIPT_SHAPE, "%d/%d pictures a second, or their kind, is not ours",
                            f->fps_num, f->fps_den);
    verify_holds(v, RECEIPT_SHAPE);
    return 0;
}

/* The maker tells the body's length and number of pictures: where pictures keep their times, a
 * missing picture would otherwise look like a pause. The bumpers' lengths come from the profile. */
static int check_length(struct verify *v, struct err *e)
{
    const struct media_plan *p = &v->plan;
    int64_t n = v->picture->count, said_us = v->job->order->body_us;
    if (v->slot * p->fps_num != v->picture->ticks_per_s * p->fps_den)
        return verify_fails(e, RECEIPT_LENGTH, "a picture takes %lld of %lld ticks, not %d/%d s",
                            (long long)v->slot, (long long)v->picture->ticks_per_s, p->fps_den,
                            p->fps_num);
    int64_t body = v->seams[1] - v->seams[0];
    int64_t error_us = verify_us(v, body) - said_us;
    v->receipt.length_error_us = error_us;
    if (n <= 2 * p->bumper_frames)
        return verify_fails(e, RECEIPT_LENGTH, "%lld pictures: nothing of the clip is in it",
                            (long long)n);
    if (body > p->body_frames_max * v->slot)
        return verify_fails(e, RECEIPT_LENGTH, "%lld pictures: longer than the profile says",
                            (long long)n);
    if (llabs(error_us) > verify_us(v, v->slot))
        return verify_fails(e, RECEIPT_LENGTH, "%lld us longer than was said", (long long)error_us);
    int64_t said = v->job->order->frames;
    if (said && n != said)
        return verify_fails(e, RECEIPT_LENGTH, "%lld pictures, not %lld as was said", (long long)n,
                            (long long)said);
    verify_holds(v, RECEIPT_LENGTH);
    return 0;
}

int media_verify(const struct media_job *job, struct render_report *out, struct err *e)
{
    AUTO(verify_clear) struct verify v = {.job = job};
    if (open_index(&v, e) < 0 || open_header(&v, e) < 0 || verify_times(&v, e) < 0 ||
        check_shape(&v, e) < 0 || check_length(&v, e) < 0 || verify_sync(&v, e) < 0 ||
        verify_pictures(&v, e) < 0)
        return -1;
    out->in = v.in.facts;
    out->receipt = v.receipt;
    for (size_t i = 0; i < LEN(v.receipt.sync_us); i++)
        if (llabs(v.receipt.sync_us[i]) > llabs(out->sync_us))
            out->sync_us = v.receipt.sync_us[i];
    out->body_us = verify_us(&v, v.seams[1] - v.seams[0]);
    return 0;
}
