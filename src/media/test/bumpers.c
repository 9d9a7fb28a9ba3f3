/* The receipt of reels of many logos, lengths and rates, on both paths: none is refused, and a
 * bumper that moves is found at every rate. */
#include "core/err.h"
#include "media/test/clips.h"

#include <libavformat/avformat.h>
#include <math.h>

enum { PICTURES = 150 };

static const char *const logos[] = {
    "testsrc2=s=640x360",
    "mandelbrot=s=800x600",
    "smptebars=s=320x240",
    "color=c=white:s=64x64",
    "color=c=black:s=1000x100",
    "gradients=s=300x900:c0=navy:c1=orange:seed=1",
    "testsrc=s=400x300,noise=alls=100:allf=t:all_seed=1",
    "color=c=gray:s=500x280,noise=alls=20:all_seed=2",
    "life=s=160x90:mold=10:ratio=0.3:seed=3,scale=1280:720:flags=neighbor",
    "rgbtestsrc=s=333x217",
};
static const int lengths[] = {1,  2,  3,  5,  12, 23, 24, 29, 30,  31,
                              47, 48, 49, 59, 60, 75, 95, 96, 120, 150};
static const AVRational rates[] = {
    {149, 10}, {119, 5}, {24000, 1001}, {25, 1}, {1501, 50},    {45000, 1499},
    {15, 1},   {15, 2},  {1, 1},        {50, 1}, {60000, 1001}, {2997, 250},
};

/* The packets of one clip; a clip of any length and rate is made of the first of them. */
static AVCodecParameters *parameters;
static AVPacket *packets[PICTURES];

static const char *logo_path(size_t i)
{
    char name[32];
    snprintf(name, sizeof(name), "logo%zu.%s", i, i % 2 ? "png" : "jpg");
    return clips_path(name);
}

static void make_logos(void)
{
    for (size_t i = 0; i < LEN(logos); i++) {
        char args[256], name[32];
        snprintf(args, sizeof(args), "-f lavfi -i %s -frames:v 1 -pix_fmt %s ", logos[i],
                 i % 2 ? "rgb24" : "yuvj444p");
        snprintf(name, sizeof(name), "logo%zu.%s", i, i % 2 ? "png" : "jpg");
        clips_make(name, args);
    }
}

static int begin(void **state)
{
    if (clips_begin(state) < 0)
        return -1;
    clips_make("source.mp4", CLIP_PICTURE("128x72", "25", "6") CLIP_X264 "-bf 0 -g 12 ");
    AVFormatContext *fmt = NULL;
    assert_int_equal(avformat_open_input(&fmt, clips_path("source.mp4"), NULL, NULL), 0);
    parameters = avcodec_parameters_alloc();
    assert_true(avcodec_parameters_copy(parameters, fmt->streams[0]->codecpar) >= 0);
    for (int i = 0; i < PICTURES; i++) {
        packets[i] = av_packet_alloc();
        assert_int_equal(av_read_frame(fmt, packets[i]), 0);
    }
    avformat_close_input(&fmt);
    make_logos();
    return 0;
}

static int end(void **state)
{
    for (int i = 0; i < PICTURES; i++)
        av_packet_free(&packets[i]);
    avcodec_parameters_free(&parameters);
    return clips_end(state);
}

static void make_clip(int pictures, AVRational rate)
{
    AVFormatContext *fmt = NULL;
    const char *path = clips_path("clip.mp4");
    assert_true(avformat_alloc_output_context2(&fmt, NULL, "mp4", path) >= 0);
    assert_true(avio_open(&fmt->pb, path, AVIO_FLAG_WRITE) >= 0);
    AVStream *st = avformat_new_stream(fmt, NULL);
    assert_true(st && avcodec_parameters_copy(st->codecpar, parameters) >= 0);
    st->time_base = av_inv_q(rate);
    AUTO(av_dict_free) AVDictionary *o = NULL;
    int64_t scale = rate.num;
    while (scale < 10000)
        scale *= 2;
    av_dict_set_int(&o, "video_track_timescale", scale, 0);
    assert_true(avformat_write_header(fmt, &o) >= 0);
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    for (int i = 0; i < pictures; i++) {
        assert_int_equal(av_packet_ref(p, packets[i]), 0);
        p->pts = p->dts = i;
        p->duration = 1;
        av_packet_rescale_ts(p, av_inv_q(rate), st->time_base);
        assert_true(av_write_frame(fmt, p) >= 0);
        av_packet_unref(p);
    }
    assert_int_equal(av_write_trailer(fmt), 0);
    avio_closep(&fmt->pb);
    avformat_free_context(fmt);
}

static struct render_order order_of(bool encode)
{
    struct render_order o = {.op = RENDER_MAKE,
                             .force_encode = encode,
                             .profile = profile_default(),
                             .limits = media_limits_default()};
    o.limits.threads = 1;
    return o;
}

/* The reel of clip.mp4, then its receipt. */
static int make_and_look(size_t logo, const struct render_order *order, struct render_report *made,
                         struct render_report *seen, struct err *e)
{
    struct render_order o = *order;
    struct media_job job = {
        .order = &o,
        .clip_fd = open(clips_path("clip.mp4"), O_RDONLY | O_CLOEXEC),
        .reel_fd = open(clips_path("reel.mp4"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .poster_fd = -1,
        .logo_fd = open(logo_path(logo), O_RDONLY | O_CLOEXEC),
    };
    assert_true(job.clip_fd >= 0 && job.reel_fd >= 0 && job.logo_fd >= 0);
    int result = media_run(&job, made, e);
    close(job.clip_fd);
    close(job.logo_fd);
    if (result == 0) {
        o.op = RENDER_VERIFY;
        o.body_us = made->body_us;
        o.fps_num = made->out.fps_num;
        o.fps_den = made->out.fps_den;
        struct media_job look = {
            .order = &o, .clip_fd = job.reel_fd, .reel_fd = -1, .poster_fd = -1, .logo_fd = -1};
        result = media_run(&look, seen, e);
    }
    close(job.reel_fd);
    return result;
}

static void check(size_t logo, int pictures, AVRational rate, bool encode)
{
    struct render_report made, seen;
    struct err e = {0};
    make_clip(pictures, rate);
    const struct render_order o = order_of(encode);
    if (make_and_look(logo, &o, &made, &seen, &e) < 0)
        fail_msg("%s, %d pictures of %d/%d a second, %s: %s", logos[logo], pictures, rate.num,
                 rate.den, encode ? "encoded" : "copied", e.text);
    if (made.path != (encode ? PATH_ENCODE : PATH_COPY))
        fail_msg("%d pictures of %d/%d a second: %s", pictures, rate.num, rate.den, made.reason);
    assert_int_equal(seen.receipt.held, RECEIPT_ALL);
    assert_int_equal(made.in.fps_num, made.out.fps_num);
    assert_int_equal(made.in.fps_den, made.out.fps_den);
    double fps = (double)made.out.fps_num / made.out.fps_den;
    if (fabs(fps / av_q2d(rate) - 1) > 0.000005)
        fail_msg("%d/%d became %d/%d", rate.num, rate.den, made.out.fps_num, made.out.fps_den);
}

/* All of the combinations, or, unless REELGATE_TEST_LONG is set, every so manieth: each logo meets
 * each length and each rate. */
static void no_reel_of_ours_is_refused(void **state)
{
    (void)state;
    const int all = LEN(logos) * LEN(lengths) * LEN(rates) * 2;
    const int step = getenv("REELGATE_TEST_LONG") ? 1 : 23;
    for (int i = 0; i < all; i += step) {
        int n = i;
        bool encode = n % 2;
        n /= 2;
        size_t rate = (size_t)n % LEN(rates);
        n /= (int)LEN(rates);
        size_t length = (size_t)n % LEN(lengths);
        n /= (int)LEN(lengths);
        check((size_t)n, lengths[length], rates[rate], encode);
    }
}

/* A body that ends on an IDR picture needs a last bumper that is encoded anew, with other
 * quantizers. Of noise the two encodings differ by 5 of 255. */
static void two_encodings_of_noise_are_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(logos); i++)
        check(i, 1, (AVRational){1501, 50}, true);
}

/* What is made when a reel failed its receipt: one reference, no reordering, and it holds. */
static void a_careful_reel_is_plain_and_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(rates); i++) {
        make_clip(PICTURES, rates[i]);
        struct render_report made, seen;
        struct err e = {0};
        struct render_order o = order_of(true);
        o.careful = true;
        if (make_and_look(i % LEN(logos), &o, &made, &seen, &e) < 0)
            fail_msg("%d/%d: %s", rates[i].num, rates[i].den, e.text);
        AVFormatContext *fmt = NULL;
        assert_int_equal(avformat_open_input(&fmt, clips_path("reel.mp4"), NULL, NULL), 0);
        AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
        while (av_read_frame(fmt, p) == 0) {
            if (p->stream_index == 0)
                assert_int_equal(p->pts, p->dts);
            av_packet_unref(p);
        }
        avformat_close_input(&fmt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_reel_of_ours_is_refused),
        cmocka_unit_test(two_encodings_of_noise_are_alike),
        cmocka_unit_test(a_careful_reel_is_plain_and_holds),
    };
    media_warm_up();
    return cmocka_run_group_tests_name("media-bumpers", tests, begin, end);
}
