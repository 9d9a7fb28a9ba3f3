/* store/hook: webhooks and what is to be delivered to them. Deliveries are made by the database in
 * the transaction of the event, for each enabled hook of its user that wants this kind. Errors as
 * store.h says; MSG_HOOK_NOT_FOUND also for what is another user's. Thread-safe. */
#pragma once
#include "store/event.h"

struct arena;

enum { HOOKS_MAX = 20 }; /* of a user */
/* A kind of delivery beside those of events; hooks do not choose it. */
enum { HOOK_TEST = EVENT_KINDS };

struct hook_row { /* its columns: hook_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/hook_row.def"
#undef NUMBER
#undef TEXT
};
/* Of h: user_id, url, description, kinds, enabled, secret. MSG_HOOKS_LIMITED: there are HOOKS_MAX.
 */
int store_hook_add(struct store *s, const struct hook_row *h, int64_t *id, struct err *e);
/* user_id 0: of anybody. */
int store_hook_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct hook_row *out, struct err *e);
/* In the order of ids. each() may not call the store. */
int store_hook_list(struct store *s, int64_t user_id,
                    int (*each)(void *arg, const struct hook_row *h), void *arg, struct err *e);
/* Sets url, description, kinds and enabled of h->id, of h->user_id. */
int store_hook_set(struct store *s, const struct hook_row *h, struct err *e);
/* The secret until now signs too for keep_ms more. */
int store_hook_secret(struct store *s, int64_t id, int64_t user_id, const char *secret,
                      int64_t keep_ms, struct err *e);
/* With all its deliveries. */
int store_hook_remove(struct store *s, int64_t id, int64_t user_id, struct err *e);

enum delivery_state { DELIVERY_WAITING, DELIVERY_DONE, DELIVERY_DEAD };
struct delivery_row { /* its columns: delivery_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/delivery_row.def"
#undef NUMBER
#undef TEXT
};
/* A delivery of kind HOOK_TEST, due now. */
int store_delivery_test(struct store *s, int64_t hook_id, int64_t user_id, int64_t *id,
                        struct err *e);
/* The newest first; before: only ids below, 0: all. each() may not call the store. */
int store_delivery_list(struct store *s, int64_t hook_id, int64_t user_id, int64_t before, int max,
                        int (*each)(void *arg, const struct delivery_row *d), void *arg,
                        struct err *e);
/* Due now, and counted as never tried. MSG_DELIVERY_NOT_FOUND. */
int store_delivery_replay(struct store *s, int64_t id, int64_t hook_id, int64_t user_id,
                          struct err *e);

/* Enabled hooks with something that waits, and in how many ms (<= 0: now) the first of it is due.
 * Costs as much as there are such hooks, however much waits. */
int store_delivery_due(struct store *s,
                       int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms),
                       void *arg, struct err *e);
/* Takes at most max due deliveries of a hook for lease_ms: fence and tries are one higher. No two
 * callers get the same one. */
int store_delivery_claim(struct store *s, struct arena *a, int64_t hook_id, int max,
                         int64_t lease_ms, struct delivery_row *rows, int *count, struct err *e);
struct delivery_end {
    int64_t id, fence;
    enum delivery_state state;
    int64_t wait_ms; /* DELIVERY_WAITING: until the next attempt */
    int status;
    const char *error;
};
/* Settles an attempt; does nothing when another has been begun since. */
int store_delivery_settle(struct store *s, const struct delivery_end *d, struct err *e);
/* Removes at most `most` deliveries that ended more than keep_ms ago, and what waits for hooks that
 * are gone. */
int store_delivery_trim(struct store *s, int64_t keep_ms, int most, struct err *e);

/* Blocks until there may be something new to deliver, store_delivery_wake, or timeout_ms. For one
 * thread. */
void store_delivery_wait(struct store *s, int64_t timeout_ms);
void store_delivery_wake(struct store *s);
