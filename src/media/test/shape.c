/* What is done to pictures of every shape and colour, by the filters themselves. */
#include "media/encode/shape.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/test/test.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/pixdesc.h>

enum { SIDE_W = 64, SIDE_H = 36 };

/* A line that has no more than the filters look at. */
struct bench {
    struct render_order order;
    struct media_job job;
    struct media_input in;
    struct media_plan plan;
    struct line line;
};

static void bench_init(struct bench *b, int width, int height, enum fit fit)
{
    *b = (struct bench){0};
    b->order = (struct render_order){
        .profile = profile_default(), .limits = media_limits_default(), .fit = fit};
    b->job.order = &b->order;
    b->in.facts = (struct media_facts){.display_width = width,
                                       .display_height = height,
                                       .coded_width = width,
                                       .coded_height = height,
                                       .sar_num = 1,
                                       .sar_den = 1,
                                       .fps_num = 25,
                                       .fps_den = 1,
                                       .duration_us = 1000000};
    struct err e = {0};
    if (media_plan_make(&b->in.facts, &b->order, &b->plan, &e) < 0)
        fail_msg("plan: %s", e.text);
    b->line = (struct line){.job = &b->job, .plan = &b->plan, .in = &b->in};
}

static struct shape plain(int width, int height)
{
    struct shape s = {.width = width, .height = height, .format = AV_PIX_FMT_YUV420P};
    s.sar = (AVRational){1, 1};
    s.colour = (struct colour){1, 1, 1, false};
    s.way = colour_settle(&s.colour, width, height);
    return s;
}

/* A grey picture; of a format of 16 bits or less a component. */
static AVFrame *grey(const struct shape *s)
{
    AVFrame *f = av_frame_alloc();
    assert_non_null(f);
    f->format = s->format;
    f->width = s->width;
    f->height = s->height;
    f->colorspace = (enum AVColorSpace)s->colour.matrix;
    f->color_range = s->colour.full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    f->interlaced_frame = s->interlaced;
    f->sample_aspect_ratio = (AVRational){1, 1};
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    const AVComponentDescriptor *c = &av_pix_fmt_desc_get(s->format)->comp[0];
    int middle = 1 << (c->depth - 1 + c->shift);
    for (int i = 0; i < 4 && f->buf[i]; i++)
        for (size_t k = 0; k < f->buf[i]->size; k++)
            f->buf[i]->data[k] = (uint8_t)(c->depth <= 8 ? 128 : k % 2 ? middle >> 8 : middle);
    return f;
}

static void inout_freep(AVFilterInOut **io)
{
    avfilter_inout_free(io);
}

/* What the filters make of a picture. */
static AVFrame *through(const char *chain, AVFrame *in)
{
    char source[128];
    snprintf(source, sizeof(source), "video_size=%dx%d:pix_fmt=%d:time_base=1/25:pixel_aspect=1/1",
             in->width, in->height, in->format);
    AVFilterGraph *g = avfilter_graph_alloc();
    AVFilterContext *from = NULL, *to = NULL;
    assert_true(avfilter_graph_create_filter(&from, avfilter_get_by_name("buffer"), "in", source,
                                             NULL, g) >= 0);
    assert_true(avfilter_graph_create_filter(&to, avfilter_get_by_name("buffersink"), "out", NULL,
                                             NULL, g) >= 0);
    AUTO(inout_freep) AVFilterInOut *outs = avfilter_inout_alloc();
    AUTO(inout_freep) AVFilterInOut *ins = avfilter_inout_alloc();
    *outs = (AVFilterInOut){av_strdup("in"), from, 0, NULL};
    *ins = (AVFilterInOut){av_strdup("out"), to, 0, NULL};
    AVFrame *out = av_frame_alloc();
    bool made = avfilter_graph_parse_ptr(g, chain, &ins, &outs, NULL) >= 0 &&
                avfilter_graph_config(g, NULL) >= 0 && av_buffersrc_add_frame(from, in) >= 0 &&
                av_buffersrc_add_frame(from, NULL) >= 0 && av_buffersink_get_frame(to, out) >= 0;
    avfilter_graph_free(&g);
    if (!made)
        av_frame_free(&out);
    return out;
}

/* NULL, or what is wrong with what becomes of such a picture. */
static const char *wrong_with(const struct bench *b, const struct shape *s)
{
    static char said[400];
    AUTO(buf_clear) struct buf chain;
    buf_init(&chain, 2048);
    struct err e = {0};
    if (shape_filters(s, &b->line, &chain, &e) < 0)
        return "refused";
    if (!chain.len)
        return NULL;
    AUTO(av_frame_free) AVFrame *in = grey(s);
    AUTO(av_frame_free) AVFrame *out = through(chain.p, in);
    snprintf(said, sizeof(said), "%s", chain.p);
    if (!out)
        return said;
    if (out->format != AV_PIX_FMT_YUV420P || out->width != b->plan.width ||
        out->height != b->plan.height)
        return said;
    int u = out->data[1][out->linesize[1] * (out->height / 4) + out->width / 4];
    int v = out->data[2][out->linesize[2] * (out->height / 4) + out->width / 4];
    if (abs(u - 128) > 2 || abs(v - 128) > 2)
        snprintf(said, sizeof(said), "grey became %d, %d by %s", u, v, chain.p);
    else
        return NULL;
    return said;
}

static void every_colour_is_converted_or_refused(void **state)
{
    (void)state;
    enum { PRIMARIES = 23, TRANSFERS = 19, MATRICES = 15 };
    struct bench b;
    bench_init(&b, SIDE_W, SIDE_H, FIT_PAD);
    static bool done[2][PRIMARIES][TRANSFERS][MATRICES];
    int refused = 0, converted = 0;
    for (int p = 0; p < PRIMARIES; p++)
        for (int t = 0; t < TRANSFERS; t++)
            for (int m = 1; m < MATRICES; m++)
                for (int full = 0; full < 2; full++) {
                    struct shape s = plain(SIDE_W, SIDE_H);
                    s.format = AV_PIX_FMT_YUV420P10;
                    s.colour = (struct colour){p, t, m, full};
                    s.way = colour_settle(&s.colour, s.width, s.height);
                    bool *known =
                        &done[full][s.colour.primaries][s.colour.transfer][s.colour.matrix];
                    if (*known)
                        continue;
                    *known = true;
                    const char *wrong = wrong_with(&b, &s);
                    refused += s.way == COLOUR_UNKNOWN;
                    converted += s.way != COLOUR_UNKNOWN;
                    if (s.way == COLOUR_UNKNOWN)
                        assert_string_equal(wrong, "refused");
                    else if (wrong)
                        fail_msg("colours %d, %d, %d: %s", p, t, m, wrong);
                }
    assert_true(refused > 0 && converted > 100);
}

static void every_format_is_converted(void **state)
{
    (void)state;
    static const char *const names[] = {
        "yuv420p",     "yuvj420p", "yuv410p",  "yuv411p",  "yuvj411p",    "yuv422p",
        "yuv440p",     "yuv444p",  "nv12",     "nv21",     "p010le",      "yuyv422",
        "uyvy422",     "gray",     "gray10le", "ya8",      "yuva420p",    "yuva444p10le",
        "gbrp",        "gbrp10le", "gbrp12le", "rgb24",    "bgr24",       "rgba",
        "bgra",        "argb",     "rgb48le",  "rgba64le", "yuv420p12le", "yuv422p10le",
        "yuv444p12le", "gbrap",    "rgb555le", "rgb565le"};
    for (int interlaced = 0; interlaced < 2; interlaced++)
        for (int rotation = 0; rotation < 360; rotation += 90)
            for (size_t i = 0; i < LEN(names); i++) {
                struct bench b;
                bench_init(&b, SIDE_W, SIDE_H, rotation == 270 ? FIT_BLUR : FIT_PAD);
                struct shape s = plain(SIDE_W, SIDE_H);
                s.format = av_get_pix_fmt(names[i]);
                const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(s.format);
                s.interlaced = interlaced;
                s.rotation = rotation;
                s.colour = (struct colour){2, 2, d->flags & AV_PIX_FMT_FLAG_RGB ? 0 : 2, false};
                s.colour.full = d->flags & AV_PIX_FMT_FLAG_RGB || strchr(names[i], 'j');
                s.way = colour_settle(&s.colour, s.width, s.height);
                const char *wrong = wrong_with(&b, &s);
                /* packed pixels of few bits have no grey in the middle of each byte */
                if (wrong && !(strstr(wrong, "grey became") && strstr(names[i], "5")))
                    fail_msg("%s, turned by %d: %s", names[i], rotation, wrong);
            }
}

/* A picture of another shape further on, laid on the canvas that the first one has. */
static void another_shape_is_laid_on_the_same_canvas(void **state)
{
    (void)state;
    static const struct {
        int first_w, first_h, w, h;
        enum fit fit;
        int pic_w, pic_h, crop_w, crop_h;
    } rows[] = {
        {640, 360, 360, 640, FIT_PAD, 202, 360, 0, 0},
        {640, 360, 320, 180, FIT_PAD, 640, 360, 0, 0},
        {640, 360, 1280, 720, FIT_PAD, 640, 360, 0, 0},
        {640, 360, 360, 640, FIT_BLUR, 202, 360, 0, 0},
        {640, 360, 360, 640, FIT_CROP, 640, 360, 360, 202},
        {640, 360, 360, 640, FIT_STRETCH, 640, 360, 0, 0},
        {360, 640, 640, 360, FIT_PAD, 1138, 640, 0, 0},
        {320, 240, 640, 480, FIT_PAD, 320, 240, 0, 0},
        {640, 360, 2, 2, FIT_PAD, 360, 360, 0, 0},
        {640, 360, 1, 4000, FIT_PAD, 2, 360, 0, 0},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct bench b;
        struct media_plan p;
        bench_init(&b, rows[i].first_w, rows[i].first_h, rows[i].fit);
        media_plan_refit(&b.plan, rows[i].w, rows[i].h, rows[i].fit, &p);
        if (p.width != b.plan.width || p.height != b.plan.height || p.pic_width != rows[i].pic_w ||
            p.pic_height != rows[i].pic_h || p.crop_width != rows[i].crop_w ||
            p.crop_height != rows[i].crop_h)
            fail_msg("row %zu: %dx%d cut to %dx%d on %dx%d", i, p.pic_width, p.pic_height,
                     p.crop_width, p.crop_height, p.width, p.height);
    }
}

static void tiny_pictures_have_no_fields(void **state)
{
    (void)state;
    for (int side = 1; side < 9; side++) {
        struct bench b;
        bench_init(&b, side, side, FIT_PAD);
        AVStream stream = {.codecpar = avcodec_parameters_alloc()};
        AVStream *streams[] = {&stream};
        AVFormatContext fmt = {.streams = streams, .nb_streams = 1};
        b.in.fmt = &fmt;
        b.in.facts.interlaced = true;
        struct shape s = plain(side, side);
        s.interlaced = true;
        AUTO(av_frame_free) AVFrame *f = grey(&s);
        struct shape_seen seen = {0};
        s = shape_of(f, &b.in, &seen);
        assert_int_equal(s.interlaced, side >= 8);
        const char *wrong = wrong_with(&b, &s);
        if (wrong)
            fail_msg("%d pixels: %s", side, wrong);
        avcodec_parameters_free(&stream.codecpar);
    }
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_colour_is_converted_or_refused),
        cmocka_unit_test(every_format_is_converted),
        cmocka_unit_test(another_shape_is_laid_on_the_same_canvas),
        cmocka_unit_test(tiny_pictures_have_no_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
