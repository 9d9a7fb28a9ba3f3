/* legacy_impl: the table of operations of a back end of store/legacy. Room-internal. A back end's
 * own struct begins with struct legacy. Each slot does what legacy.h says of the function with its
 * name. */
#pragma once
#include "store/legacy.h"

struct legacy_ops {
    int (*open)(struct legacy **out, struct store *s, struct err *e);
    void (*close)(struct legacy *l);
    int (*move)(struct legacy *l, struct err *e);
    int (*ready)(struct legacy *l, struct err *e);
    int (*user_next)(struct legacy *l, struct arena *a, int64_t after, struct legacy_user *out,
                     bool *found, struct err *e);
    int (*user_take)(struct legacy *l, int64_t id, const char *username, const char *email,
                     const char *password_hash, const char *note, bool *taken, struct err *e);
    int (*task_next)(struct legacy *l, struct arena *a, int64_t after, struct legacy_task *out,
                     bool *found, struct err *e);
    int (*task_take)(struct legacy *l, int64_t id, const struct legacy_clip *c, const char *note,
                     bool *taken, struct err *e);
    int (*task_note)(struct legacy *l, int64_t id, const char *note, struct err *e);
    int (*forget_passwords)(struct legacy *l, struct err *e);
    int (*end)(struct legacy *l, int64_t *left, struct err *e);
};
extern const struct legacy_ops legacy_postgres_ops; /* in the PostgreSQL module */

struct legacy {
    const struct legacy_ops *ops;
};
