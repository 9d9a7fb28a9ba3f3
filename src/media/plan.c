/* Makes the plan, in the order of its questions: the rate, the time, the shape, and the sentence
 * that gives the reason. Shape calculations use the viewer's picture (upright, square pixels):
 *   content   the picture, or the part of it that FIT_CROP keeps
 *   canvas    the smallest 16:9 around the content, inside the profile's box
 *   pic       the content, scaled down when the canvas had to be smaller; never scaled up
 * A picture that is 16:9 within the profile's tolerance fills its canvas: a stretch of half a
 * percent is invisible, and a thin bar is not. */
#include "media/plan.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"

#include <math.h>

enum {
    CANVAS_MIN_HEIGHT = 36, /* 64x36: encoders and players dislike less */
    FPS_UNKNOWN = 30,
    FPS_NONSENSE = 480, /* above: a clock's rate, not a picture's */
    DEN_MAX = 1001,
    DEN_MAX_FINE = 30000, /* where that does not come near enough */
    BLOCK = 16,           /* a copied picture may fill its last blocks: 1920x1088 */
};
#define OFF_MAX 2e-6 /* relative error of a rate: an eighth of a picture in 65536 */

struct rate {
    int num, den;
};
/* Standard rates, sorted; a clip of varying rate becomes one of them. */
static const struct rate rates[] = {
    {5, 1},  {10, 1},       {12, 1},        {15, 1},  {20, 1},        {24000, 1001}, {24, 1},
    {25, 1}, {30000, 1001}, {30, 1},        {48, 1},  {50, 1},        {60000, 1001}, {60, 1},
    {90, 1}, {100, 1},      {120000, 1001}, {120, 1}, {240000, 1001}, {240, 1},
};

static double rate_fps(struct rate r)
{
    return (double)r.num / r.den;
}

static int common_divisor(int a, int b)
{
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct rate lowest(int num, int den)
{
    int d = common_divisor(num, den);
    return (struct rate){num / d, den / d};
}

/* How far off it is goes to *off, as a part of fps. */
static struct rate nearest_fraction(double fps, int den_max, double *off)
{
    struct rate best = {1, 1};
    *off = INFINITY;
    for (int d = 1; d <= den_max && *off > 0; d++) {
        double n = fmax(round(fps * d), 1);
        double this_off = fabs(n / d / fps - 1);
        if (this_off < *off && n <= INT32_MAX) {
            *off = this_off;
            best = (struct rate){(int)n, d};
        }
    }
    return lowest(best.num, best.den);
}

static struct rate near(double fps)
{
    double off;
    struct rate r = nearest_fraction(fps, DEN_MAX, &off);
    return off <= OFF_MAX ? r : nearest_fraction(fps, DEN_MAX_FINE, &off);
}

void media_rate_near(double fps, int *num, int *den)
{
    /* a fine fraction may lie near a standard rate although fps did not */
    struct rate r = near(rate_fps(near(fps)));
    *num = r.num;
    *den = r.den;
}

void media_rate_snap(double fps, int *num, int *den)
{
    media_rate_near(fps, num, den);
    fps = (double)*num / *den;
    size_t best = 0;
    for (size_t i = 1; i < LEN(rates); i++)
        if (fabs(rate_fps(rates[i]) - fps) < fabs(rate_fps(rates[best]) - fps))
            best = i;
    /* 30000/1001 and 30 lie 0.1 % apart; containers round to 0.03 % */
    if (fabs(fps / rate_fps(rates[best]) - 1) < 0.0004) {
        *num = rates[best].num;
        *den = rates[best].den;
    }
}

/* A varying clip becomes the nearest standard rate that the profile allows. */
static struct rate nearest_standard(double fps, int max_fps)
{
    struct rate best = rates[0];
    for (size_t i = 1; i < LEN(rates); i++)
        if (rate_fps(rates[i]) <= max_fps &&
            fabs(log(rate_fps(rates[i]) / fps)) < fabs(log(rate_fps(best) / fps)))
            best = rates[i];
    return best;
}

static void plan_rate(const struct media_facts *f, const struct profile *p, struct media_plan *out)
{
    double fps = f->fps_num > 0 && f->fps_den > 0 ? (double)f->fps_num / f->fps_den : 0;
    bool known = fps >= 1.0 / 60 && fps <= FPS_NONSENSE;
    struct rate r = known ? lowest(f->fps_num, f->fps_den) : (struct rate){FPS_UNKNOWN, 1};
    if (f->variable_rate || !known) {
        r = nearest_standard(rate_fps(r), p->max_fps);
        out->resample_time = true;
    }
    /* whole divisors and multiples keep the rhythm: 120 becomes 60, half a picture a second 1 */
    int over = 1;
    while ((double)r.num / ((double)r.den * over) > p->max_fps * 1.0001)
        over++;
    int under = 1;
    while ((int64_t)r.num * under < r.den)
        under++;
    out->resample_time |= over > 1 || under > 1;
    int64_t num = (int64_t)r.num * under, den = (int64_t)r.den * over;
    if (num <= INT32_MAX && den <= INT32_MAX)
        r = lowest((int)num, (int)den);
    else /* of facts that are not ours */
        media_rate_near((double)num / (double)den, &r.num, &r.den);
    out->fps_num = r.num;
    out->fps_den = r.den;
}

static int plan_time(const struct media_facts *f, const struct render_order *order,
                     struct media_plan *out, struct err *e)
{
    if (order->start_us < 0 || (f->duration_us > 0 && order->start_us >= f->duration_us))
        return err_msg(e, MSG_START_BEYOND_END, "plan: start %lld us, clip lasts %lld us",
                       (long long)order->start_us, (long long)f->duration_us);
    const struct profile *p = &order->profile;
    double fps = (double)out->fps_num / out->fps_den;
    int64_t all = (int64_t)floor((double)p->longest_us * fps / 1e6 + 1e-6);
    int64_t bumper = llround((double)p->bumper_us * fps / 1e6);
    if (all < 1)
        all = 1;
    /* bumpers that would leave nothing of the clip give way */
    int64_t body_least = all / 3 > 1 ? all / 3 : 1;
    if (all - 2 * bumper < 1)
        bumper = (all - body_least) / 2;
    out->start_us = order->start_us;
    out->bumper_frames = bumper;
    out->body_frames_max = all - 2 * bumper;
    return 0;
}

static int even_down(double v, int least)
{
    int n = (int)(v + 1e-9) & ~1;
    return n < least ? least : n;
}

static int even_near(double v)
{
    return (int)round(v / 2) * 2;
}

static int width_for(int h)
{
    return even_near(h * 16.0 / 9);
}

bool media_is_16_9(double w, double h, double pixel, int tolerance)
{
    double off = fabs(w * pixel - h * 16 / 9);
    return off <= h * 16 / 9 * (tolerance / 1e3 + 1e-9) || off <= 1;
}

static int whole_blocks(int side)
{
    return (side + BLOCK - 1) / BLOCK * BLOCK;
}

/* Whether the pictures may stay as they are stored, whatever the shape of their pixels. */
static bool may_stay(const struct media_facts *f, const struct profile *p)
{
    int w = f->coded_width, h = f->coded_height;
    double pixel = f->sar_num > 0 && f->sar_den > 0 ? (double)f->sar_num / f->sar_den : 1;
    return !f->rotation && !f->mirrored && w <= whole_blocks(p->max_width) &&
           h <= whole_blocks(p->max_height) && w >= CANVAS_MIN_HEIGHT * 16 / 9 &&
           h >= CANVAS_MIN_HEIGHT && media_is_16_9(w, h, pixel, p->shape_tolerance);
}

/* The largest canvas that the profile allows. */
static void canvas_limit(const struct profile *p, int *w, int *h)
{
    *h = even_down(fmin(p->max_height, p->max_width * 9.0 / 16), CANVAS_MIN_HEIGHT);
    while (*h > CANVAS_MIN_HEIGHT && width_for(*h) > p->max_width)
        *h -= 2;
    *w = width_for(*h);
}

/* The smallest canvas around w x h, inside the profile's box. */
static void plan_canvas(double w, double h, const struct profile *p, struct media_plan *out)
{
    int most_w, most_h;
    canvas_limit(p, &most_w, &most_h);
    int high = media_is_16_9(w, h, 1, p->shape_tolerance) ? even_down(h, CANVAS_MIN_HEIGHT)
               : w / h > 16.0 / 9                         ? even_near(w * 9 / 16)
                                                          : even_down(h, CANVAS_MIN_HEIGHT);
    if (high < CANVAS_MIN_HEIGHT)
        high = CANVAS_MIN_HEIGHT;
    if (high > most_h)
        high = most_h;
    out->height = high;
    out->width = high == most_h ? most_w : width_for(high);
}

/* Cuts the middle 16:9 out of w x h. */
static void plan_crop(double *w, double *h, struct media_plan *out)
{
    double cut_w = fmin(*w, *h * 16 / 9), cut_h = fmin(*h, *w * 9 / 16);
    out->crop_width = even_near(fmin(cut_w, even_down(*w, 2)));
    out->crop_height = even_near(fmin(cut_h, even_down(*h, 2)));
    if (out->crop_width > *w || out->crop_height > *h || !out->crop_width || !out->crop_height) {
        out->crop_width = 0; /* a picture of one column or row */
        return;
    }
    out->crop_x = (int)(*w - out->crop_width) / 4 * 2;
    out->crop_y = (int)(*h - out->crop_height) / 4 * 2;
    *w = out->crop_width;
    *h = out->crop_height;
}

/* Lays w x h on the canvas. grow: it may be made larger, to touch two sides. */
static void plan_lay(double w, double h, enum fit fit, bool grow, struct media_plan *out)
{
    bool fills = media_is_16_9(w, h, 1, out->tolerance);
    if (fit == FIT_CROP && !fills)
        plan_crop(&w, &h, out);
    bool tiny = !grow && w < out->width - 1 && h < out->height - 1;
    if ((fills && !tiny) || fit == FIT_CROP || fit == FIT_STRETCH) {
        out->pic_width = out->width;
        out->pic_height = out->height;
    } else {
        double scale = fmin(out->width / w, out->height / h);
        if (!grow)
            scale = fmin(scale, 1);
        int pw = even_near(w * scale), ph = even_near(h * scale);
        /* one pixel of rounding is not enlarging; but stay on the canvas */
        pw = pw < 2 ? 2 : pw > out->width ? out->width : pw;
        ph = ph < 2 ? 2 : ph > out->height ? out->height : ph;
        out->pic_width = pw;
        out->pic_height = ph;
    }
    out->pic_x = (out->width - out->pic_width) / 4 * 2;
    out->pic_y = (out->height - out->pic_height) / 4 * 2;
    bool covered = out->pic_width == out->width && out->pic_height == out->height;
    out->fit = fills || (covered && fit == FIT_BLUR) ? FIT_PAD : fit;
}

static void plan_shape(const struct media_facts *f, const struct render_order *order,
                       struct media_plan *out)
{
    double w = f->display_width, h = f->display_height;
    double kept_w = w, kept_h = h;
    out->sar_num = out->sar_den = 1;
    out->tolerance = order->profile.shape_tolerance;
    out->as_stored = may_stay(f, &order->profile);
    if (order->fit == FIT_CROP && !media_is_16_9(w, h, 1, out->tolerance))
        plan_crop(&kept_w, &kept_h, out);
    plan_canvas(kept_w, kept_h, &order->profile, out);
    plan_lay(w, h, order->fit, false, out);
}

void media_plan_refit(const struct media_plan *p, int width, int height, enum fit fit,
                      struct media_plan *out)
{
    *out = *p;
    out->crop_width = out->crop_height = out->crop_x = out->crop_y = 0;
    plan_lay(width, height, fit, true, out);
}

/* Puts one piece of the sentence; pieces that do not fit are left out whole. */
__attribute__((format(printf, 2, 3))) static void say(struct media_plan *out, const char *fmt, ...)
{
    char piece[REASON_SIZE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(piece, sizeof(piece), fmt, ap);
    va_end(ap);
    size_t used = strlen(out->reason);
    if (used + 2 + strlen(piece) < sizeof(out->reason))
        snprintf(out->reason + used, sizeof(out->reason) - used, "%s%s", used ? "; " : "", piece);
}

static const char *shape_name(const struct media_facts *f, char *text, size_t size)
{
    static const struct {
        int w, h;
    } known[] = {{16, 9}, {4, 3}, {3, 2}, {1, 1}, {9, 16}, {3, 4}, {2, 3}, {2, 1}, {21, 9}, {5, 4}};
    double aspect = (double)f->display_width / f->display_height;
    for (size_t i = 0; i < LEN(known); i++) {
        double off = fabs(aspect * known[i].h / known[i].w - 1);
        /* "21:9" is sold for 64:27 and for 43:18 */
        if (off < (known[i].w == 21 ? 0.03 : 0.008)) {
            snprintf(text, size, "%d:%d", known[i].w, known[i].h);
            return text;
        }
    }
    snprintf(text, size, "%dx%d", f->display_width, f->display_height);
    return text;
}

static void say_shape(const struct media_facts *f, struct media_plan *out)
{
    static const char *const done[] = {"padded", "padded with its own blur", "cropped",
                                       "stretched"};
    char name[32];
    if (!media_is_16_9(f->display_width, f->display_height, 1, out->tolerance))
        say(out, "picture is %s, %s to 16:9", shape_name(f, name, sizeof(name)), done[out->fit]);
    else if (out->pic_width < out->width)
        say(out, "picture is tiny, padded to %dx%d", out->width, out->height);
    if (out->crop_width == 0 && out->fit != FIT_STRETCH &&
        (out->pic_width + 2 < f->display_width || out->pic_height + 2 < f->display_height))
        say(out, "%dx%d scaled down to %dx%d", f->display_width, f->display_height, out->pic_width,
            out->pic_height);
    else if (f->display_width > out->width + 2 || f->display_height > out->height + 2)
        if (out->crop_width == 0 || out->crop_height > out->height + 2)
            say(out, "scaled down to %dx%d", out->width, out->height);
    if (f->sar_num != f->sar_den && f->sar_num > 0)
        say(out, "pixels are %d:%d, made square", f->sar_num, f->sar_den);
    if (f->mirrored)
        say(out, "mirrored as its file asks");
    if (f->rotation)
        say(out, "turned %d degrees", f->rotation);
}

static void say_picture(const struct media_facts *f, struct media_plan *out)
{
    if (out->deinterlace)
        say(out, "interlaced, made progressive");
    if (out->tone_map)
        say(out, "HDR, mapped to standard range");
    else if (f->bit_depth > 8)
        say(out, "%d-bit picture made 8-bit", f->bit_depth);
    if (strstr(f->pixel_format, "422") || strstr(f->pixel_format, "444"))
        say(out, "colour reduced to 4:2:0");
    if (f->video_codec[0] && strcmp(f->video_codec, "h264") != 0)
        say(out, "%s made h264", f->video_codec);
    double fps = (double)out->fps_num / out->fps_den;
    double was = f->fps_den > 0 ? (double)f->fps_num / f->fps_den : 0;
    if (f->variable_rate)
        say(out, "rate varies, made constant at %.4g", fps);
    else if (out->resample_time && was > 0)
        say(out, "%.4g pictures a second made %.4g", was, fps);
    else if (out->resample_time)
        say(out, "rate is unknown, taken as %.4g", fps);
}

static void say_sound(const struct media_facts *f, struct media_plan *out)
{
    int n = f->audio_channels;
    if (out->silent)
        say(out, f->audio_tracks ? "sound cannot be read, silence instead"
                                 : "no sound, silence instead");
    else if (n == 1)
        say(out, "sound is mono, made stereo");
    else if (n == 6 || n == 8)
        say(out, "sound is %d.1, mixed to stereo", n - 1);
    else if (n > 2)
        say(out, "sound has %d channels, mixed to stereo", n);
}

int media_plan_make(const struct media_facts *f, const struct render_order *order,
                    struct media_plan *out, struct err *e)
{
    struct media_plan plan = {
        .path = PATH_ENCODE,
        .deinterlace = f->interlaced,
        .tone_map = f->hdr,
        .rotation = f->rotation,
        .mirrored = f->mirrored,
        .audio_hz = order->profile.audio_hz,
        .careful = order->careful,
        .silent = !f->audio_codec[0] || f->audio_hz <= 0 || f->audio_channels <= 0,
    };
    plan_rate(f, &order->profile, &plan);
    if (plan_time(f, order, &plan, e) < 0)
        return -1;
    plan_shape(f, order, &plan);
    if (order->force_encode)
        say(&plan, "encoding was asked for");
    say_shape(f, &plan);
    say_picture(f, &plan);
    size_t before = strlen(plan.reason);
    say_sound(f, &plan);
    str_copy(plan.sound, sizeof(plan.sound), plan.reason + before);
    if (before && *plan.sound)
        str_copy(plan.sound, sizeof(plan.sound), plan.reason + before + strlen("; "));
    *out = plan;
    return 0;
}
