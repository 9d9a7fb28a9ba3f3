/* Logos of every kind end whole, unsqueezed, on their own background; posters keep their colours.
 */
#include "media/bumper/picture.h"

#include "core/err.h"
#include "core/fd.h"
#include "media/bumper/logo.h"
#include "media/test/clips.h"

#include <math.h>

enum { W = 640, H = 360 };

static AVFrame *logo(const char *name, int w, int h)
{
    struct media_limits limits = media_limits_default();
    struct err e = {0};
    AVFrame *f = NULL;
    int fd = name ? open(clips_path(name), O_RDONLY | O_CLOEXEC) : -1;
    if (media_logo_frame(fd, &limits, w, h, &f, &e) < 0)
        fail_msg("%s: %s", name ? name : "mark", e.text);
    if (name)
        close(fd);
    assert_int_equal(f->format, AV_PIX_FMT_YUV420P);
    assert_int_equal(f->width, w);
    assert_int_equal(f->height, h);
    assert_int_equal(f->colorspace, AVCOL_SPC_BT709);
    assert_int_equal(f->color_range, AVCOL_RANGE_MPEG);
    return f;
}

static int luma(const AVFrame *f, int x, int y)
{
    return f->data[0][y * f->linesize[0] + x];
}

static void check_colour(const AVFrame *f, int x, int y, const int want[3], const char *name)
{
    int c = (y / 2) * f->linesize[1] + x / 2;
    int got[3] = {luma(f, x, y), f->data[1][c], f->data[2][c]};
    for (int k = 0; k < 3; k++)
        if (abs(got[k] - want[k]) > 3)
            fail_msg("%s: at %d,%d: %d %d %d, not %d %d %d", name, x, y, got[0], got[1], got[2],
                     want[0], want[1], want[2]);
}

/* BT.709, limited range. */
static const int white[3] = {235, 128, 128}, red[3] = {63, 102, 240}, blue[3] = {32, 240, 118};
static const int gray[3] = {126, 128, 128}, dark[3] = {32, 131, 126};

static void a_logo_of_any_kind_stands_on_its_own_background(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args;
        const int *corner, *middle;
    } rows[] = {
        {"plain.png",
         "-f lavfi -i color=red:s=90x90 -vf drawbox=30:30:30:30:blue:fill,format=rgb24", red, blue},
        {"plain.jpg", "-f lavfi -i color=red:s=96x96 -vf drawbox=32:32:32:32:blue:fill -q:v 2", red,
         blue},
        {"clear.png", "-f lavfi -i color=blue:s=30x30,format=rgba,pad=90:90:30:30:red@0", white,
         blue},
        {"pale.png", "-f lavfi -i color=white:s=30x30,format=rgba,pad=90:90:30:30:black@0", dark,
         white},
        {"gray.png", "-f lavfi -i color=gray:s=90x90 -vf format=gray", gray, gray},
        {"gray16.png", "-f lavfi -i color=gray:s=90x90 -vf format=gray16be", gray, gray},
        {"deep.png", "-f lavfi -i color=blue:s=90x90 -vf format=rgb48be", blue, blue},
        {"palette.png",
         "-f lavfi -i "
         "color=red:s=90x90:d=0.04,drawbox=30:30:30:30:blue:fill,split[a][b];[a]palettegen[p];"
         "[b][p]paletteuse=dither=none",
         red, blue},
        {"one.png", "-f lavfi -i color=red:s=8x8 -vf scale=1:1,format=rgb24", red, red},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char args[512];
        snprintf(args, sizeof(args), "%s -frames:v 1", rows[i].args);
        clips_make(rows[i].name, args);
        AVFrame *f = logo(rows[i].name, W, H);
        check_colour(f, 2, 2, rows[i].corner, rows[i].name);
        check_colour(f, W - 3, H - 3, rows[i].corner, rows[i].name);
        check_colour(f, W / 2, H / 2, rows[i].middle, rows[i].name);
        av_frame_free(&f);
    }
}

struct extent {
    int x0, x1, y0, y1;
};

/* Where a picture is light. */
static struct extent light_part(const AVFrame *f)
{
    struct extent t = {f->width, 0, f->height, 0};
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++)
            if (luma(f, x, y) > 126) {
                t.x0 = x < t.x0 ? x : t.x0;
                t.x1 = x > t.x1 ? x : t.x1;
                t.y0 = y < t.y0 ? y : t.y0;
                t.y1 = y > t.y1 ? y : t.y1;
            }
    return t;
}

static void a_logo_is_square_to_the_eye_whatever_the_pixels(void **state)
{
    (void)state;
    static const struct picture_form forms[] = {
        {800, 640, {64, 45}, 1, false}, {1440, 1080, {4, 3}, 1, false}, {640, 360, {1, 1}, 1, true},
        {640, 360, {0, 0}, 2, false},   {640, 180, {1, 2}, 6, false},
    };
    struct media_limits limits = media_limits_default();
    clips_make("square.png", "-f lavfi -i color=black:s=300x300 -vf "
                             "drawbox=2:2:iw-4:ih-4:white:fill,format=rgb24 -frames:v 1");
    for (size_t i = 0; i < LEN(forms); i++) {
        const struct picture_form *form = &forms[i];
        double pixel = form->pixel.den ? (double)form->pixel.num / form->pixel.den : 1;
        AVFrame *f = NULL;
        struct err e = {0};
        int fd = open(clips_path("square.png"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(media_logo_frame_as(fd, &limits, form, &f, &e), 0);
        close(fd);
        struct extent t = light_part(f);
        double w = (t.x1 - t.x0 + 1) * pixel, h = t.y1 - t.y0 + 1;
        if (fabs(w / h - 1) > 3 * pixel / w + 3 / h)
            fail_msg("%dx%d: %.1f x %.1f", form->width, form->height, w, h);
        av_frame_free(&f);
    }
}

static void a_logo_is_never_squeezed_and_never_cut(void **state)
{
    (void)state;
    static const char *const sizes[] = {"300x300", "600x100", "100x600", "17x900", "1920x1080"};
    for (size_t i = 0; i < LEN(sizes); i++) {
        char args[256];
        int lw = 0, lh = 0;
        assert_int_equal(sscanf(sizes[i], "%dx%d", &lw, &lh), 2);
        /* a white logo whose border is black, two pixels wide */
        snprintf(args, sizeof(args),
                 "-f lavfi -i color=black:s=%s -vf drawbox=2:2:iw-4:ih-4:white:fill,format=rgb24 "
                 "-frames:v 1",
                 sizes[i]);
        clips_make("shape.png", args);
        AVFrame *f = logo("shape.png", W, H);
        struct extent t = light_part(f);
        double w = t.x1 - t.x0 + 1, h = t.y1 - t.y0 + 1;
        double off = w / h * (lh - 4) / (lw - 4);
        if (off < 1 - 1.5 / w - 1.5 / h || off > 1 + 1.5 / w + 1.5 / h)
            fail_msg("%s became %.0fx%.0f", sizes[i], w, h);
        assert_true(w <= W * 0.81 && h <= H * 0.81);
        assert_true(abs(t.x0 + t.x1 + 1 - W) <= 3 && abs(t.y0 + t.y1 + 1 - H) <= 3);
        av_frame_free(&f);
    }
}

static void the_built_in_mark_is_drawn_at_any_size(void **state)
{
    (void)state;
    static const int sizes[][2] = {{64, 36}, {480, 270}, {854, 480}, {1920, 1080}};
    for (size_t i = 0; i < LEN(sizes); i++) {
        AVFrame *f = logo(NULL, sizes[i][0], sizes[i][1]);
        assert_true(luma(f, 0, 0) < 60);
        int light = 0;
        for (int y = 0; y < f->height; y++)
            for (int x = 0; x < f->width; x++)
                light += luma(f, x, y) > 200;
        assert_true(light > f->width * f->height / 50 && light < f->width * f->height / 5);
        av_frame_free(&f);
    }
}

static void what_is_no_logo_is_refused(void **state)
{
    (void)state;
    clips_write("text.png", "This is some text and not a picture at all.", 43);
    clips_write("empty.png", "", 0);
    clips_write("half.jpg", "\xff\xd8\xff\xe0 and then nothing that a JPEG would hold", 44);
    clips_write("drawing.png", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\"></svg>", 54);
    clips_make("a.gif", "-f lavfi -i color=red:s=90x90 -frames:v 1");
    clips_make("large.png", "-f lavfi -i color=red:s=6000x6000 -vf format=gray -frames:v 1");
    clips_make("large.jpg", "-f lavfi -i color=red:s=6000x6000 -frames:v 1");
    clips_make("whole.png", "-f lavfi -i testsrc2=s=160x90 -frames:v 1");
    clips_make("whole.jpg", "-f lavfi -i testsrc2=s=160x90 -q:v 2 -frames:v 1");
    clips_cut("whole.png", "cut.png", 60);
    clips_cut("whole.jpg", "cut.jpg", 60);
    clips_cut("whole.png", "tail.png", 99);
    clips_cut("whole.jpg", "tail.jpg", 99);
    /* a billion pixels by its own word, and 60 bytes */
    static const char bomb[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x7f\xff\0\0\x7f\xff\1\0\0\0\0"
                               "crc.\0\0\0\0IEND\xae\x42\x60\x82";
    clips_write("bomb.png", bomb, sizeof(bomb) - 1);
    static const struct {
        const char *name;
        enum msg msg;
    } rows[] = {
        {"text.png", MSG_LOGO_TYPE},    {"empty.png", MSG_LOGO_BAD}, {"half.jpg", MSG_LOGO_BAD},
        {"drawing.png", MSG_LOGO_TYPE}, {"a.gif", MSG_LOGO_TYPE},    {"large.png", MSG_LOGO_PIXELS},
        {"large.jpg", MSG_LOGO_PIXELS}, {"cut.png", MSG_LOGO_BAD},   {"cut.jpg", MSG_LOGO_BAD},
        {"tail.png", MSG_LOGO_BAD},     {"tail.jpg", MSG_LOGO_BAD},  {"bomb.png", MSG_LOGO_PIXELS},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct media_limits limits = media_limits_default();
        struct err e = {0};
        AVFrame *f = NULL;
        AUTO(fd_closep) int fd = open(clips_path(rows[i].name), O_RDONLY | O_CLOEXEC);
        if (media_logo_frame(fd, &limits, W, H, &f, &e) == 0 || e.msg != rows[i].msg)
            fail_msg("%s: %s: %s", rows[i].name, msg_slug(e.msg), e.text);
        assert_null(f);
    }
    av_frame_free(&(AVFrame *){logo("whole.png", W, H)});
    av_frame_free(&(AVFrame *){logo("whole.jpg", W, H)});
}

/* Whatever the bytes, the check stays inside them: a sanitized build would say so. */
static void a_logo_s_form_is_read_from_any_bytes(void **state)
{
    (void)state;
    clips_make("whole.png", "-f lavfi -i testsrc2=s=64x36 -frames:v 1");
    clips_make("whole.jpg", "-f lavfi -i testsrc2=s=64x36 -frames:v 1");
    static const char *const names[] = {"whole.png", "whole.jpg"};
    for (size_t i = 0; i < LEN(names); i++) {
        uint8_t data[65536];
        AUTO(fd_closep) int fd = open(clips_path(names[i]), O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, data, sizeof(data));
        assert_true(n > 100 && n < (ssize_t)sizeof(data));
        uint32_t chance = 1;
        for (size_t len = 0; len <= (size_t)n; len++) {
            AUTO(freep) uint8_t *part = malloc(len + !len); /* no byte more than it has */
            struct err e;
            bool png;
            memcpy(part, data, len);
            int rc = media_logo_form(part, len, &png, &e);
            assert_int_equal(rc == 0, len == (size_t)n);
            for (int k = 0; k < 8 && len > 8; k++) {
                chance = chance * 1664525 + 1013904223;
                part[4 + (chance >> 8) % (len - 4)] = (uint8_t)(chance >> 24);
                if (media_logo_form(part, len, &png, &e) == 0 && png)
                    media_logo_plain(part, len);
            }
        }
    }
}

static void a_logo_is_shown_as_a_jpeg_of_its_size(void **state)
{
    (void)state;
    clips_make("plain.png",
               "-f lavfi -i color=red:s=90x90 -vf drawbox=30:30:30:30:blue:fill,format=rgb24 "
               "-frames:v 1");
    AUTO(fd_closep) int in = open(clips_path("plain.png"), O_RDONLY | O_CLOEXEC);
    AUTO(fd_closep)
    int out = open(clips_path("shown.jpg"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const struct render_order order = {.op = RENDER_LOGO, .limits = media_limits_default()};
    const struct media_job job = {
        .order = &order, .clip_fd = -1, .reel_fd = -1, .poster_fd = out, .logo_fd = in};
    struct render_report report;
    struct err e = {0};
    assert_int_equal(media_run(&job, &report, &e), 0);
    assert_true(report.poster_bytes > 1000);
    assert_int_equal(render_report_check(&report, &e), 0);
    AVFrame *f = logo("shown.jpg", LOGO_SHOWN_WIDTH, LOGO_SHOWN_HEIGHT);
    check_colour(f, 2, 2, red, "shown");
    check_colour(f, LOGO_SHOWN_WIDTH / 2, LOGO_SHOWN_HEIGHT / 2, blue, "shown");
    av_frame_free(&f);
}

static void a_poster_keeps_its_colours_and_tells_nothing_else(void **state)
{
    (void)state;
    AVFrame *f = av_frame_alloc();
    f->format = AV_PIX_FMT_YUV420P;
    f->width = W;
    f->height = H;
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    for (int k = 0; k < 3; k++)
        memset(f->data[k], red[k], (size_t)f->linesize[k] * (size_t)(k ? H / 2 : H));
    struct err e = {0};
    int64_t bytes = 0;
    int fd = open(clips_path("poster.jpg"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(media_poster_write(f, fd, &bytes, &e), 0);
    av_frame_free(&f);
    char data[8192];
    ssize_t n = pread(fd, data, sizeof(data), 0);
    close(fd);
    assert_true(bytes == n && n > 100);
    assert_null(memmem(data, (size_t)n, "Lavc", 4));
    assert_null(memmem(data, (size_t)n, "Exif", 4));
    f = logo("poster.jpg", W, H); /* read back as anybody reads a JPEG */
    check_colour(f, 2, 2, red, "poster");
    check_colour(f, W / 2, H / 2, red, "poster");
    av_frame_free(&f);
}

int main(void)
{
    media_warm_up();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_logo_of_any_kind_stands_on_its_own_background),
        cmocka_unit_test(a_logo_is_never_squeezed_and_never_cut),
        cmocka_unit_test(a_logo_is_square_to_the_eye_whatever_the_pixels),
        cmocka_unit_test(the_built_in_mark_is_drawn_at_any_size),
        cmocka_unit_test(what_is_no_logo_is_refused),
        cmocka_unit_test(a_logo_s_form_is_read_from_any_bytes),
        cmocka_unit_test(a_logo_is_shown_as_a_jpeg_of_its_size),
        cmocka_unit_test(a_poster_keeps_its_colours_and_tells_nothing_else),
    };
    return cmocka_run_group_tests(tests, clips_begin, clips_end);
}
