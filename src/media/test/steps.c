/* Work that is given up half-way, at every step: the calls through which this room reaches libav
 * and the threads are wrapped by the linker, and the Nth of them fails. Whatever it was, the child
 * comes to its end with a reel or with a fault that is not the clip's, and frees nothing that a
 * thread of its own still has. */
#include "core/err.h"
#include "media/clip/input.h"
#include "media/encode/line.h"
#include "media/mux.h"
#include "media/test/clips.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libswresample/swresample.h>
#include <stdatomic.h>

static atomic_int steps, running; /* calls so far; threads that are not joined */
static atomic_int fails_at;       /* 0: none */
static atomic_int freed_early;

static bool fails(void)
{
    return atomic_fetch_add(&steps, 1) + 1 == atomic_load(&fails_at);
}

/* A wrapped function: what it gives when it fails, its parameters and its arguments. */
#define STEP(type, name, failure, parameters, arguments)                                           \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? (failure) : __real_##name arguments;                                      \
    }
STEP(AVPacket *, av_packet_alloc, NULL, (void), ())
STEP(AVFrame *, av_frame_alloc, NULL, (void), ())
STEP(int, av_packet_ref, AVERROR(ENOMEM), (AVPacket * to, const AVPacket *from), (to, from))
STEP(int, avcodec_open2, AVERROR(ENOMEM), (AVCodecContext * c, const AVCodec *k, AVDictionary **o),
     (c, k, o))
STEP(int, avcodec_send_packet, AVERROR(ENOMEM), (AVCodecContext * c, const AVPacket *p), (c, p))
STEP(int, avcodec_receive_frame, AVERROR(ENOMEM), (AVCodecContext * c, AVFrame *f), (c, f))
STEP(int, avcodec_send_frame, AVERROR(ENOMEM), (AVCodecContext * c, const AVFrame *f), (c, f))
STEP(int, avcodec_receive_packet, AVERROR_EXTERNAL, (AVCodecContext * c, AVPacket *p), (c, p))
STEP(int, avformat_open_input, AVERROR(ENOMEM),
     (AVFormatContext * *f, const char *url, const AVInputFormat *i, AVDictionary **o),
     (f, url, i, o))
STEP(int, avformat_write_header, AVERROR(ENOMEM), (AVFormatContext * f, AVDictionary **o), (f, o))
STEP(int, av_write_frame, AVERROR(ENOSPC), (AVFormatContext * f, AVPacket *p), (f, p))
STEP(int, av_write_trailer, AVERROR(ENOSPC), (AVFormatContext * f), (f))
STEP(int, av_read_frame, AVERROR(ENOMEM), (AVFormatContext * f, AVPacket *p), (f, p))
STEP(int, avfilter_graph_config, AVERROR(ENOMEM), (AVFilterGraph * g, void *log), (g, log))
STEP(int, av_buffersrc_add_frame, AVERROR(ENOMEM), (AVFilterContext * c, AVFrame *f), (c, f))
STEP(int, av_buffersink_get_frame, AVERROR(ENOMEM), (AVFilterContext * c, AVFrame *f), (c, f))
STEP(int, swr_init, AVERROR(ENOMEM), (struct SwrContext * s), (s))

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg)
{
    int r = fails() ? EAGAIN : __real_pthread_create(t, a, run, arg);
    running += r == 0;
    return r;
}

int __real_pthread_join(pthread_t t, void **result);
int __wrap_pthread_join(pthread_t t, void **result);
int __wrap_pthread_join(pthread_t t, void **result)
{
    int r = __real_pthread_join(t, result);
    running--;
    return r;
}

/* What threads are lent goes away once all of them are joined. */
#define LENT(name, type)                                                                           \
    void __real_##name(type *p);                                                                   \
    void __wrap_##name(type *p);                                                                   \
    void __wrap_##name(type *p)                                                                    \
    {                                                                                              \
        freed_early += running > 0;                                                                \
        __real_##name(p);                                                                          \
    }
LENT(mux_free, struct mux)
LENT(line_clear, struct line)
LENT(media_input_close, struct media_input)

#define CLIP                                                                                       \
    CLIP_PICTURE("64x36", "10", "0.4")                                                             \
    CLIP_SOUND("0.4") "-c:v libx264 -preset ultrafast -bf 0 -pix_fmt yuv420p -c:a libmp3lame "

/* Little work: there are hundreds of runs. */
static struct render_order order_of(bool force_encode)
{
    struct render_order o = {
        .op = RENDER_MAKE,
        .force_encode = force_encode,
        .profile = profile_default(),
        .limits = media_limits_default(),
        .poster = true,
    };
    o.profile.bumper_us = 200000;
    snprintf(o.profile.preset, sizeof(o.profile.preset), "ultrafast");
    o.limits.threads = 1;
    return o;
}

static int make(const char *clip, const struct render_order *o, int fails_here,
                struct render_report *r, struct err *e)
{
    struct media_job job = {
        .order = o,
        .clip_fd = open(clips_path(clip), O_RDONLY | O_CLOEXEC),
        .reel_fd = open(clips_path("reel.mp4"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .poster_fd = open(clips_path("poster.jpg"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .logo_fd = -1,
    };
    assert_true(job.clip_fd >= 0 && job.reel_fd >= 0 && job.poster_fd >= 0);
    *r = (struct render_report){0};
    *e = (struct err){0};
    steps = 0;
    fails_at = fails_here;
    int result = media_run(&job, r, e);
    fails_at = 0;
    close(job.clip_fd);
    close(job.reel_fd);
    close(job.poster_fd);
    assert_int_equal(running, 0);
    assert_int_equal(freed_early, 0);
    return result;
}

/* Fails each step in turn until the work is through before that step comes. */
static void give_up_at_every_step(bool force_encode)
{
    struct render_order o = order_of(force_encode);
    struct render_report r;
    struct err e;
    o.profile.longest_us = 1000000;
    int n = 1, failed = 0;
    clips_make("mp3.mp4", CLIP);
    do {
        int result = make("mp3.mp4", &o, n, &r, &e);
        failed += result < 0;
        if (result == 0 ? r.body_us <= 0 || r.path == PATH_NONE
                        : e.code != ERR_SYSTEM && e.code != ERR_FULL && e.msg != MSG_MEMORY_LIMIT)
            fail_msg("step %d: %d, code %d, %s", n, result, e.code, e.text);
        n++;
    } while (steps >= n - 1);
    assert_int_equal(r.path, force_encode ? PATH_ENCODE : PATH_COPY);
    assert_true(failed > 100);
}

static void a_copy_is_given_up_at_every_step(void **state)
{
    (void)state;
    give_up_at_every_step(false);
}

static void an_encode_is_given_up_at_every_step(void **state)
{
    (void)state;
    give_up_at_every_step(true);
}

/* The copy finds out at its second picture that one is missing, while the sound is being encoded.
 */
static void a_copy_that_breaks_off_early_becomes_an_encode(void **state)
{
    (void)state;
    enum { TIMES = 6 };
    const struct render_order o = order_of(false);
    struct render_report r;
    struct err e;
    clips_make("whole.mp4",
               CLIP_PICTURE("128x72", "25", "12")
                   CLIP_SOUND("12") "-c:v libx264 -preset ultrafast -bf 0 -pix_fmt yuv420p "
                                    "-c:a libmp3lame ");
    char args[512];
    snprintf(args, sizeof(args),
             "-i %s -c copy -bsf:v noise=amount=999999999:drop='eq(n,1)',setts=ts=N*512 ",
             clips_path("whole.mp4"));
    clips_make("lost.mp4", args);
    for (int i = 0; i < TIMES; i++) {
        if (make("lost.mp4", &o, 0, &r, &e) < 0)
            fail_msg("%s", e.text);
        assert_int_equal(r.path, PATH_ENCODE);
        assert_non_null(strstr(r.reason, "missing"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_given_up_at_every_step),
        cmocka_unit_test(an_encode_is_given_up_at_every_step),
        cmocka_unit_test(a_copy_that_breaks_off_early_becomes_an_encode),
    };
    media_warm_up();
    return cmocka_run_group_tests_name("media-steps", tests, clips_begin, clips_end);
}
