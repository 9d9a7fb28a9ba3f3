/* store_impl: what a back end of the store is. Room-internal.
 *
 * A back end's own struct begins with struct store. store.c checks what every back end would have
 * to check, then calls the slot; each slot does what the function of its name in store.h says, and
 * every slot but the last ones is required. */
#pragma once
#include "store/event.h"
#include "store/key.h"
#include "store/line.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/task.h"
#include "store/upload.h"
#include "store/user.h"
#include "store/worker.h"

#include <pthread.h>

struct hook_ops;
struct legacy_ops;
struct profile_ops;

struct store_ops {
    const char *scheme; /* what a URL begins with, up to the colon */
    bool shared;        /* see store_shared */
    /* rest: the URL after "<scheme>:". Gives a store whose base store_init has filled. */
    int (*open)(struct store **out, const char *rest, struct log *log, struct err *e);
    /* Frees s, whose base store_clear empties. */
    void (*close)(struct store *s);
    int (*migrate)(struct store *s, int *from, int *to, struct err *e);
    int (*ping)(struct store *s, struct err *e);
    int (*check)(struct store *s, struct err *e);
    int64_t (*now_ms)(struct store *s);

    int (*user_add)(struct store *s, const char *username, const char *email,
                    const char *password_hash, int64_t *id, struct err *e);
    /* name NULL: by id. or_email: a name that nobody has may be an address. */
    int (*user_get)(struct store *s, struct arena *a, const char *name, bool or_email, int64_t id,
                    struct user_row *out, struct err *e);
    int (*user_set_password)(struct store *s, int64_t id, const char *password_hash, struct err *e);
    int (*user_list)(struct store *s, int64_t after, int max,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);

    int (*user_search)(struct store *s, const char *part, int64_t after, int max,
                       int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
    int (*user_set)(struct store *s, int64_t id, const struct user_change *u, struct err *e);
    int (*key_add)(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                   int64_t *expires_ms, struct err *e);
    int (*key_get)(struct store *s, struct arena *a, int64_t id, struct key_row *out,
                   struct err *e);
    int (*key_list)(struct store *s, int64_t user_id,
                    int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e);
    int (*key_remove)(struct store *s, int64_t id, int64_t user_id, struct err *e);
    int (*key_used)(struct store *s, int64_t id, struct err *e);
    int (*worker_beat)(struct store *s, const struct worker_row *w, struct err *e);
    int (*worker_list)(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                       void *arg, struct err *e);
    int (*task_oldest)(struct store *s, int64_t *waited_ms, struct err *e);
    int (*totals)(struct store *s, struct store_totals *out, struct err *e);

    int (*task_add)(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                    struct err *e);
    int (*task_by_key)(struct store *s, struct arena *a, int64_t user_id, const char *key,
                       struct task_row *out, struct err *e);
    int (*task_get)(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                    struct task_row *out, struct err *e);
    int (*task_list)(struct store *s, const struct task_page *p,
                     int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e);
    int (*task_by_blob)(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                        struct err *e);
    int (*task_change)(struct store *s, const struct task_change *c, bool *done, struct err *e);
    int (*task_rename)(struct store *s, int64_t id, int64_t user_id, const char *title,
                       struct err *e);
    int (*task_claim)(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                      struct task_row *out, bool *found, struct err *e);
    int (*task_renew)(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                      bool *held, struct err *e);
    int (*task_expired)(struct store *s, int max, int (*each)(void *arg, const struct task_row *t),
                        void *arg, struct err *e);
    int (*task_next_due)(struct store *s, int64_t *in_ms, struct err *e);
    int (*task_purge)(struct store *s, int64_t id, struct err *e);
    int (*task_counts)(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e);

    int (*line_read)(struct store *s, int max, struct line_row *rows, int *count, struct err *e);
    int (*line_pace)(struct store *s, struct line_pace *out, struct err *e);

    int (*outbox_read)(struct store *s, int max, struct outbox_row *rows, int *count,
                       struct err *e);
    int (*outbox_done)(struct store *s, int64_t id, struct err *e);

    int (*event_list)(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                      int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e);
    int (*event_users)(struct store *s, int64_t after,
                       int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                       struct err *e);
    int (*event_span)(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                      struct err *e);
    int (*event_trim)(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);

    int (*upload_add)(struct store *s, const struct upload_row *u, int64_t keep_ms,
                      int64_t quota_bytes, int64_t *expires_ms, struct err *e);
    int (*upload_get)(struct store *s, struct arena *a, const char *id, int64_t user_id,
                      struct upload_row *out, struct err *e);
    int (*upload_wish)(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                       struct err *e);
    int (*upload_hold)(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                       struct err *e);
    int (*upload_advance)(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                          int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e);
    int (*upload_finish)(struct store *s, const char *id, int64_t task_id, struct err *e);
    int (*upload_remove)(struct store *s, const char *id, struct err *e);
    int (*upload_free_all)(struct store *s, struct err *e);
    int (*upload_list)(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                       int (*each)(void *arg, const struct upload_row *u), void *arg,
                       struct err *e);
    const struct hook_ops *hooks;       /* see store/hook.h */
    const struct profile_ops *profiles; /* see store/profile.h */

    /* Slots that may be NULL. */
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
