/* Finds the facts of a probed clip. Shape and colour come from the codec parameters, rotation from
 * the display matrix. Containers are most often wrong about time, so pictures are counted:
 *   - the mp4 family has an index of every picture; it is read up to where the file is cut
 *   - in other containers, the packets of the first pictures are read through a second, short-lived
 *     container, so that the caller's stays at its beginning; or those of the whole file, when it
 *     states no length
 *   - AVI has slots of one length, so its rate cannot vary
 * A clip has a constant rate when each picture lies within a quarter of a slot of its place. */
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "media/clip/input.h"
#include "media/colour.h"
#include "media/plan.h"

#include <libavutil/dovi_meta.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>
#include <math.h>

enum {
    TIMES_MAX = 65536,             /* pictures looked at for the rate */
    SCAN_FRAMES = 4096,            /* when the container states a length, ... */
    SCAN_BYTES = 32 * 1024 * 1024, /* ... this much is enough to know its rate */
    SCAN_BYTES_ALL = 1 << 30,      /* when it does not */
    SIDE_MAX = 65536,              /* of a displayed picture */
    ASPECT_MAX = 32,
    HZ_MAX = 1 << 20,    /* of sound, and how many channels: what it says beyond, */
    CHANNELS_MAX = 1024, /* no decoder would take */
    SAR_MAX = 16,        /* and their inverses: beyond nobody films */
};

/* When the pictures are shown, in ticks of the stream, rising once sorted. */
struct times {
    int64_t *at;
    int n;
    int64_t frames;  /* number of all pictures, including those beyond TIMES_MAX */
    bool whole, cut; /* whole: the entire file was read; cut: it ends before its index says */
    int64_t first, last;
};

static void times_clear(struct times *t)
{
    free(t->at);
    t->at = NULL;
}

static void times_add(struct times *t, int64_t at)
{
    if (t->n < TIMES_MAX)
        t->at[t->n++] = at;
    t->first = t->frames == 0 || at < t->first ? at : t->first;
    t->last = t->frames == 0 || at > t->last ? at : t->last;
    t->frames++;
}

static int rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void times_from_index(const struct media_input *in, AVStream *st, struct times *t)
{
    int n = avformat_index_get_entries_count(st);
    for (int i = 0; i < n; i++) {
        const AVIndexEntry *x = avformat_index_get_entry(st, i);
        if (x->flags & AVINDEX_DISCARD_FRAME)
            continue;
        if (x->pos < 0 || x->pos + x->size > in->bytes) {
            t->cut = true;
            break;
        }
        times_add(t, x->timestamp);
    }
    t->whole = true;
}

/* Reads packets through a container of its own. */
static int times_from_packets(struct media_input *in, const struct media_limits *limits, bool all,
                              struct times *t)
{
    AVFormatContext *fmt = NULL;
    AVIOContext *io = NULL;
    int r = media_input_container(in, in->fmt->iformat, limits, &fmt, &io);
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    int64_t bytes_max = all ? SCAN_BYTES_ALL : SCAN_BYTES;
    int64_t frames_max = all ? INT32_MAX : SCAN_FRAMES;
    bool timed = false;
    while (r >= 0 && p) {
        r = av_read_frame(fmt, p);
        if (r < 0) {
            t->whole = !in->io_errno;
            break;
        }
        int64_t at = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
        timed |= at != AV_NOPTS_VALUE;
        if (!timed) /* pictures without a container's times follow each other */
            at = t->frames * p->duration;
        if (p->stream_index == in->video && at != AV_NOPTS_VALUE &&
            !(p->flags & AV_PKT_FLAG_DISCARD))
            times_add(t, at);
        av_packet_unref(p);
        if (t->frames >= frames_max || avio_tell(io) > bytes_max)
            break;
    }
    media_container_close(&fmt, &io);
    return in->io_errno ? -1 : 0;
}

static bool is_mov(const struct media_input *in)
{
    return strncmp(in->fmt->iformat->name, "mov", 3) == 0;
}

static bool states_length(const AVFormatContext *fmt)
{
    return fmt->duration > 0 && fmt->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
}

/* Is every picture in its slot of one rate? */
static bool on_grid(const struct times *t, AVRational time_base, AVRational rate)
{
    double slot = 1 / (av_q2d(rate) * av_q2d(time_base)); /* in ticks */
    double slack = fmax(slot / 4, 1.01);
    for (int i = 0; i < t->n; i++)
        if (fabs((double)(t->at[i] - t->at[0]) - i * slot) > slack)
            return false;
    return true;
}

static AVRational rate_snapped(double fps)
{
    AVRational r;
    media_rate_snap(fps, &r.num, &r.den);
    return r;
}

/* Finds the rate for fps if the pictures lie on it: a standard rate, or else fps itself. */
static bool rate_fits(const struct times *t, AVRational time_base, double fps, AVRational *out)
{
    AVRational r = rate_snapped(fps);
    if (!on_grid(t, time_base, r))
        media_rate_near(fps, &r.num, &r.den);
    if (!on_grid(t, time_base, r))
        return false;
    *out = r;
    return true;
}

static int64_t median_step(const struct times *t)
{
    AUTO(freep) int64_t *step = mem_new((size_t)t->n * sizeof(*step));
    for (int i = 1; i < t->n; i++)
        step[i - 1] = t->at[i] - t->at[i - 1];
    qsort(step, (size_t)t->n - 1, sizeof(*step), rising);
    return step[(t->n - 1) / 2];
}

static bool rate_sane(AVRational r)
{
    return r.num > 0 && r.den > 0 && av_q2d(r) <= 1000;
}

/* Finds the rate and whether it varies. The rates that container and parser state count when the
 * pictures lie on them; else the mean counts; else the commonest step is the rate of a varying
 * clip. */
static void fill_rate(struct media_input *in, AVStream *st, const struct times *t)
{
    struct media_facts *f = &in->facts;
    AVRational rate = {0, 1};
    const AVRational stated[] = {st->avg_frame_rate, st->r_frame_rate};
    bool avi = strcmp(in->fmt->iformat->name, "avi") == 0;
    double tick = av_q2d(st->time_base);
    for (size_t i = 0; i < LEN(stated) && !rate.num; i++) {
        if (!rate_sane(stated[i]))
            continue;
        if (avi || t->n < 3)
            rate = rate_snapped(av_q2d(stated[i]));
        else
            (void)rate_fits(t, st->time_base, av_q2d(stated[i]), &rate);
    }
    if (!rate.num && t->n > 2 && t->at[t->n - 1] > t->at[0]) {
        double mean = (t->n - 1) / ((double)(t->at[t->n - 1] - t->at[0]) * tick);
        if (mean > 1000 || !rate_fits(t, st->time_base, mean, &rate)) {
            int64_t step = median_step(t);
            f->variable_rate = true;
            if (step > 0)
                rate = rate_snapped(1 / ((double)step * tick));
        }
    }
    if (!rate_sane(rate))
        rate = rate_sane(st->avg_frame_rate) ? rate_snapped(av_q2d(st->avg_frame_rate))
                                             : (AVRational){0, 1};
    f->fps_num = rate.num;
    f->fps_den = rate.den;
}

static int64_t to_us(int64_t ticks, AVRational tb)
{
    return av_rescale_q(ticks, tb, AV_TIME_BASE_Q);
}

static int64_t largest_gap(const struct times *t)
{
    int64_t gap = 0;
    for (int i = 1; i < t->n; i++)
        gap = FFMAX(gap, t->at[i] - t->at[i - 1]);
    return gap;
}

/* Length of the picture track, as stated where the statement can be true, else as counted. */
static int64_t length_us(const struct media_input *in, const AVStream *st, const struct times *t,
                         const struct media_limits *limits)
{
    const struct media_facts *f = &in->facts;
    int64_t slot = f->fps_num ? av_rescale(1000000, f->fps_den, f->fps_num) : 0;
    int64_t counted = t->frames ? to_us(t->last - t->first, st->time_base) + slot : 0;
    int64_t stated = 0;
    if (st->duration > 0)
        stated = to_us(st->duration, st->time_base);
    else if (states_length(in->fmt))
        stated = in->fmt->duration -
                 (in->fmt->start_time != AV_NOPTS_VALUE ? in->first_us - in->fmt->start_time : 0);
    bool own = st->duration > 0 && is_mov(in) && !t->cut && stated <= limits->max_duration_us;
    if (t->whole && t->frames && !own)
        return counted;
    return FFMAX(stated, counted);
}

/* Returns whether this is a still picture unless it moves. */
static bool is_image(const struct media_input *in)
{
    static const char heif[][5] = {"heic", "heix", "hevc", "hevx", "mif1", "msf1", "avif", "avis"};
    const char *name = in->fmt->iformat->name;
    for (size_t i = 0; i < LEN(heif); i++)
        if (strcmp(in->boxes.brand, heif[i]) == 0)
            return true;
    return strcmp(name, "gif") == 0 || strcmp(name, "apng") == 0;
}

static int fill_time(struct media_input *in, AVStream *st, const struct media_limits *limits,
                     struct err *e)
{
    struct media_facts *f = &in->facts;
    AUTO(times_clear) struct times t = {.at = mem_new(TIMES_MAX * sizeof(*t.at))};
    if (is_mov(in) && !in->boxes.fragments)
        times_from_index(in, st, &t);
    else if (times_from_packets(in, limits, !states_length(in->fmt), &t) < 0)
        return err_set(e, ERR_SYSTEM, "clip: reading failed: %s", strerror(in->io_errno));
    if (t.whole && t.frames == 0)
        return err_msg(e, t.cut ? MSG_TRUNCATED : MSG_NO_FRAMES, "clip: no picture in the file");
    if (t.whole && t.frames == 1 && is_image(in))
        return err_msg(e, MSG_IMAGE_ONLY, "clip: a picture that does not move");
    qsort(t.at, (size_t)t.n, sizeof(*t.at), rising);
    in->first_us =
        to_us(st->start_time != AV_NOPTS_VALUE ? st->start_time : t.first, st->time_base);
    if (to_us(largest_gap(&t), st->time_base) > limits->max_gap_us)
        return err_msg(e, MSG_SHAPE_ABSURD, "clip: a gap between pictures is too long");
    fill_rate(in, st, &t);
    f->duration_us = length_us(in, st, &t, limits);
    f->frames = t.whole ? t.frames : 0;
    if (f->duration_us < 0 || f->duration_us > limits->max_duration_us)
        return err_msg(e, MSG_SHAPE_ABSURD, "clip: it says it lasts %lld s",
                       (long long)(f->duration_us / 1000000));
    return 0;
}

void media_turn_read(const int32_t *m, size_t size, int *rotation, bool *mirrored)
{
    if (!m || size < 9 * sizeof(*m))
        return;
    double a = m[0], b = m[1], c = m[3], d = m[4];
    if (a * d - b * c == 0)
        return;
    *mirrored = a * d - b * c < 0;
    if (*mirrored) {
        a = -a;
        b = -b;
    }
    long quarter = lrint(atan2(b, a) / (M_PI / 2));
    *rotation = (int)((quarter + 4) % 4) * 90;
}

static void fill_turn(struct media_facts *f, const AVStream *st)
{
    size_t size = 0;
    const uint8_t *m = av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &size);
    media_turn_read((const int32_t *)(const void *)m, size, &f->rotation, &f->mirrored);
}

static int fill_shape(struct media_input *in, AVStream *st, struct err *e)
{
    struct media_facts *f = &in->facts;
    const AVCodecParameters *p = st->codecpar;
    f->coded_width = p->width;
    f->coded_height = p->height;
    AVRational sar = av_guess_sample_aspect_ratio(in->fmt, st, NULL);
    if (sar.num <= 0 || sar.den <= 0)
        sar = (AVRational){1, 1};
    f->sar_num = sar.num;
    f->sar_den = sar.den;
    double w = round(p->width * av_q2d(sar)), h = p->height;
    if (av_q2d(sar) > SAR_MAX || av_q2d(sar) < 1.0 / SAR_MAX || w < 1 || h < 1 || w > SIDE_MAX ||
        h > SIDE_MAX || w / h > ASPECT_MAX || h / w > ASPECT_MAX)
        return err_msg(e, MSG_SHAPE_ABSURD, "clip: %dx%d, pixels %d:%d", p->width, p->height,
                       sar.num, sar.den);
    fill_turn(f, st);
    bool lying = f->rotation == 90 || f->rotation == 270;
    f->display_width = (int)(lying ? h : w);
    f->display_height = (int)(lying ? w : h);
    return 0;
}

static void fill_video(struct media_facts *f, const AVStream *st)
{
    const AVCodecParameters *p = st->codecpar;
    str_copy(f->video_codec, sizeof(f->video_codec), avcodec_get_name(p->codec_id));
    const char *profile = avcodec_profile_name(p->codec_id, p->profile);
    str_copy(f->video_profile, sizeof(f->video_profile), profile ? profile : "");
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(p->format);
    str_copy(f->pixel_format, sizeof(f->pixel_format), d ? d->name : "");
    f->bit_depth = d ? d->comp[0].depth : 0;
    f->interlaced = p->field_order != AV_FIELD_UNKNOWN && p->field_order != AV_FIELD_PROGRESSIVE;
    f->hdr = p->color_trc == AVCOL_TRC_SMPTE2084 || p->color_trc == AVCOL_TRC_ARIB_STD_B67;
}

/* Returns whether this is Dolby Vision without a compatible base picture (profile 5, or marked so).
 * Its colours would be green and purple. */
static bool dolby_alone(const AVStream *st)
{
    size_t size = 0;
    const AVDOVIDecoderConfigurationRecord *d =
        (const void *)av_stream_get_side_data(st, AV_PKT_DATA_DOVI_CONF, &size);
    if (!d || size < sizeof(*d))
        return false;
    bool says_so = d->dv_profile >= 8 && d->dv_profile != 9;
    return d->dv_profile == 5 || (says_so && d->dv_bl_signal_compatibility_id == 0);
}

static int check_colour(const AVStream *st, struct err *e)
{
    const AVCodecParameters *p = st->codecpar;
    if (dolby_alone(st))
        return err_msg(e, MSG_DOLBY_VISION, "clip: Dolby Vision without a base layer");
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(p->format);
    bool rgb = d && d->flags & AV_PIX_FMT_FLAG_RGB;
    struct colour c = {.primaries = p->color_primaries, .transfer = p->color_trc};
    c.matrix = rgb ? AVCOL_SPC_RGB : p->color_space;
    if (colour_settle(&c, p->width, p->height) == COLOUR_UNKNOWN)
        return err_msg(e, MSG_COLOUR_UNSUPPORTED, "clip: colours %d, %d, %d", c.primaries,
                       c.transfer, c.matrix);
    return 0;
}

static void fill_audio(struct media_input *in)
{
    struct media_facts *f = &in->facts;
    if (in->audio < 0)
        return;
    const AVStream *st = in->fmt->streams[in->audio];
    str_copy(f->audio_codec, sizeof(f->audio_codec), avcodec_get_name(st->codecpar->codec_id));
    f->audio_hz = av_clip(st->codecpar->sample_rate, 0, HZ_MAX);
    f->audio_channels = av_clip(st->codecpar->ch_layout.nb_channels, 0, CHANNELS_MAX);
    if (st->duration > 0)
        f->audio_duration_us = to_us(st->duration, st->time_base);
    else if (states_length(in->fmt))
        f->audio_duration_us = in->fmt->duration;
    f->audio_duration_us = FFMIN(f->audio_duration_us, INT64_C(86400) * 1000000);
}

static void fill_container(struct media_input *in)
{
    struct media_facts *f = &in->facts;
    const char *name = in->fmt->iformat->name;
    f->bytes = in->file_bytes;
    if (is_mov(in)) {
        name = strcmp(in->boxes.brand, "qt  ") == 0 || !in->boxes.brand[0] ? "mov"
               : strncmp(in->boxes.brand, "3g", 2) == 0                    ? "3gp"
                                                                           : "mp4";
        f->faststart = in->boxes.index_first;
    }
    str_copy(f->container, sizeof(f->container), name);
    size_t one = strcspn(f->container, ",");
    f->container[one] = '\0';
    for (unsigned i = 0; i < in->fmt->nb_streams; i++) {
        const AVStream *st = in->fmt->streams[i];
        if (st->disposition & AV_DISPOSITION_ATTACHED_PIC)
            continue;
        f->video_tracks += st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        f->audio_tracks += st->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    }
}

int media_facts_fill(struct media_input *in, const struct media_limits *limits, struct err *e)
{
    AVStream *st = in->fmt->streams[in->video];
    in->facts = (struct media_facts){0};
    fill_container(in);
    fill_video(&in->facts, st);
    if (fill_time(in, st, limits, e) < 0)
        return -1;
    if (st->codecpar->format == AV_PIX_FMT_NONE || !st->codecpar->width)
        return err_msg(e, MSG_TRUNCATED, "clip: no picture could be read");
    if (check_colour(st, e) < 0 || fill_shape(in, st, e) < 0)
        return -1;
    fill_audio(in);
    return media_facts_check(&in->facts, e);
}
