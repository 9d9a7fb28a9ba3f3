/* store_impl: what an engine of the store is. Room-internal.
 *
 * An engine's own struct begins with struct store. It runs the statements of store/statement.def
 * (ask), and does what takes several steps in one transaction; all else stands once, in
 * store/OBJECT.c. Each slot does what the function of its name in the headers says; store.c and its
 * neighbours have checked what every engine would have to check. Every slot but the last ones is
 * required. */
#pragma once
#include "store/store.h"

#include <pthread.h>
#include <stddef.h>

struct arena;
struct legacy_ops;
struct sql_row;
struct sql_values;
struct task_change;
struct task_new;
struct task_row;

struct store_ops {
    const char *scheme; /* what a URL begins with, up to the colon */
    bool shared;        /* see store_shared */
    /* rest: the URL after "<scheme>:". Gives a store whose base store_init has filled. */
    int (*open)(struct store **out, const char *rest, struct log *log, struct err *e);
    /* Frees s, whose base store_clear empties. */
    void (*close)(struct store *s);
    int (*migrate)(struct store *s, int *from, int *to, struct err *e);
    int (*check)(struct store *s, struct err *e);
    int64_t (*now_ms)(struct store *s);
    /* See sql_ask (store/sql_impl.h). */
    int (*ask)(struct store *s, int which, const struct sql_values *v,
               int (*each)(void *arg, const struct sql_row *r, struct err *e), void *arg,
               struct err *e);

    int (*task_add)(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                    struct err *e);
    int (*task_change)(struct store *s, const struct task_change *c, bool *done, struct err *e);
    int (*task_claim)(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                      struct task_row *out, bool *found, struct err *e);

    /* Slots that may be NULL: where one statement of the engine does it all. */
    int (*hook_remove)(struct store *s, int64_t id, int64_t user_id, bool *done, struct err *e);
    int (*event_trim)(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
    /* How many tasks of one user the statement of the line looks at, its second value. */
    int (*line_share)(struct store *s, int max, int64_t *of_each, struct err *e);
    /* Slots that may be NULL: what only some engines have. */
    const struct legacy_ops *legacy; /* see store/legacy.h */
    int (*open_beside)(struct store **out, const char *rest, struct log *log, struct err *e);
    int (*copy)(struct store *s, const char *path, struct err *e);
};
extern const struct store_ops store_sqlite_ops;
extern const struct store_ops store_postgres_ops; /* in its module */

/* Wakes who waits for rows. */
struct store_bell {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool rung;    /* a row may have come since the last wait */
    bool stopped; /* nobody waits any more */
};
struct store {
    const struct store_ops *ops;
    struct log *log;           /* borrowed */
    int schema, schema_newest; /* as it was opened; what this program makes of it */
    struct store_bell outbox, events, deliveries;
};
void store_init(struct store *s, const struct store_ops *ops, struct log *log);
void store_clear(struct store *s);
/* A committed transaction has put rows into the outbox. */
void store_ring(struct store *s);
/* One has put events in, and with them deliveries. */
void store_ring_events(struct store *s);
