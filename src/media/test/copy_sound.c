/* The sound of a copied reel, against a picture that is a clip's own packets: where beeps come out,
 * that the body is the clip's sound to the sample, and that seams are where they belong. */
#include "core/err.h"
#include "media/clip/input.h"
#include "media/copy/sound.h"
#include "media/test/clips.h"

#include <libavutil/channel_layout.h>
#include <math.h>

enum { SAMPLES_MAX = 24 * 48000, LIES_MAX = 4096 };
#define TONE_PEAK 0.4F

#define PICTURE "-f lavfi -i testsrc2=s=64x36:r=25:d=3 "
#define TONE    "-f lavfi -i aevalsrc=exprs='0.4*sin(2*PI*440*t)':s=48000:d=3 "
/* 0.1 s long, at 0.5 s, 1.0 s, ..., 2.5 s */
#define BEEPS(hz)                                                                                  \
    "-f lavfi -i aevalsrc=exprs='0.4*sin(2*PI*1000*t)*lt(mod(t,0.5),0.1)*gte(t,0.2)':s=" hz ":d="  \
    "3 "
/* without noise that a decoder makes up */
#define AAC  "-c:a aac -aac_pns 0 "
#define X264 "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p "

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

static int by_pos(const void *a, const void *b)
{
    const struct lies *x = a, *y = b;
    return (x->pos > y->pos) - (x->pos < y->pos);
}

static double behind(struct lies *l, size_t n)
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

static void heard_clear(struct heard *h)
{
    free(h->left);
    h->left = NULL;
}

static void hear_frames(struct heard *h, AVCodecContext *c, const AVPacket *p, int64_t origin)
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
static struct heard hear(const char *name, double origin_s)
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

struct drive {
    double start_s;    /* where the body begins; a key picture */
    int64_t body_most; /* frames; 0: all */
    bool encode;
    int64_t bumper_us; /* 0: 2 s; -1: none */
    bool twice;        /* each packet of sound comes two times */
};

struct driven {
    char reason[REASON_SIZE];
    double body_s, lead_s;
};

static void put_bumper(struct mux *m, const AVPacket *key, int64_t frames)
{
    struct err e = {0};
    AUTO(av_packet_free) AVPacket *p = av_packet_clone(key);
    for (p->pts = 0; p->pts < frames; p->pts++)
        assert_int_equal(mux_picture(m, p, &e), 0);
    mux_segment(m);
}

static int64_t put_body(struct media_input *in, struct copy_sound *s, struct mux *m,
                        const struct drive *d, int64_t origin_us, int64_t most, int64_t slot)
{
    struct err e = {0};
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    int64_t body = 0;
    while (av_read_frame(in->fmt, p) == 0) {
        AVRational tb = in->fmt->streams[p->stream_index]->time_base;
        if (p->stream_index == in->audio) {
            AUTO(av_packet_free) AVPacket *again = av_packet_clone(p);
            if (copy_sound_take(s, p, &e) < 0 || (d->twice && copy_sound_take(s, again, &e) < 0))
                fail_msg("sound: %s", e.text);
        } else if (p->stream_index == in->video && body < most &&
                   av_rescale_q(p->pts, tb, AV_TIME_BASE_Q) >= origin_us - 2000) {
            p->pts = body++;
            assert_int_equal(mux_picture(m, p, &e), 0);
        }
        av_packet_unref(p);
        if (body == most && copy_sound_enough(s, body * slot))
            break;
    }
    assert_true(body > 0 && (!d->body_most || body == most));
    return body;
}

/* The caller's. */
static AVPacket *first_picture(int fd, const struct media_limits *limits)
{
    struct err e = {0};
    AUTO(media_input_close) struct media_input in = {0};
    assert_int_equal(media_input_open(&in, &(struct media_clip){.fd = fd}, limits, &e), 0);
    AVPacket *p = av_packet_alloc();
    do {
        av_packet_unref(p);
        assert_int_equal(av_read_frame(in.fmt, p), 0);
    } while (p->stream_index != in.video);
    return p;
}

/* Makes reel.mp4 of a clip without reordered pictures; bumpers are its first picture over and
 * over. */
static struct driven drive(const char *clip, const struct drive *d)
{
    struct err e = {0};
    struct driven r = {.body_s = 0};
    struct render_order order = {.op = RENDER_MAKE,
                                 .profile = profile_default(),
                                 .limits = media_limits_default(),
                                 .start_us = llround(d->start_s * 1e6)};
    if (d->bumper_us)
        order.profile.bumper_us = d->bumper_us < 0 ? 0 : d->bumper_us;
    AUTO(media_input_close) struct media_input in = {0};
    struct media_plan plan;
    struct media_job job = {.order = &order};
    job.clip_fd = open(clips_path(clip), O_RDONLY | O_CLOEXEC);
    job.reel_fd = open(clips_path("reel.mp4"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (media_input_open(&in, &(struct media_clip){.fd = job.clip_fd}, &order.limits, &e) < 0 ||
        media_plan_make(&in.facts, &order, &plan, &e) < 0)
        fail_msg("%s: %s", clip, e.text);
    snprintf(r.reason, sizeof(r.reason), "%s", copy_sound_reason(&in));
    int64_t origin_us = in.first_us + order.start_us;
    AUTO(copy_sound_freep) struct copy_sound *s = NULL;
    AUTO(mux_freep) struct mux *m = NULL;
    const struct mux_clock clock = mux_clock_make(&plan, (AVRational){0, 1});
    if (copy_sound_open(&s, &job, &in, &plan, clock, origin_us, d->encode, &e) < 0)
        fail_msg("%s: %s", clip, e.text);
    const struct mux_form form = {.picture = in.fmt->streams[in.video]->codecpar,
                                  .sound = copy_sound_parameters(s),
                                  .clock = clock,
                                  .pictures_most = 2 * plan.bumper_frames + plan.body_frames_max};
    AUTO(av_packet_free) AVPacket *key = first_picture(job.clip_fd, &order.limits);
    assert_int_equal(mux_open(&m, job.reel_fd, &plan, &form, &e), 0);
    assert_int_equal(copy_sound_begin(s, m, &e), 0);
    put_bumper(m, key, plan.bumper_frames);
    int64_t most = d->body_most ? d->body_most : plan.body_frames_max;
    int64_t body = put_body(&in, s, m, d, origin_us, most, clock.slot);
    if (copy_sound_end(s, body * clock.slot, &e) < 0)
        fail_msg("%s: %s", clip, e.text);
    mux_segment(m);
    put_bumper(m, key, plan.bumper_frames);
    assert_int_equal(mux_finish(m, &e), 0);
    close(job.clip_fd);
    close(job.reel_fd);
    r.body_s = (double)body * plan.fps_den / plan.fps_num;
    r.lead_s = (double)plan.bumper_frames * plan.fps_den / plan.fps_num;
    return r;
}

/* The loudest sample of [from, to) seconds. */
static float peak(const struct heard *h, double from, double to)
{
    float most = 0;
    for (int64_t i = llround(fmax(from, 0) * h->hz); i < llround(to * h->hz) && i < h->samples; i++)
        most = fmaxf(most, fabsf(h->left[i]));
    return most;
}

/* The largest step from one sample to the next. */
static float step(const struct heard *h, double from, double to)
{
    float most = 0;
    for (int64_t i = llround(fmax(from, 0) * h->hz); i < llround(to * h->hz) && i + 1 < h->samples;
         i++)
        most = fmaxf(most, fabsf(h->left[i + 1] - h->left[i]));
    return most;
}

/* Seconds of the first sample from `from` on that is louder than `than`; -1: none. */
static double onset(const struct heard *h, double from, double than)
{
    for (int64_t i = llround(from * h->hz); i < h->samples; i++)
        if (fabs(h->left[i]) > than)
            return (double)i / h->hz;
    return -1;
}

static double last_above(const struct heard *h, double than)
{
    for (int64_t i = h->samples - 1; i >= 0; i--)
        if (fabs(h->left[i]) > than)
            return (double)i / h->hz;
    return -1;
}

/* What holds for every reel; the name says which. */
static void check_form(const char *name, const struct heard *h, const struct driven *d)
{
    double all = d->body_s + 2 * d->lead_s;
    if (fabs(h->picture_s - all) > 0.001 || fabs(h->sound_s - all) > 0.001)
        fail_msg("%s: picture %.4f s, sound %.4f s, not %.4f s", name, h->picture_s, h->sound_s,
                 all);
    if (!h->even)
        fail_msg("%s: packets do not follow each other", name);
    if (h->first_pts > 0 || h->first_pts <= -2048)
        fail_msg("%s: the first packet is at %lld", name, (long long)h->first_pts);
    /* silence alone comes at the end, it is small */
    if (h->behind_s > 3.5 && !strstr(d->reason, "no sound"))
        fail_msg("%s: sound lies %.2f s behind its picture", name, h->behind_s);
    /* AAC's overlap is two packets long */
    if (peak(h, 0, d->lead_s - 0.045) > 0.002F || peak(h, all - d->lead_s + 0.045, all) > 0.002F)
        fail_msg("%s: sound in a bumper", name);
}

struct row {
    const char *name, *args;
    struct drive d;
    const char *reason; /* NULL: copied */
    int hz, channels;
    double shift_s;  /* of the beeps against the body */
    double slack_s;  /* of a beep */
    double from, to; /* seconds of the body: beeps that begin here are heard, no others are */
    double skip_from, skip_to; /* but for these */
};

#define MS 0.001
static const struct row rows[] = {
    {"std.mp4", PICTURE BEEPS("48000") X264 AAC, {0}, NULL, 48000, 1, 0, 0.5 * MS, 0, 3},
    {"std.mp4", NULL, {.start_s = 1}, NULL, 48000, 1, -1, 0.5 * MS, 0.01, 2},
    {"std.mp4", NULL, {.body_most = 44}, NULL, 48000, 1, 0, 0.5 * MS, 0, 1.76},
    {"std.mp4", NULL, {.bumper_us = -1}, NULL, 48000, 1, 0, 0.5 * MS, 0, 3},
    {"std.mp4", NULL, {.bumper_us = 40000}, NULL, 48000, 1, 0, 0.5 * MS, 0, 3},
    {"std.mp4", NULL, {.encode = true}, NULL, 48000, 2, 0, 2 * MS, 0, 3},
    {"44.mp4", PICTURE BEEPS("44100") X264 "-ac 2 " AAC, {0}, NULL, 44100, 2, 0, 0.5 * MS, 0, 3},
    {"std.mkv", PICTURE BEEPS("48000") X264 "-ac 2 " AAC, {0}, NULL, 48000, 2, 0, 1.5 * MS, 0, 3},
    {"std.flv", PICTURE BEEPS("44100") X264 "-ac 2 " AAC, {0}, NULL, 44100, 2, 0, 1.5 * MS, 0, 3},
    {"frag.mp4",
     PICTURE BEEPS("48000") X264 "-c:a aac -movflags frag_keyframe+delay_moov",
     {0},
     NULL,
     48000,
     1,
     0,
     0.5 * MS,
     0,
     3},
    {"late.mp4",
     PICTURE "-itsoffset 1.01 " BEEPS("48000") X264 "-c:a aac -t 3",
     {0},
     NULL,
     48000,
     1,
     1.01,
     MS,
     0,
     3},
    {"early.mp4",
     PICTURE "-itsoffset -0.31 " BEEPS("48000") X264 AAC,
     {0},
     NULL,
     48000,
     1,
     -0.31,
     0.5 * MS,
     0,
     2.6},
    {"short.mp4",
     PICTURE BEEPS("48000") X264 "-af atrim=0:1.2 -c:a aac",
     {0},
     NULL,
     48000,
     1,
     0,
     0.5 * MS,
     0,
     1.2},
    {"long.mp4",
     "-f lavfi -i testsrc2=s=64x36:r=25:d=1.8 " BEEPS("48000") X264 AAC,
     {0},
     NULL,
     48000,
     1,
     0,
     0.5 * MS,
     0,
     1.8},
    {"hole.mp4",
     PICTURE BEEPS("48000") X264 "-c:a aac -bsf:a noise=amount=0:drop='between(n,40,75)'",
     {0},
     NULL,
     48000,
     1,
     0,
     12 * MS,
     0,
     3,
     0.8,
     1.65},
    {"hole.mkv",
     PICTURE BEEPS("48000") X264 "-c:a aac -bsf:a noise=amount=0:drop='between(n,40,75)'",
     {0},
     NULL,
     48000,
     1,
     0,
     12 * MS,
     0,
     3,
     0.8,
     1.65},
    {"std.ts", PICTURE BEEPS("48000") X264 AAC, {0}, "header", 48000, 2, 0, 15 * MS, 0, 3},
    {"22.mp4", PICTURE BEEPS("22050") X264 AAC, {0}, "kHz", 48000, 2, 0, 2 * MS, 0, 3},
    {"51.mp4",
     PICTURE BEEPS("48000") X264 "-ac 6 -c:a aac",
     {0},
     "mono",
     48000,
     2,
     0,
     2 * MS,
     0,
     3},
    {"mp3.mp4",
     PICTURE BEEPS("48000") X264 "-c:a libmp3lame",
     {0},
     "not AAC",
     48000,
     2,
     0,
     2 * MS,
     0,
     3},
    {"opus.mkv",
     PICTURE BEEPS("48000") X264 "-c:a libopus",
     {0},
     "not AAC",
     48000,
     2,
     0,
     15 * MS,
     0,
     3},
    {"opus.mkv", NULL, {.start_s = 1}, "not AAC", 48000, 2, -1, 15 * MS, 0.01, 2},
    {"none.mp4", PICTURE X264, {0}, "no sound", 48000, 2, 0, 0, 0, 0},
};

static void check_beeps(const struct row *r, const struct heard *h, const struct driven *d)
{
    for (int i = 1; i <= 5; i++) {
        double at = 0.5 * i + r->shift_s;
        bool want = at >= r->from && at < r->to - 0.02 && (at < r->skip_from || at > r->skip_to);
        if (at < 0.02 || at > d->body_s - 0.05)
            continue;
        double got = onset(h, d->lead_s + at - 0.15, 0.1) - d->lead_s;
        bool heard = fabs(got - at) <= r->slack_s;
        if (want && !heard)
            fail_msg("%s: a beep at %.4f s instead of %.4f s", r->name, got, at);
        if (!want && got >= 0 && got < at + 0.1)
            fail_msg("%s: a beep at %.4f s where there is none", r->name, got);
    }
}

static void sound_is_where_it_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct row *r = &rows[i];
        if (r->args)
            clips_make(r->name, r->args);
        struct driven d = drive(r->name, &r->d);
        if (r->reason ? !strstr(d.reason, r->reason) : d.reason[0] != '\0')
            fail_msg("%s: reason \"%s\"", r->name, d.reason);
        AUTO(heard_clear) struct heard h = hear("reel.mp4", 0);
        if (h.hz != r->hz || h.channels != r->channels)
            fail_msg("%s: %d Hz, %d channels", r->name, h.hz, h.channels);
        check_form(r->name, &h, &d);
        check_beeps(r, &h, &d);
    }
}

/* Compares the body of the reel with the clip's own sound, from `from` seconds of the body on. */
static void same_sound(const char *clip, const struct drive *d, double from)
{
    struct driven made = drive(clip, d);
    AUTO(heard_clear) struct heard reel = hear("reel.mp4", 0);
    AUTO(heard_clear) struct heard own = hear(clip, -1);
    int64_t lead = llround(made.lead_s * reel.hz), skip = llround(d->start_s * reel.hz);
    int64_t body = llround(made.body_s * reel.hz);
    check_form(clip, &reel, &made);
    assert_true(peak(&own, d->start_s, d->start_s + made.body_s) > 0.2F);
    for (int64_t i = llround(from * reel.hz); i < body - 1024 && i + skip < own.samples - 1024; i++)
        if (fabsf(reel.left[lead + i] - own.left[skip + i]) > 1e-6F)
            fail_msg("%s: sample %lld of the body is %.5f and not %.5f", clip, (long long)i,
                     (double)reel.left[lead + i], (double)own.left[skip + i]);
}

static void the_body_is_the_clips_own_sound_to_the_sample(void **state)
{
    (void)state;
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    clips_make("tone44.mov", PICTURE TONE X264 "-ar 44100 " AAC);
    same_sound("tone.mp4", &(struct drive){0}, 0);
    same_sound("tone44.mov", &(struct drive){0}, 0);
    same_sound("tone.mp4", &(struct drive){.body_most = 31}, 0);
    same_sound("tone.mp4", &(struct drive){.bumper_us = -1}, 0);
    same_sound("tone.mp4", &(struct drive){.twice = true}, 0);
    same_sound("tone.mp4", &(struct drive){.start_s = 1}, 0.0214);
}

/* Writes media_time into the edit list of the second track. */
static void patch_edit(const char *from, const char *to, uint32_t media_time)
{
    clips_cut(from, to, 100);
    int fd = open(clips_path(to), O_RDWR | O_CLOEXEC);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    AUTO(freep) uint8_t *data = mem_new((size_t)st.st_size);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    int seen = 0;
    for (int64_t i = st.st_size - 20; i >= 0 && !seen; i--)
        if (memcmp(data + i, "elst", 4) == 0) {
            const uint8_t be[4] = {(uint8_t)(media_time >> 24), (uint8_t)(media_time >> 16),
                                   (uint8_t)(media_time >> 8), (uint8_t)media_time};
            assert_int_equal(pwrite(fd, be, 4, i + 16), 4);
            seen++;
        }
    close(fd);
    assert_int_equal(seen, 1);
}

static void every_priming_is_honoured(void **state)
{
    (void)state;
    static const uint32_t primings[] = {576, 1105, 1600, 2048, 2112};
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    for (size_t i = 0; i < LEN(primings); i++) {
        patch_edit("tone.mp4", "primed.mp4", primings[i]);
        /* a clip's first packet fades in by a window that is the decoder's to choose */
        double faded = primings[i] < 1024 ? (1024 - primings[i]) / 48000.0 : 0;
        same_sound("primed.mp4", &(struct drive){0}, faded);
    }
}

static void seams_neither_click_nor_come_late(void **state)
{
    (void)state;
    static const struct drive drives[] = {
        {0},
        {.start_s = 1},
        {.body_most = 33},
        {.start_s = 1, .body_most = 37},
        {.encode = true},
        {.start_s = 1, .body_most = 37, .encode = true},
    };
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    clips_make("tone.mkv", PICTURE TONE X264 "-ac 2 " AAC);
    clips_make("holed.mp4",
               PICTURE TONE X264 "-c:a aac -bsf:a noise=amount=0:drop='between(n,40,75)'");
    static const char *const clips[] = {"tone.mp4", "tone.mkv", "holed.mp4"};
    for (size_t i = 0; i < LEN(drives) * LEN(clips); i++) {
        const char *clip = clips[i / LEN(drives)];
        const struct drive *w = &drives[i % LEN(drives)];
        struct driven d = drive(clip, w);
        AUTO(heard_clear) struct heard h = hear("reel.mp4", 0);
        check_form(clip, &h, &d);
        double end = d.lead_s + d.body_s;
        float all = step(&h, 0, end + d.lead_s), own = TONE_PEAK * 6.2832F * 440 / (float)h.hz;
        if (all > own * 1.6F) /* an overlap that is not taken back adds */
            fail_msg("%s %zu: a step of %.4f, in the tone %.4f", clip, i, (double)all, (double)own);
        /* where it is half as loud as the tone, of which an AAC packet at a seam is a fade */
        double level = TONE_PEAK / 2;
        double begins = onset(&h, 0, level) - d.lead_s, ends = last_above(&h, level) - end;
        bool in_hole = clip == clips[2] && (w->start_s > 0 || w->body_most);
        if (!in_hole && (fabs(begins) > 0.020 || fabs(ends) > 0.020))
            fail_msg("%s %zu: sound begins %.4f s and ends %.4f s after the picture", clip, i,
                     begins, ends);
    }
}

static void only_a_plain_header_lets_packets_be_copied(void **state)
{
    (void)state;
    static const struct {
        uint8_t config[8];
        int bytes, hz, channels;
        bool plain;
    } headers[] = {
        {{0x11, 0x90}, 2, 48000, 2, true},
        {{0x11, 0x88}, 2, 48000, 1, true},
        {{0x12, 0x10}, 2, 44100, 2, true},
        {{0x11, 0x90, 0x56, 0xe5, 0x00}, 5, 48000, 2, true},
        {{0x11, 0x90, 0, 0}, 4, 48000, 2, true},
        {{0x11, 0x90, 0x56, 0xe5, 0x80}, 5, 48000, 2, false},             /* SBR */
        {{0x11, 0x90, 0x56, 0xe5, 0x9d, 0x48, 0x80}, 7, 48000, 2, false}, /* SBR and PS */
        {{0x2b, 0x11, 0x88, 0x00}, 4, 48000, 2, false},                   /* HE-AAC, told first */
        {{0x13, 0x10}, 2, 48000, 2, false},                   /* half the rate: SBR unsaid */
        {{0x11, 0x88}, 2, 48000, 2, false},                   /* mono that comes out stereo */
        {{0x11, 0x94}, 2, 48000, 2, false},                   /* frames of 960 */
        {{0x11, 0x92}, 2, 48000, 2, false},                   /* a core coder */
        {{0x11, 0x91}, 2, 48000, 2, false},                   /* an extension */
        {{0x11, 0x80}, 2, 48000, 2, false},                   /* channels in band */
        {{0x09, 0x90}, 2, 48000, 2, false},                   /* AAC Main */
        {{0x17, 0x80, 0x5d, 0xc0, 0x10}, 5, 48000, 2, false}, /* rate in full */
        {{0x11, 0x90, 0x01}, 3, 48000, 2, false},
        {{0x11}, 1, 48000, 2, false},
        {{0}, 0, 48000, 2, false},
    };
    for (size_t i = 0; i < LEN(headers); i++) {
        AVCodecParameters *c = avcodec_parameters_alloc();
        c->codec_type = AVMEDIA_TYPE_AUDIO;
        c->codec_id = AV_CODEC_ID_AAC;
        c->profile = FF_PROFILE_AAC_LOW;
        c->sample_rate = headers[i].hz;
        av_channel_layout_default(&c->ch_layout, headers[i].channels);
        c->extradata = av_mallocz(sizeof(headers[i].config) + AV_INPUT_BUFFER_PADDING_SIZE);
        c->extradata_size = headers[i].bytes;
        memcpy(c->extradata, headers[i].config, sizeof(headers[i].config));
        AVStream st = {.codecpar = c}, *streams[] = {&st};
        AVFormatContext fmt = {.nb_streams = 1, .streams = streams};
        struct media_input in = {.fmt = &fmt, .audio = 0};
        if (!copy_sound_reason(&in)[0] != headers[i].plain)
            fail_msg("header %zu: \"%s\"", i, copy_sound_reason(&in));
        avcodec_parameters_free(&c);
    }
}

/* A clip whose sound is being taken, as far as the first packets. */
struct taking {
    struct render_order order;
    struct media_job job;
    struct media_plan plan;
    struct mux_clock clock;
    struct media_input in;
    struct copy_sound *sound;
    struct mux *mux;
    AVPacket *packet;
};

static void taking_begin(struct taking *t, const char *clip, bool encode)
{
    struct err e = {0};
    *t = (struct taking){.order = {.profile = profile_default(), .limits = media_limits_default()}};
    t->job = (struct media_job){.order = &t->order};
    t->job.clip_fd = open(clips_path(clip), O_RDONLY | O_CLOEXEC);
    t->job.reel_fd = open(clips_path("reel.mp4"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    t->packet = av_packet_alloc();
    assert_int_equal(
        media_input_open(&t->in, &(struct media_clip){.fd = t->job.clip_fd}, &t->order.limits, &e),
        0);
    assert_int_equal(media_plan_make(&t->in.facts, &t->order, &t->plan, &e), 0);
    t->clock = mux_clock_make(&t->plan, (AVRational){0, 1});
    assert_int_equal(
        copy_sound_open(&t->sound, &t->job, &t->in, &t->plan, t->clock, t->in.first_us, encode, &e),
        0);
    const struct mux_form form = {.picture = t->in.fmt->streams[t->in.video]->codecpar,
                                  .sound = copy_sound_parameters(t->sound),
                                  .clock = t->clock,
                                  .pictures_most = 1000};
    assert_int_equal(mux_open(&t->mux, t->job.reel_fd, &t->plan, &form, &e), 0);
    assert_int_equal(copy_sound_begin(t->sound, t->mux, &e), 0);
}

static void taking_next(struct taking *t)
{
    do {
        av_packet_unref(t->packet);
        assert_int_equal(av_read_frame(t->in.fmt, t->packet), 0);
    } while (t->packet->stream_index != t->in.audio);
}

static void taking_end(struct taking *t)
{
    copy_sound_free(t->sound);
    mux_free(t->mux);
    av_packet_free(&t->packet);
    media_input_close(&t->in);
    close(t->job.clip_fd);
    close(t->job.reel_fd);
}

static void a_header_that_changes_on_the_way_refuses(void **state)
{
    (void)state;
    struct taking t;
    struct err e = {0};
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    taking_begin(&t, "tone.mp4", false);
    for (int times = 0; times < 2; times++) {
        taking_next(&t);
        const AVCodecParameters *c = t.in.fmt->streams[t.in.audio]->codecpar;
        uint8_t *now =
            av_packet_new_side_data(t.packet, AV_PKT_DATA_NEW_EXTRADATA, (size_t)c->extradata_size);
        memcpy(now, c->extradata, (size_t)c->extradata_size);
        now[1] ^= times ? 0x18 : 0; /* the same, then another */
        assert_int_equal(copy_sound_take(t.sound, t.packet, &e), times ? -1 : 0);
    }
    assert_int_equal(e.code, ERR_UNSUPPORTED);
    taking_end(&t);
}

/* Times that no clip should have: the track keeps its length and its steps all the same. */
static void lying_times_do_no_harm(void **state)
{
    (void)state;
    static const int64_t lies[] = {
        INT64_MAX, INT64_MIN + 1, AV_NOPTS_VALUE, INT64_MAX / 2, -48000, 48000 * 3600, 0, 0};
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    for (int encode = 0; encode < 2; encode++) {
        struct taking t;
        struct err e = {0};
        taking_begin(&t, "tone.mp4", encode);
        AUTO(av_packet_free) AVPacket *key = first_picture(t.job.clip_fd, &t.order.limits);
        put_bumper(t.mux, key, t.plan.bumper_frames);
        for (size_t i = 0; i < 100; i++) {
            taking_next(&t);
            if (i % 3 == 0)
                t.packet->pts = t.packet->dts = lies[i / 3 % LEN(lies)];
            if (i % 7 == 0)
                av_packet_free_side_data(t.packet);
            if (i % 11 == 0)
                av_shrink_packet(t.packet, 0);
            assert_int_equal(copy_sound_take(t.sound, t.packet, &e), 0);
        }
        put_bumper(t.mux, key, 25);
        assert_int_equal(copy_sound_end(t.sound, 25 * t.clock.slot, &e), 0);
        put_bumper(t.mux, key, t.plan.bumper_frames);
        assert_int_equal(mux_finish(t.mux, &e), 0);
        taking_end(&t);
        AUTO(heard_clear) struct heard h = hear("reel.mp4", 0);
        check_form("lies", &h, &(struct driven){.body_s = 1, .lead_s = 2});
    }
}

static void work_that_is_given_up_is_cleaned_up(void **state)
{
    (void)state;
    clips_make("tone.mp4", PICTURE TONE X264 "-ac 2 " AAC);
    for (int i = 0; i < 4; i++) {
        struct taking t;
        struct err e = {0};
        taking_begin(&t, "tone.mp4", i % 2);
        for (int n = 0; n < 40 * (i / 2); n++) {
            taking_next(&t);
            assert_int_equal(copy_sound_take(t.sound, t.packet, &e), 0);
        }
        taking_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_where_it_belongs),
        cmocka_unit_test(the_body_is_the_clips_own_sound_to_the_sample),
        cmocka_unit_test(every_priming_is_honoured),
        cmocka_unit_test(seams_neither_click_nor_come_late),
        cmocka_unit_test(only_a_plain_header_lets_packets_be_copied),
        cmocka_unit_test(a_header_that_changes_on_the_way_refuses),
        cmocka_unit_test(lying_times_do_no_harm),
        cmocka_unit_test(work_that_is_given_up_is_cleaned_up),
    };
    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
