/* The poster of a reel is a picture that shows something, on both paths. */
#include "core/err.h"
#include "media/test/clips.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

/* Mean brightness of poster.jpg, and how much neighbours differ. */
static void look(int *luma, int *detail)
{
    AVFormatContext *fmt = NULL;
    assert_int_equal(avformat_open_input(&fmt, clips_path("poster.jpg"), NULL, NULL), 0);
    assert_true(avformat_find_stream_info(fmt, NULL) >= 0);
    AVCodecContext *c =
        avcodec_alloc_context3(avcodec_find_decoder(fmt->streams[0]->codecpar->codec_id));
    assert_true(avcodec_parameters_to_context(c, fmt->streams[0]->codecpar) >= 0);
    assert_int_equal(avcodec_open2(c, NULL, NULL), 0);
    AUTO(av_packet_free) AVPacket *p = av_packet_alloc();
    AUTO(av_frame_free) AVFrame *f = av_frame_alloc();
    assert_int_equal(av_read_frame(fmt, p), 0);
    assert_int_equal(avcodec_send_packet(c, p), 0);
    assert_int_equal(avcodec_receive_frame(c, f), 0);
    int64_t sum = 0, edges = 0, n = 0;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x + 2 < f->width; x++, n++) {
            const uint8_t *at = f->data[0] + y * f->linesize[0] + x;
            sum += at[0];
            edges += abs(at[0] - at[2]);
        }
    *luma = (int)(sum / n);
    *detail = (int)(edges / n);
    avcodec_free_context(&c);
    avformat_close_input(&fmt);
}

static void make(const char *name, bool encode)
{
    struct render_order o = {.op = RENDER_MAKE,
                             .force_encode = encode,
                             .profile = profile_default(),
                             .limits = media_limits_default(),
                             .poster = true};
    struct media_job job = {
        .order = &o,
        .clip_fd = open(clips_path(name), O_RDONLY | O_CLOEXEC),
        .reel_fd = open(clips_path("reel.mp4"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .poster_fd = open(clips_path("poster.jpg"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .logo_fd = -1,
    };
    struct render_report r;
    struct err e = {0};
    if (media_run(&job, &r, &e) < 0)
        fail_msg("%s: %s", name, e.text);
    if (r.path != (encode ? PATH_ENCODE : PATH_COPY))
        fail_msg("%s: %s", name, r.reason);
    assert_true(r.poster_bytes > 0);
    close(job.clip_fd);
    close(job.reel_fd);
    close(job.poster_fd);
}

#define LONG           CLIP_X264 "-g 250 -x264-params scenecut=0 "
#define DARK(from, to) "drawbox=c=black:t=fill:enable='gte(t," from ")*lt(t," to ")'"
#define MOVING(with)   "-f lavfi -i testsrc2=s=320x180:r=25:d=6," with " "

static void a_poster_is_bright_and_sharp_on_both_paths(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args;
    } rows[] = {
        {"plain.mp4", MOVING("null") LONG},
        {"fade.mp4", MOVING("fade=in:0:50") LONG},
        {"fade-b.mp4", MOVING("fade=in:0:50") LONG "-bf 3 "},
        {"late.mp4", MOVING(DARK("0", "2.4")) LONG},
        {"short.mp4", MOVING(DARK("0", "2.4")) CLIP_X264 "-g 25 "},
        {"flash.mp4",
         MOVING("drawbox=c=white:t=fill:enable='gte(t\\,1.9)*lt(t\\,2.3)'") CLIP_X264 "-g 25 "},
        {"out.mp4", MOVING("fade=out:25:50") LONG},
        {"ends-dark.mp4", MOVING(DARK("1", "9")) CLIP_X264 "-g 25 "},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        for (int encode = 0; encode < 2; encode++) {
            int luma, detail;
            clips_make(rows[i].name, rows[i].args);
            make(rows[i].name, encode);
            look(&luma, &detail);
            if (luma < 40 || luma > 225 || detail < 3)
                fail_msg("%s, %s: brightness %d, detail %d", rows[i].name,
                         encode ? "encoded" : "copied", luma, detail);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poster_is_bright_and_sharp_on_both_paths),
    };
    media_warm_up();
    return cmocka_run_group_tests_name("media-poster", tests, clips_begin, clips_end);
}
