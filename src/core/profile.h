/* core/profile: the values of a profile that people choose, in one table: each has the range of the
 * setting of its name (core/conf.def). Settings, the API and rows of the store are all held to it.
 * Constant: thread-safe. */
#pragma once
#include "core/reel.h"

#include <stddef.h>
#include <stdint.h>

struct conf;
struct err;

enum profile_kind { PROFILE_TIME, PROFILE_NUMBER, PROFILE_FIT, PROFILE_PRESET };
struct profile_item {
    enum profile_kind kind;
    const char *name; /* in JSON; times are in seconds there */
    const char *setting;
    size_t offset; /* in struct profile: a time is int64_t microseconds, a number int */
};
const struct profile_item *profile_items(int *count);
/* The range of a time (in microseconds) or a number. */
void profile_range(const struct profile_item *i, int64_t *min, int64_t *max);
/* -1: says of a failure, which names the item, what the item may be (err_field). */
int profile_bad(const struct profile_item *i, struct err *e);
/* The names that x264's presets have here; the last is followed by NULL. */
const char *const *profile_presets(void);

/* 0 when every value is in its range and the bumpers leave room for the clip; else ERR_INPUT with
 * MSG_PROFILE_BAD, and the text names the setting. */
int profile_check(const struct profile *p, struct err *e);
/* Whether people would call them the same. */
bool profile_same(const struct profile *a, const struct profile *b);
/* What the settings say; ERR_INPUT, with the text of profile_check. */
int profile_of_conf(const struct conf *c, struct profile *out, struct err *e);
