#include "core/profile_json.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/profile.h"
#include "core/str.h"

#include <math.h>

json_t *profile_json(const struct profile *p)
{
    json_t *o = json_object();
    int count;
    const struct profile_item *i = profile_items(&count);
    for (; count > 0; count--, i++) {
        const void *field = (const char *)p + i->offset;
        json_t *v = i->kind == PROFILE_TIME     ? json_real((double)*(const int64_t *)field / 1e6)
                    : i->kind == PROFILE_NUMBER ? json_integer(*(const int *)field)
                    : i->kind == PROFILE_FIT    ? json_string(fit_name(p->fit))
                                                : json_string(p->preset);
        json_object_set_new(o, i->name, v);
    }
    return o;
}

static json_t *names(enum profile_kind kind)
{
    json_t *list = json_array();
    if (kind == PROFILE_FIT)
        for (int f = 0; f < FIT_COUNT_; f++)
            json_array_append_new(list, json_string(fit_name((enum fit)f)));
    else
        for (const char *const *p = profile_presets(); *p; p++)
            json_array_append_new(list, json_string(*p));
    return list;
}

json_t *profile_ranges_json(void)
{
    json_t *o = json_object();
    int count;
    const struct profile_item *i = profile_items(&count);
    for (; count > 0; count--, i++) {
        int64_t min, max;
        json_t *v;
        if (i->kind == PROFILE_FIT || i->kind == PROFILE_PRESET) {
            v = names(i->kind);
        } else {
            profile_range(i, &min, &max);
            v = i->kind == PROFILE_TIME
                    ? json_pack("{s:f, s:f}", "min", (double)min / 1e6, "max", (double)max / 1e6)
                    : json_pack("{s:I, s:I}", "min", (json_int_t)min, "max", (json_int_t)max);
        }
        json_object_set_new(o, i->name, v);
    }
    return o;
}

static int wrong_type(const struct profile_item *i, struct err *e)
{
    (void)err_msg(e, MSG_FIELD_TYPE, "%s: of another type", i->name);
    return profile_bad(i, e);
}

static int out_of_range(const struct profile_item *i, struct err *e)
{
    (void)err_msg(e, MSG_PROFILE_BAD, "%s: out of range", i->setting);
    return profile_bad(i, e);
}

/* To the millisecond, as settings have it. */
static int read_time(const struct profile_item *i, const json_t *v, int64_t *out, struct err *e)
{
    const double day_s = 86400;
    double s = json_number_value(v);
    if (!json_is_number(v))
        return wrong_type(i, e);
    if (!isfinite(s) || s < -day_s || s > day_s)
        return out_of_range(i, e);
    *out = llround(s * 1e3) * 1000;
    return 0;
}

static int read_number(const struct profile_item *i, const json_t *v, int *out, struct err *e)
{
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v))
        return wrong_type(i, e);
    if (n < INT32_MIN || n > INT32_MAX)
        return out_of_range(i, e);
    *out = (int)n;
    return 0;
}

static int read_item(const struct profile_item *i, const json_t *v, struct profile *p,
                     struct err *e)
{
    void *field = (char *)p + i->offset;
    const char *text = json_string_value(v);
    switch (i->kind) {
    case PROFILE_TIME:
        return read_time(i, v, field, e);
    case PROFILE_NUMBER:
        return read_number(i, v, field, e);
    case PROFILE_FIT:
        if (!text)
            return wrong_type(i, e);
        return fit_from_name(text, &p->fit) ? 0 : out_of_range(i, e);
    case PROFILE_PRESET:
        break;
    }
    if (!text)
        return wrong_type(i, e);
    if (strlen(text) >= sizeof(p->preset)) /* cut, it could be another's name */
        return out_of_range(i, e);
    str_copy(p->preset, sizeof(p->preset), text);
    return 0;
}

int profile_from_json(const json_t *o, struct profile *p, struct err *e)
{
    struct profile new = *p;
    int count;
    const struct profile_item *i = profile_items(&count);
    for (; count > 0; count--, i++) {
        const json_t *v = json_object_get(o, i->name);
        if (v && read_item(i, v, &new, e) < 0)
            return -1;
    }
    if (profile_check(&new, e) < 0)
        return -1;
    *p = new;
    return 0;
}
