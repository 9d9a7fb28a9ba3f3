#include "core/profile.h"

#include "core/conf.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"

#include <assert.h>
#include <inttypes.h>

enum { US_OF_MS = 1000 };

static const struct profile_item items[] = {
    {PROFILE_TIME, "bumper_s", "bumper", offsetof(struct profile, bumper_us)},
    {PROFILE_TIME, "longest_s", "longest", offsetof(struct profile, longest_us)},
    {PROFILE_FIT, "fit", "fit", offsetof(struct profile, fit)},
    {PROFILE_NUMBER, "max_width", "max-width", offsetof(struct profile, max_width)},
    {PROFILE_NUMBER, "max_height", "max-height", offsetof(struct profile, max_height)},
    {PROFILE_NUMBER, "max_fps", "max-fps", offsetof(struct profile, max_fps)},
    {PROFILE_NUMBER, "shape_tolerance", "shape-tolerance",
     offsetof(struct profile, shape_tolerance)},
    {PROFILE_NUMBER, "crf", "crf", offsetof(struct profile, crf)},
    {PROFILE_PRESET, "preset", "preset", offsetof(struct profile, preset)},
};
static const char *const presets[] = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                      "medium",    "slow",      "slower",   "veryslow", NULL};

const struct profile_item *profile_items(int *count)
{
    *count = LEN(items);
    return items;
}

const char *const *profile_presets(void)
{
    return presets;
}

void profile_range(const struct profile_item *i, int64_t *min, int64_t *max)
{
    int count;
    const struct conf_item *c = conf_items(&count), *end = c + count;
    while (c < end && strcmp(c->name, i->setting) != 0)
        c++;
    assert(c < end);
    int64_t unit = i->kind == PROFILE_TIME ? US_OF_MS : 1;
    *min = c->min * unit;
    *max = c->max * unit;
}

static bool preset_known(const char *name)
{
    for (const char *const *p = presets; *p; p++)
        if (strcmp(*p, name) == 0)
            return true;
    return false;
}

int profile_bad(const struct profile_item *i, struct err *e)
{
    int64_t min, max;
    char names[ERR_ALLOWED_MAX];
    switch (i->kind) {
    case PROFILE_FIT:
        return err_field(e, i->name, "%s", str_names(names, sizeof(names), fit_names()));
    case PROFILE_PRESET:
        return err_field(e, i->name, "%s", str_names(names, sizeof(names), presets));
    case PROFILE_TIME:
        profile_range(i, &min, &max);
        return err_field(e, i->name, "%.15g to %.15g (seconds)", (double)min / 1e6,
                         (double)max / 1e6);
    case PROFILE_NUMBER:
        break;
    }
    profile_range(i, &min, &max);
    return err_field(e, i->name, "a whole number from %" PRId64 " to %" PRId64, min, max);
}

static int check_range(const struct profile_item *i, int64_t value, struct err *e)
{
    int64_t min, max;
    profile_range(i, &min, &max);
    if (value >= min && value <= max)
        return 0;
    int64_t unit = i->kind == PROFILE_TIME ? US_OF_MS : 1;
    (void)err_msg(e, MSG_PROFILE_BAD,
                  "%s: %" PRId64 " is not between %" PRId64 " and %" PRId64 "%s", i->setting,
                  value / unit, min / unit, max / unit, i->kind == PROFILE_TIME ? " ms" : "");
    return profile_bad(i, e);
}

static int check_item(const struct profile *p, const struct profile_item *i, struct err *e)
{
    const void *field = (const char *)p + i->offset;
    switch (i->kind) {
    case PROFILE_TIME:
        return check_range(i, *(const int64_t *)field, e);
    case PROFILE_NUMBER:
        return check_range(i, *(const int *)field, e);
    case PROFILE_FIT:
        if ((unsigned)p->fit < FIT_COUNT_)
            return 0;
        (void)err_msg(e, MSG_PROFILE_BAD, "fit: unknown");
        return profile_bad(i, e);
    case PROFILE_PRESET:
        break;
    }
    if (strnlen(p->preset, sizeof(p->preset)) < sizeof(p->preset) && preset_known(p->preset))
        return 0;
    char names[ERR_ALLOWED_MAX];
    (void)err_msg(e, MSG_PROFILE_BAD, "preset: \"%.*s\" is none of %s", (int)sizeof(p->preset),
                  p->preset, str_names(names, sizeof(names), presets));
    return profile_bad(i, e);
}

int profile_check(const struct profile *p, struct err *e)
{
    for (size_t i = 0; i < LEN(items); i++)
        if (check_item(p, &items[i], e) < 0)
            return -1;
    if (p->longest_us <= 2 * p->bumper_us) {
        (void)err_msg(e, MSG_PROFILE_BAD, "longest: no time is left between two bumpers");
        return err_field(e, "longest_s", "more than twice bumper_s: over %.15g (seconds)",
                         (double)p->bumper_us / 5e5);
    }
    return 0;
}

bool profile_same(const struct profile *a, const struct profile *b)
{
    return a->bumper_us == b->bumper_us && a->longest_us == b->longest_us && a->fit == b->fit &&
           a->max_width == b->max_width && a->max_height == b->max_height &&
           a->max_fps == b->max_fps && a->shape_tolerance == b->shape_tolerance &&
           a->crf == b->crf && strcmp(a->preset, b->preset) == 0;
}

int profile_of_conf(const struct conf *c, struct profile *out, struct err *e)
{
    struct profile p = profile_default();
    struct err why;
    if (!fit_from_name(c->fit, &p.fit))
        return err_set(e, ERR_INPUT, "fit: \"%s\" is none of pad, blur, crop, stretch", c->fit);
    p.bumper_us = c->bumper_ms * US_OF_MS;
    p.longest_us = c->longest_ms * US_OF_MS;
    p.max_width = (int)c->max_width;
    p.max_height = (int)c->max_height;
    p.max_fps = (int)c->max_fps;
    p.shape_tolerance = (int)c->shape_tolerance;
    p.crf = (int)c->crf;
    str_copy(p.preset, sizeof(p.preset), c->preset);
    if (profile_check(&p, &why) < 0) /* operators want the text and no general sentence */
        return err_set(e, ERR_INPUT, "%s", why.text);
    *out = p;
    return 0;
}
