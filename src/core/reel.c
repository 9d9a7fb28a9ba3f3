#include "core/reel.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"

static const char *const fits[] = {"pad", "blur", "crop", "stretch", NULL};
static const char *const path_names[] = {"none", "copy", "encode"};
static const char *const receipt_names[] = {"form",    "times", "shape", "length",
                                            "bumpers", "seams", "sync"};
_Static_assert(LEN(fits) == FIT_COUNT_ + 1 && LEN(path_names) == PATH_COUNT_ &&
                   LEN(receipt_names) == RECEIPT_ITEMS,
               "a name each");

const char *fit_name(enum fit f)
{
    return fits[f];
}

bool fit_from_name(const char *name, enum fit *out)
{
    for (size_t i = 0; i < FIT_COUNT_; i++)
        if (strcmp(name, fits[i]) == 0) {
            *out = (enum fit)i;
            return true;
        }
    return false;
}

const char *const *fit_names(void)
{
    return fits;
}

const char *path_name(enum path p)
{
    return path_names[p];
}

const char *receipt_item_name(enum receipt_item i)
{
    return receipt_names[i];
}

enum msg reel_warning_message(enum reel_warning w)
{
    static const enum msg messages[] = {
        [WARNING_SOUND_UNREADABLE] = MSG_SOUND_UNREADABLE,
        [WARNING_SOUND_OTHER] = MSG_SOUND_OTHER,
        [WARNING_SOUND_DAMAGED] = MSG_SOUND_DAMAGED,
        [WARNING_PICTURES_DAMAGED] = MSG_PICTURES_DAMAGED,
        [WARNING_CLIP_CUT] = MSG_CLIP_CUT,
    };
    _Static_assert(LEN(messages) == REEL_WARNINGS, "a message each");
    return messages[w];
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
        .shape_tolerance = 10,
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

/* Whole blocks, of which not more than a few are cut off. */
static bool blocks_fine(int coded, int shown)
{
    enum { BLOCK = 16, HIDDEN_MOST = 128 };
    return coded % BLOCK == 0 && coded >= shown && coded - shown < HIDDEN_MOST;
}

int bumper_shape_check(const struct bumper_shape *b, struct err *e)
{
    enum { SIDE_LEAST = 16, SIDE_MOST = 8192, FRAMES_MOST = 2400 };
    const char *bad = NULL;
    if (b->width < SIDE_LEAST || b->width > SIDE_MOST || b->height < SIDE_LEAST ||
        b->height > SIDE_MOST || b->width % 2 || b->height % 2)
        bad = "the size";
    else if (!blocks_fine(b->coded_width, b->width) || !blocks_fine(b->coded_height, b->height) ||
             !within(b->sar_num, UINT16_MAX) || !within(b->sar_den, UINT16_MAX) ||
             !b->sar_num != !b->sar_den)
        bad = "the blocks or the pixels";
    else if (b->fps_num <= 0 || b->fps_den <= 0 || b->fps_num / b->fps_den > 240 ||
             b->fps_num < b->fps_den)
        bad = "the rate";
    else if (b->frames <= 0 || b->frames > FRAMES_MOST)
        bad = "the length";
    else if ((b->profile_idc != 66 && b->profile_idc != 77 && b->profile_idc != 100) ||
             !within(b->constraints, 255) || !within(b->level_idc, 62) || !within(b->set_id, 31))
        bad = "a number of its parameter sets";
    else if (!within(b->primaries, 255) || !within(b->transfer, 255) || !within(b->matrix, 255))
        bad = "the colour";
    else if (!within(b->crf, 51) || !text_ok(b->preset, sizeof(b->preset)))
        bad = "the quality";
    return bad ? err_set(e, ERR_INPUT, "bumper: %s is out of range", bad) : 0;
}

static bool receipt_fine(const struct receipt *r)
{
    const int64_t day_us = INT64_C(86400) * 1000000;
    bool fine = !(r->held & ~(unsigned)RECEIPT_ALL) && within(r->pictures, INT32_MAX) &&
                within(r->sounds, INT32_MAX) && within(r->decoded, INT32_MAX) &&
                r->length_error_us >= -day_us && r->length_error_us <= day_us &&
                within(r->width, 1 << 20) && within(r->height, 1 << 20) &&
                within(r->sar_num, INT32_MAX) && within(r->sar_den, INT32_MAX);
    for (size_t i = 0; i < LEN(r->sync_us); i++)
        fine = fine && r->sync_us[i] >= -day_us && r->sync_us[i] <= day_us;
    return fine;
}

int render_report_check(const struct render_report *r, struct err *e)
{
    const int64_t day_us = INT64_C(86400) * 1000000;
    if (media_facts_check(&r->in, e) < 0 || media_facts_check(&r->out, e) < 0)
        return -1;
    if ((unsigned)r->path >= PATH_COUNT_ || !text_ok(r->reason, sizeof(r->reason)) ||
        !within(r->poster_bytes, INT32_MAX) || !within(r->body_us, day_us) ||
        r->sync_us < -day_us || r->sync_us > day_us || !within(r->wall_us, day_us) ||
        !within(r->peak_memory_bytes, INT64_MAX / 2) || !receipt_fine(&r->receipt) ||
        r->warnings & ~(unsigned)REEL_WARNINGS_ALL)
        return err_set(e, ERR_INPUT, "report: a value is out of range");
    return 0;
}
