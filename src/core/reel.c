#include "core/reel.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"

static const char *const fit_names[] = {"pad", "blur", "crop", "stretch"};
static const char *const path_names[] = {"none", "copy", "encode"};
_Static_assert(LEN(fit_names) == FIT_COUNT_ && LEN(path_names) == PATH_COUNT_, "a name each");

const char *fit_name(enum fit f)
{
    return fit_names[f];
}

bool fit_from_name(const char *name, enum fit *out)
{
    for (size_t i = 0; i < LEN(fit_names); i++)
        if (strcmp(name, fit_names[i]) == 0) {
            *out = (enum fit)i;
            return true;
        }
    return false;
}

const char *path_name(enum path p)
{
    return path_names[p];
}

struct profile profile_default(void)
{
    return (struct profile){
        .bumper_us = 2000000,
        .longest_us = 20000000,
        .fit = FIT_PAD,
        .max_width = 1920,
        .max_height = 1080,
        .max_fps = 60,
        .crf = 21,
        .preset = "veryfast",
        .audio_bits_per_s = 128000,
        .audio_hz = 48000,
    };
}

struct media_limits media_limits_default(void)
{
    return (struct media_limits){
        .max_pixels = 8192 * 4352,
        .max_duration_us = INT64_C(24) * 3600 * 1000000,
        .max_gap_us = 60 * INT64_C(1000000),
        .max_streams = 16,
        .probe_bytes = 5 * 1024 * 1024,
        .max_alloc = 512 * 1024 * 1024,
        .threads = 0,
    };
}

static bool text_ok(const char *s, size_t size)
{
    size_t n = strnlen(s, size);
    return n < size && str_utf8_clean((struct str){s, n});
}

static bool within(int64_t v, int64_t max)
{
    return v >= 0 && v <= max;
}

int media_facts_check(const struct media_facts *f, struct err *e)
{
    const int64_t year_us = INT64_C(366) * 86400 * 1000000;
    const int side = 1 << 20;
    const char *bad = NULL;
    if (!text_ok(f->container, sizeof(f->container)) ||
        !text_ok(f->video_codec, sizeof(f->video_codec)) ||
        !text_ok(f->audio_codec, sizeof(f->audio_codec)) ||
        !text_ok(f->video_profile, sizeof(f->video_profile)) ||
        !text_ok(f->pixel_format, sizeof(f->pixel_format)))
        bad = "a text";
    else if (!within(f->bytes, INT64_MAX / 2) || !within(f->duration_us, year_us) ||
             !within(f->audio_duration_us, year_us))
        bad = "a length";
    else if (!within(f->coded_width, side) || !within(f->coded_height, side) ||
             !within(f->display_width, side) || !within(f->display_height, side))
        bad = "a size";
    else if (f->rotation % 90 || !within(f->rotation, 270))
        bad = "the rotation";
    else if (!within(f->fps_num, INT32_MAX) || !within(f->fps_den, INT32_MAX) ||
             !within(f->sar_num, INT32_MAX) || !within(f->sar_den, INT32_MAX))
        bad = "a ratio";
    else if (!within(f->bit_depth, 64) || !within(f->frames, INT32_MAX) ||
             !within(f->audio_hz, 1 << 20) || !within(f->audio_channels, 1024) ||
             !within(f->video_tracks, 1024) || !within(f->audio_tracks, 1024))
        bad = "a count";
    return bad ? err_set(e, ERR_INPUT, "facts: %s is out of range", bad) : 0;
}

int render_report_check(const struct render_report *r, struct err *e)
{
    const int64_t day_us = INT64_C(86400) * 1000000;
    if (media_facts_check(&r->in, e) < 0 || media_facts_check(&r->out, e) < 0)
        return -1;
    if ((unsigned)r->path >= PATH_COUNT_ || !text_ok(r->reason, sizeof(r->reason)) ||
        !within(r->poster_bytes, INT32_MAX) || !within(r->body_us, day_us) ||
        r->sync_us < -day_us || r->sync_us > day_us || !within(r->wall_us, day_us) ||
        !within(r->peak_memory_bytes, INT64_MAX / 2))
        return err_set(e, ERR_INPUT, "report: a value is out of range");
    return 0;
}
