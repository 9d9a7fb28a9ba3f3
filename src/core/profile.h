/* core/profile: the values of a profile that people choose, in one table. Each value has the range
 * of the setting of its name (core/conf.def). Settings, the API and the rows of the store all use
 * this table. Constant: thread-safe. */
#pragma once
#include "core/reel.h"

#include <stddef.h>
#include <stdint.h>

struct conf;
struct err;

enum profile_kind { PROFILE_TIME, PROFILE_NUMBER, PROFILE_FIT, PROFILE_PRESET };
struct profile_item {
    enum profile_kind kind;
    const char *name; /* in JSON, where times are in seconds */
    const char *setting;
    size_t offset; /* in struct profile: a time is int64_t microseconds, a number is int */
};
const struct profile_item *profile_items(int *count);
/* The range of a time (in microseconds) or a number. */
void profile_range(const struct profile_item *i, int64_t *min, int64_t *max);
/* Adds the item's name and allowed values to a failure (err_field). Returns -1. */
int profile_bad(const struct profile_item *i, struct err *e);
/* The names of x264's presets that a profile may have, then NULL. */
const char *const *profile_presets(void);

/* Returns 0 when every value is in its range and the bumpers leave time for the clip. Otherwise -1
 * and ERR_INPUT with MSG_PROFILE_BAD; the text names the setting. */
int profile_check(const struct profile *p, struct err *e);
/* Whether two profiles are equal in everything that people choose. */
bool profile_same(const struct profile *a, const struct profile *b);
/* The profile of the settings. ERR_INPUT with the text of profile_check. */
int profile_of_conf(const struct conf *c, struct profile *out, struct err *e);
