/* task/quota: a user's consumption and limits. Thread-safe. */
#pragma once
#include <stdint.h>

struct err;
struct tasks;
struct user_row;

enum { TASK_DAY_S = 24 * 3600 }; /* days are UTC days */

struct task_quota {
    int64_t bytes_used, bytes_limit;  /* 0: no limit */
    int64_t tasks_today, tasks_limit; /* 0: no limit */
};
/* Gives the user's own limits, or those of the settings when the user has none. */
void task_quota_of(const struct tasks *t, const struct user_row *u, struct task_quota *out);
/* Seconds until the UTC day ends, by the store's clock; at least 1. */
int64_t task_day_ends_s(const struct tasks *t);
