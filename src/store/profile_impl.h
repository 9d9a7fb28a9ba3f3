/* profile_impl: what a back end of store/profile is. Room-internal. Each slot does what the
 * function of its name in profile.h says; store/profile.c checks the rows that come and go. */
#pragma once
#include "store/profile.h"

struct profile_ops {
    int (*get)(struct store *s, struct arena *a, int64_t version, struct profile_row *out,
               struct err *e);
    int (*add)(struct store *s, const struct profile_row *p, int64_t newest, int64_t *created_ms,
               struct err *e);
    int (*logo_add)(struct store *s, const char *id, int64_t bytes, struct err *e);
    int (*logo_known)(struct store *s, const char *id, bool *known, struct err *e);
    int (*logo_trim)(struct store *s, int64_t keep_ms, struct err *e);
    int (*logo_list)(struct store *s, int (*each)(void *arg, const char *id, int64_t bytes),
                     void *arg, struct err *e);
};
extern const struct profile_ops profile_sqlite_ops;
extern const struct profile_ops profile_postgres_ops; /* in the module of PostgreSQL */
