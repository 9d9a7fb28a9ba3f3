/* hook_impl: what a back end of store/hook is. Room-internal. Each slot does what the function of
 * its name in hook.h says; store/hook.c rings the bell. */
#pragma once
#include "store/hook.h"

struct hook_ops {
    int (*add)(struct store *s, const struct hook_row *h, int64_t *id, struct err *e);
    int (*get)(struct store *s, struct arena *a, int64_t id, int64_t user_id, struct hook_row *out,
               struct err *e);
    int (*list)(struct store *s, int64_t user_id, int (*each)(void *arg, const struct hook_row *h),
                void *arg, struct err *e);
    int (*set)(struct store *s, const struct hook_row *h, struct err *e);
    int (*secret)(struct store *s, int64_t id, int64_t user_id, const char *secret, int64_t keep_ms,
                  struct err *e);
    int (*remove)(struct store *s, int64_t id, int64_t user_id, struct err *e);
    int (*test)(struct store *s, int64_t hook_id, int64_t user_id, int64_t *id, struct err *e);
    int (*deliveries)(struct store *s, int64_t hook_id, int64_t user_id, int64_t before, int max,
                      int (*each)(void *arg, const struct delivery_row *d), void *arg,
                      struct err *e);
    int (*replay)(struct store *s, int64_t id, int64_t hook_id, int64_t user_id, struct err *e);
    int (*due)(struct store *s,
               int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms), void *arg,
               struct err *e);
    int (*claim)(struct store *s, struct arena *a, int64_t hook_id, int max, int64_t lease_ms,
                 struct delivery_row *rows, int *count, struct err *e);
    int (*settle)(struct store *s, const struct delivery_end *d, struct err *e);
    int (*trim)(struct store *s, int64_t keep_ms, int most, struct err *e);
};
extern const struct hook_ops hook_sqlite_ops;
extern const struct hook_ops hook_postgres_ops; /* in the module of PostgreSQL */
