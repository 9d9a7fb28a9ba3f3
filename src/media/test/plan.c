/* The plan as a table: a clip's facts and a wish in, shape, rate and time out. */
#include "media/plan.h"

#include "core/err.h"
#include "core/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *name;
    int w, h; /* as a viewer sees it */
    enum fit fit;
    int canvas_w, canvas_h, pic_w, pic_h;
    const char *says; /* in the reason */
};

static struct media_facts facts(int w, int h)
{
    return (struct media_facts){
        .video_codec = "h264",
        .audio_codec = "aac",
        .pixel_format = "yuv420p",
        .bit_depth = 8,
        .coded_width = w,
        .coded_height = h,
        .display_width = w,
        .display_height = h,
        .sar_num = 1,
        .sar_den = 1,
        .fps_num = 30,
        .fps_den = 1,
        .duration_us = 30000000,
        .audio_hz = 48000,
        .audio_channels = 2,
        .video_tracks = 1,
        .audio_tracks = 1,
    };
}

static struct render_order order(void)
{
    return (struct render_order){
        .op = RENDER_PROBE, .profile = profile_default(), .limits = media_limits_default()};
}

static struct media_plan planned(const struct media_facts *f, const struct render_order *o)
{
    struct media_plan p;
    struct err e = {0};
    if (media_plan_make(f, o, &p, &e) < 0)
        fail_msg("plan: %s", e.text);
    return p;
}

/* What holds for every plan. */
static void check_rules(const struct media_plan *p, const struct media_facts *f,
                        const struct render_order *o)
{
    assert_int_equal(p->width % 2 + p->height % 2 + p->pic_width % 2 + p->pic_height % 2, 0);
    assert_int_equal(p->pic_x % 2 + p->pic_y % 2, 0);
    assert_true(fabs(p->width - p->height * 16.0 / 9) <= 1);
    assert_true(p->width >= 64 && p->height >= 36);
    assert_true(p->width <= o->profile.max_width && p->height <= o->profile.max_height);
    assert_true(p->pic_width >= 2 && p->pic_height >= 2 && p->pic_x >= 0 && p->pic_y >= 0);
    assert_true(p->pic_x + p->pic_width <= p->width && p->pic_y + p->pic_height <= p->height);
    if (o->fit == FIT_PAD || o->fit == FIT_BLUR) { /* nothing is enlarged or bent */
        assert_true(p->pic_width <= f->display_width + 1 && p->pic_height <= f->display_height + 1);
        double was = (double)f->display_width / f->display_height;
        double slack = 0.009 + 2.0 / p->pic_width + 2.0 / p->pic_height;
        double off = fabs((double)p->pic_width / p->pic_height / was - 1);
        if (off > slack && was < 33 && was > 1.0 / 33 && f->display_width > 1 &&
            f->display_height > 1)
            fail_msg("%dx%d became %dx%d on %dx%d", f->display_width, f->display_height,
                     p->pic_width, p->pic_height, p->width, p->height);
    }
    if (p->crop_width) {
        assert_true(p->crop_x >= 0 && p->crop_x + p->crop_width <= f->display_width);
        assert_true(p->crop_y >= 0 && p->crop_y + p->crop_height <= f->display_height);
    }
    double fps = (double)p->fps_num / p->fps_den;
    assert_true(fps >= 0.999 && fps <= o->profile.max_fps * 1.001);
    assert_true(p->body_frames_max >= 1 && p->bumper_frames >= 0);
    assert_true((p->body_frames_max + 2 * p->bumper_frames) / fps * 1e6 <=
                fmax((double)o->profile.longest_us, 1e6 / fps) + 1);
    assert_true(p->path == PATH_ENCODE && strlen(p->reason) < REASON_SIZE);
}

static void every_shape_gets_its_canvas(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"16:9", 1920, 1080, FIT_PAD, 1920, 1080, 1920, 1080, ""},
        {"480x270", 480, 270, FIT_PAD, 480, 270, 480, 270, ""},
        {"16:9 and blur", 1280, 720, FIT_BLUR, 1280, 720, 1280, 720, ""},
        {"4:3", 640, 480, FIT_PAD, 854, 480, 640, 480, "picture is 4:3, padded to 16:9"},
        {"4:3 blur", 640, 480, FIT_BLUR, 854, 480, 640, 480, "padded with its own blur"},
        {"4:3 crop", 640, 480, FIT_CROP, 640, 360, 640, 360, "4:3, cropped to 16:9"},
        {"4:3 stretch", 640, 480, FIT_STRETCH, 854, 480, 854, 480, "4:3, stretched to 16:9"},
        {"9:16", 1080, 1920, FIT_PAD, 1920, 1080, 608, 1080, "picture is 9:16, padded"},
        {"9:16 small", 480, 854, FIT_PAD, 1518, 854, 480, 854, "9:16"},
        {"9:16 crop", 1080, 1920, FIT_CROP, 1080, 608, 1080, 608, "9:16, cropped"},
        {"4K portrait", 2160, 3840, FIT_PAD, 1920, 1080, 608, 1080, "scaled down to 608x1080"},
        {"1:1", 720, 720, FIT_PAD, 1280, 720, 720, 720, "1:1"},
        {"21:9", 2560, 1080, FIT_PAD, 1920, 1080, 1920, 810, "21:9, padded"},
        {"21:9 crop", 2560, 1080, FIT_CROP, 1920, 1080, 1920, 1080, "21:9, cropped"},
        {"854x480", 854, 480, FIT_PAD, 854, 480, 854, 480, ""},
        {"853x481", 853, 481, FIT_PAD, 854, 480, 854, 480, ""},
        {"853x480", 853, 480, FIT_CROP, 854, 480, 854, 480, ""},
        {"1366x768", 1366, 768, FIT_PAD, 1366, 768, 1366, 768, ""},
        {"1920x1088", 1920, 1088, FIT_PAD, 1920, 1080, 1920, 1080, "scaled down"},
        {"odd 4:3", 641, 481, FIT_PAD, 854, 480, 640, 480, "4:3"},
        {"4K", 3840, 2160, FIT_PAD, 1920, 1080, 1920, 1080, "scaled down to 1920x1080"},
        {"8K", 7680, 4320, FIT_PAD, 1920, 1080, 1920, 1080, "scaled down to 1920x1080"},
        {"anamorphic 16:11", 1047, 576, FIT_PAD, 1046, 588, 1046, 576, "padded to 16:9"},
        {"2x2", 2, 2, FIT_PAD, 64, 36, 2, 2, "padded"},
        {"1x1", 1, 1, FIT_PAD, 64, 36, 2, 2, "padded"},
        {"16x16 blur", 16, 16, FIT_BLUR, 64, 36, 16, 16, "blur"},
        {"32x18", 32, 18, FIT_PAD, 64, 36, 32, 18, "tiny"},
        {"2x2 crop", 2, 2, FIT_CROP, 64, 36, 64, 36, "cropped"},
        {"a ribbon", 1920, 60, FIT_PAD, 1920, 1080, 1920, 60, "1920x60, padded"},
        {"a column", 60, 1920, FIT_PAD, 1920, 1080, 34, 1080, "60x1920, padded"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct media_facts f = facts(r->w, r->h);
        struct render_order o = order();
        o.fit = r->fit;
        struct media_plan p = planned(&f, &o);
        if (p.width != r->canvas_w || p.height != r->canvas_h || p.pic_width != r->pic_w ||
            p.pic_height != r->pic_h || !strstr(p.reason, r->says))
            fail_msg("%s: canvas %dx%d pic %dx%d: %s", r->name, p.width, p.height, p.pic_width,
                     p.pic_height, p.reason);
        check_rules(&p, &f, &o);
    }
}

/* What the eye takes for 16:9 may stay as it is stored, if its size is the profile's. */
static void what_is_16_9_to_the_eye_may_stay(void **state)
{
    (void)state;
    static const struct {
        int w, h, sar_num, sar_den, tolerance;
        bool stays;
    } rows[] = {
        {1920, 1080, 1, 1, 0, true},   {848, 480, 1, 1, 10, true},
        {848, 480, 1, 1, 6, false},    {1920, 1080, 1281, 1280, 10, true},
        {427, 240, 1, 1, 10, true},    {800, 640, 64, 45, 10, true},
        {800, 640, 1, 1, 10, false},   {1366, 768, 1, 1, 10, true},
        {1920, 1088, 1, 1, 10, true},  {1916, 1078, 1, 1, 10, true},
        {1440, 1080, 4, 3, 10, true},  {1440, 1080, 1, 1, 30, false},
        {1920, 1104, 1, 1, 30, false}, {1936, 1088, 1, 1, 30, false},
        {854, 480, 1, 1, 0, true},     {640, 368, 1, 1, 10, false},
        {640, 368, 1, 1, 30, true},    {32, 18, 1, 1, 10, false},
        {1920, 540, 1, 2, 10, true},   {640, 360, 0, 0, 10, true},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct media_facts f = facts(rows[i].w, rows[i].h);
        struct render_order o = order();
        f.sar_num = rows[i].sar_num;
        f.sar_den = rows[i].sar_den;
        o.profile.shape_tolerance = rows[i].tolerance;
        if (planned(&f, &o).as_stored != rows[i].stays)
            fail_msg("%dx%d, pixels %d:%d, tolerance %d", f.coded_width, f.coded_height, f.sar_num,
                     f.sar_den, o.profile.shape_tolerance);
        f.rotation = 180;
        assert_false(planned(&f, &o).as_stored);
    }
}

static void every_size_keeps_the_rules(void **state)
{
    (void)state;
    for (int w = 1; w < 4000; w = w * 5 / 4 + 1)
        for (int h = 1; h < 4000; h = h * 6 / 5 + 1)
            for (int fit = 0; fit < FIT_COUNT_; fit++) {
                struct media_facts f = facts(w, h);
                struct render_order o = order();
                o.fit = (enum fit)fit;
                o.profile.max_width = w % 3 ? 1920 : 1000;
                struct media_plan p = planned(&f, &o);
                check_rules(&p, &f, &o);
            }
}

static void a_crop_is_the_middle_of_the_picture(void **state)
{
    (void)state;
    struct media_facts f = facts(640, 480);
    struct render_order o = order();
    o.fit = FIT_CROP;
    struct media_plan p = planned(&f, &o);
    assert_int_equal(p.crop_width, 640);
    assert_int_equal(p.crop_height, 360);
    assert_int_equal(p.crop_x, 0);
    assert_int_equal(p.crop_y, 60);
    f = facts(1920, 1080);
    p = planned(&f, &o);
    assert_int_equal(p.crop_width, 0);
    assert_int_equal(p.fit, FIT_PAD);
}

static void every_rate_becomes_a_sane_constant_one(void **state)
{
    (void)state;
    static const struct {
        int num, den;
        bool variable;
        int max_fps, out_num, out_den;
        bool resampled;
    } rows[] = {
        {30, 1, false, 60, 30, 1, false},
        {25, 1, false, 60, 25, 1, false},
        {30000, 1001, false, 60, 30000, 1001, false},
        {6001, 200, false, 60, 6001, 200, false},
        {45000, 1499, false, 60, 45000, 1499, false},
        {50, 2, false, 60, 25, 1, false},
        {24, 1, false, 60, 24, 1, false},
        {16, 1, false, 60, 16, 1, false},
        {29, 2, false, 60, 29, 2, false},
        {120, 1, false, 60, 60, 1, true},
        {240, 1, false, 60, 60, 1, true},
        {120000, 1001, false, 60, 60000, 1001, true},
        {90, 1, false, 60, 45, 1, true},
        {50, 1, false, 30, 25, 1, true},
        {60, 1, false, 24, 20, 1, true},
        {1000, 1, false, 60, 30, 1, true},
        {90000, 1, true, 60, 30, 1, true},
        {0, 0, false, 60, 30, 1, true},
        {1, 2, false, 60, 1, 1, true},
        {1, 1000000, false, 60, 30, 1, true},
        {2940, 100, true, 60, 30000, 1001, true},
        {137, 10, true, 60, 15, 1, true},
        {119, 1, true, 60, 60, 1, true},
        {30, 1, true, 60, 30, 1, true},
        {30, 1, false, 1, 1, 1, true},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct media_facts f = facts(1920, 1080);
        f.fps_num = rows[i].num;
        f.fps_den = rows[i].den;
        f.variable_rate = rows[i].variable;
        struct render_order o = order();
        o.profile.max_fps = rows[i].max_fps;
        struct media_plan p = planned(&f, &o);
        if (p.fps_num != rows[i].out_num || p.fps_den != rows[i].out_den ||
            p.resample_time != rows[i].resampled)
            fail_msg("%d/%d: %d/%d, resampled %d", f.fps_num, f.fps_den, p.fps_num, p.fps_den,
                     p.resample_time);
        check_rules(&p, &f, &o);
    }
}

static void a_rate_is_the_standard_one_that_a_container_rounded(void **state)
{
    (void)state;
    static const struct {
        double fps;
        int num, den;
    } rows[] = {
        {30, 30, 1},     {29.97, 30000, 1001}, {23.976, 24000, 1001}, {59.94, 60000, 1001},
        {30.005, 30, 1}, {30.02, 1501, 50},    {14.5, 29, 2},         {0.5, 1, 2},
        {1.0 / 3, 1, 3}, {14.9, 149, 10},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        int num, den;
        media_rate_snap(rows[i].fps, &num, &den);
        if (num != rows[i].num || den != rows[i].den)
            fail_msg("%.4f: %d/%d", rows[i].fps, num, den);
    }
}

/* The rate of a clip's facts, the plan of them, and the plan of what the reel's facts are then.
 * how: the function that gave it. */
static void check_rate(double fps, int num, int den, const char *how)
{
    int again_num, again_den;
    struct render_order o = order();
    struct media_facts f = facts(1920, 1080);
    if (strcmp(how, "snap") == 0)
        media_rate_snap((double)num / den, &again_num, &again_den);
    else
        media_rate_near((double)num / den, &again_num, &again_den);
    if (num != again_num || den != again_den)
        fail_msg("%s %.9f: %d/%d, then %d/%d", how, fps, num, den, again_num, again_den);
    double off = fabs((double)num / den / fps - 1);
    if (off > (strcmp(how, "snap") == 0 ? 0.000405 : 0.000005) && off * fps > 1.0 / 30000)
        fail_msg("%s %.9f: %d/%d", how, fps, num, den);
    f.fps_num = num;
    f.fps_den = den;
    struct media_plan p = planned(&f, &o);
    if (!p.resample_time && (p.fps_num != num || p.fps_den != den))
        fail_msg("%s %.9f: facts %d/%d, plan %d/%d", how, fps, num, den, p.fps_num, p.fps_den);
    f.fps_num = p.fps_num;
    f.fps_den = p.fps_den;
    struct media_plan reel = planned(&f, &o);
    if (reel.resample_time || reel.fps_num != p.fps_num || reel.fps_den != p.fps_den ||
        reel.bumper_frames != p.bumper_frames || reel.body_frames_max != p.body_frames_max)
        fail_msg("%s %.9f: plan %d/%d, of its reel %d/%d", how, fps, p.fps_num, p.fps_den,
                 reel.fps_num, reel.fps_den);
    check_rules(&p, &f, &o);
}

static uint64_t dice(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void a_rate_is_decided_once_and_stays(void **state)
{
    (void)state;
    enum { RATES = 10000, BITS = 31 };
    uint64_t seed = 0x5eed5eed5eed5eed;
    for (int i = 0; i < RATES; i++) {
        /* a denominator of any number of bits, and what of it is from 1/10 to 240 a second */
        int den = 1 + (int)(dice(&seed) >> (64 - 1 - dice(&seed) % (BITS - 1)));
        double fps = pow(10, -1 + 3.38 * (double)(dice(&seed) % 1000000) / 1e6);
        double num = round(fmax(fmin(fps * den, INT32_MAX), 1));
        if (num / den < 0.1 || num / den > 240)
            continue;
        int n, d;
        media_rate_snap(num / den, &n, &d);
        check_rate(num / den, n, d, "snap");
        media_rate_near(num / den, &n, &d);
        check_rate(num / den, n, d, "near");
    }
}

static void the_reel_is_never_longer_than_the_profile_says(void **state)
{
    (void)state;
    static const struct {
        int64_t bumper_us, longest_us;
        int num, den;
        int64_t bumper, body;
    } rows[] = {
        {2000000, 20000000, 30, 1, 60, 480}, {2000000, 20000000, 30000, 1001, 60, 479},
        {2000000, 20000000, 25, 1, 50, 400}, {0, 20000000, 25, 1, 0, 500},
        {1500000, 20000000, 24, 1, 36, 408}, {2000000, 4000000, 30, 1, 40, 40},
        {10000000, 1000000, 30, 1, 10, 10},  {2000000, 5000000, 30, 1, 60, 30},
        {10000000, 1000000, 1, 1, 0, 1},     {333333, 20000000, 60, 1, 20, 1160},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct media_facts f = facts(1920, 1080);
        f.fps_num = rows[i].num;
        f.fps_den = rows[i].den;
        struct render_order o = order();
        o.profile.bumper_us = rows[i].bumper_us;
        o.profile.longest_us = rows[i].longest_us;
        struct media_plan p = planned(&f, &o);
        if (p.bumper_frames != rows[i].bumper || p.body_frames_max != rows[i].body)
            fail_msg("row %zu: bumper %lld body %lld", i, (long long)p.bumper_frames,
                     (long long)p.body_frames_max);
        check_rules(&p, &f, &o);
    }
}

static void a_start_must_lie_inside_the_clip(void **state)
{
    (void)state;
    struct media_facts f = facts(640, 360);
    struct render_order o = order();
    struct media_plan p;
    static const int64_t bad[] = {30000000, 40000000, -1};
    for (size_t i = 0; i < LEN(bad); i++) {
        struct err e = {0};
        o.start_us = bad[i];
        assert_int_equal(media_plan_make(&f, &o, &p, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_int_equal(e.msg, MSG_START_BEYOND_END);
    }
    o.start_us = 29999999;
    p = planned(&f, &o);
    assert_int_equal(p.start_us, 29999999);
    f.duration_us = 0; /* a length that nobody knows refuses nothing */
    o.start_us = 40000000;
    p = planned(&f, &o);
    assert_int_equal(p.start_us, 40000000);
}

static void the_reason_names_what_is_done(void **state)
{
    (void)state;
    struct render_order o = order();
    struct media_facts f = facts(1080, 1920);
    f.rotation = 90;
    f.hdr = true;
    f.bit_depth = 10;
    f.interlaced = true;
    f.audio_channels = 6;
    f.variable_rate = true;
    o.force_encode = true;
    struct media_plan p = planned(&f, &o);
    assert_true(p.deinterlace && p.tone_map && p.rotation == 90 && !p.silent);
    assert_non_null(strstr(p.reason, "encoding was asked for; picture is 9:16, padded"));
    assert_non_null(strstr(p.reason, "turned 90 degrees"));
    assert_non_null(strstr(p.reason, "HDR"));

    f = facts(1920, 1080);
    f.audio_channels = 6;
    o.force_encode = false;
    assert_string_equal(planned(&f, &o).reason, "sound is 5.1, mixed to stereo");
    f.audio_channels = 1;
    assert_string_equal(planned(&f, &o).reason, "sound is mono, made stereo");
    f.audio_codec[0] = '\0';
    p = planned(&f, &o);
    assert_true(p.silent);
    assert_string_equal(p.reason, "sound cannot be read, silence instead");
    f.audio_tracks = 0;
    assert_string_equal(planned(&f, &o).reason, "no sound, silence instead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_gets_its_canvas),
        cmocka_unit_test(what_is_16_9_to_the_eye_may_stay),
        cmocka_unit_test(every_size_keeps_the_rules),
        cmocka_unit_test(a_crop_is_the_middle_of_the_picture),
        cmocka_unit_test(every_rate_becomes_a_sane_constant_one),
        cmocka_unit_test(a_rate_is_the_standard_one_that_a_container_rounded),
        cmocka_unit_test(a_rate_is_decided_once_and_stays),
        cmocka_unit_test(the_reel_is_never_longer_than_the_profile_says),
        cmocka_unit_test(a_start_must_lie_inside_the_clip),
        cmocka_unit_test(the_reason_names_what_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
