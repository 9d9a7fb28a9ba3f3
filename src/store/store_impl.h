/* store_impl: the table of operations of an engine of the store. Room-internal.
 *
 * An engine's own struct begins with struct store. The engine runs the statements of
 * store/statement.def (ask) and the changes that need several steps in one transaction. The code
 * that all engines share is in store/OBJECT.c. Each slot does what the public header says of the
 * function with its name; store.c and its neighbours make the checks that are the same for every
 * engine. Every slot is required unless a comment below allows NULL. */
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
    const char *scheme; /* the scheme of the URL, up to the colon */
    bool shared;        /* see store_shared */
    /* rest: the URL after "<scheme>:". Gives a store whose base is filled by store_init. */
    int (*open)(struct store **out, const char *rest, struct log *log, struct err *e);
    /* Frees s, after store_clear on its base. */
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

    /* These slots may be NULL when one statement of the engine does the work. */
    int (*hook_remove)(struct store *s, int64_t id, int64_t user_id, bool *done, struct err *e);
    int (*event_trim)(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
    /* *of_each is the second value of the statement LINE: how many tasks it reads of each user. */
    int (*line_share)(struct store *s, int max, int64_t *of_each, struct err *e);
    /* These slots may be NULL when the engine has no such feature. */
    const struct legacy_ops *legacy; /* see store/legacy.h */
    int (*open_beside)(struct store **out, const char *rest, struct log *log, struct err *e);
    int (*copy)(struct store *s, const char *path, struct err *e);
};
extern const struct store_ops store_sqlite_ops;
extern const struct store_ops store_postgres_ops; /* in the PostgreSQL module */

/* Wakes the threads that wait for rows. */
struct store_bell {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool rung;    /* a row may have come since the last wait */
    bool stopped; /* all waits end at once, for good */
};
struct store {
    const struct store_ops *ops;
    struct log *log;           /* borrowed */
    int schema, schema_newest; /* when opened; newest that this program knows */
    struct store_bell outbox, events, deliveries;
};
void store_init(struct store *s, const struct store_ops *ops, struct log *log);
void store_clear(struct store *s);
/* Call it after a commit that added rows to the outbox. */
void store_ring(struct store *s);
/* Call it after a commit that added events, and so perhaps deliveries. */
void store_ring_events(struct store *s);
