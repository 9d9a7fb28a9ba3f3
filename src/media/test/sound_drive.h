/* Drives the sound of a copied reel against a picture that is a clip's own packets, and says what
 * holds for every reel of this kind. */
#pragma once
#include "core/err.h"
#include "media/clip/input.h"
#include "media/copy/sound.h"
#include "media/test/heard.h"

#define PICTURE "-f lavfi -i testsrc2=s=64x36:r=25:d=3 "
#define TONE    "-f lavfi -i aevalsrc=exprs='0.4*sin(2*PI*440*t)':s=48000:d=3 "
/* 0.1 s long, at 0.5 s, 1.0 s, ..., 2.5 s */
#define BEEPS(hz)                                                                                  \
    "-f lavfi -i aevalsrc=exprs='0.4*sin(2*PI*1000*t)*lt(mod(t,0.5),0.1)*gte(t,0.2)':s=" hz ":d="  \
    "3 "
/* without noise that a decoder makes up */
#define AAC  "-c:a aac -aac_pns 0 "
#define X264 "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p "

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

static inline void put_bumper(struct mux *m, const AVPacket *key, int64_t frames)
{
    struct err e = {0};
    AUTO(av_packet_free) AVPacket *p = av_packet_clone(key);
    for (p->pts = 0; p->pts < frames; p->pts++)
        assert_int_equal(mux_picture(m, p, &e), 0);
    mux_segment(m);
}

static inline int64_t put_body(struct media_input *in, struct copy_sound *s, struct mux *m,
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
static inline AVPacket *first_picture(int fd, const struct media_limits *limits)
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
static inline struct driven drive(const char *clip, const struct drive *d)
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

/* What holds for every reel; the name says which. */
static inline void check_form(const char *name, const struct heard *h, const struct driven *d)
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
