/* store/hook: webhooks and their deliveries. The database adds the deliveries in the transaction of
 * the event: one for each enabled hook of the task's owner that chose this kind of event. Errors as
 * store.h says; a hook of another user gives MSG_HOOK_NOT_FOUND. Thread-safe. */
#pragma once
#include "store/event.h"

struct arena;

enum { HOOKS_MAX = 20 }; /* per user */
/* A kind of delivery beside the kinds of events; a hook cannot choose it. */
enum { HOOK_TEST = EVENT_KINDS };

struct hook_row { /* its columns: hook_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/hook_row.def"
#undef NUMBER
#undef TEXT
};
/* Uses of *h: user_id, url, description, kinds, enabled, secret. MSG_HOOKS_LIMITED: the user has
 * HOOKS_MAX hooks. */
int store_hook_add(struct store *s, const struct hook_row *h, int64_t *id, struct err *e);
/* user_id 0: a hook of any user. */
int store_hook_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct hook_row *out, struct err *e);
/* Lists hooks by ascending id. each() may not call the store. */
int store_hook_list(struct store *s, int64_t user_id,
                    int (*each)(void *arg, const struct hook_row *h), void *arg, struct err *e);
/* Sets url, description, kinds and enabled of the hook h->id, which belongs to h->user_id. */
int store_hook_set(struct store *s, const struct hook_row *h, struct err *e);
/* Sets a new secret. For keep_ms the previous secret signs as well. */
int store_hook_secret(struct store *s, int64_t id, int64_t user_id, const char *secret,
                      int64_t keep_ms, struct err *e);
/* Removes the hook and all its deliveries. */
int store_hook_remove(struct store *s, int64_t id, int64_t user_id, struct err *e);

enum delivery_state { DELIVERY_WAITING, DELIVERY_DONE, DELIVERY_DEAD };
struct delivery_row { /* its columns: delivery_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/delivery_row.def"
#undef NUMBER
#undef TEXT
};
/* Adds a delivery of kind HOOK_TEST that is due now. */
int store_delivery_test(struct store *s, int64_t hook_id, int64_t user_id, int64_t *id,
                        struct err *e);
/* Lists deliveries, newest first. before: only ids below it, 0: all. each() may not call the store.
 */
int store_delivery_list(struct store *s, int64_t hook_id, int64_t user_id, int64_t before, int max,
                        int (*each)(void *arg, const struct delivery_row *d), void *arg,
                        struct err *e);
/* Makes the delivery due now and sets its tries to 0. MSG_DELIVERY_NOT_FOUND. */
int store_delivery_replay(struct store *s, int64_t id, int64_t hook_id, int64_t user_id,
                          struct err *e);

/* Lists the enabled hooks that have a waiting delivery. in_ms: time until the first delivery of the
 * hook is due (<= 0: now). The cost grows with the number of such hooks, not with the number of
 * deliveries. */
int store_delivery_due(struct store *s,
                       int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms),
                       void *arg, struct err *e);
/* Leases at most max due deliveries of a hook for lease_ms and raises their fence and tries by one.
 * Two callers never get the same delivery. */
int store_delivery_claim(struct store *s, struct arena *a, int64_t hook_id, int max,
                         int64_t lease_ms, struct delivery_row *rows, int *count, struct err *e);
struct delivery_end {
    int64_t id, fence;
    enum delivery_state state;
    int64_t wait_ms; /* for DELIVERY_WAITING: time until the next attempt */
    int status;
    const char *error;
};
/* Settles an attempt. Does nothing when a later attempt has begun. */
int store_delivery_settle(struct store *s, const struct delivery_end *d, struct err *e);
/* Removes at most `most` deliveries that ended more than keep_ms ago, and waiting deliveries of
 * removed hooks. */
int store_delivery_trim(struct store *s, int64_t keep_ms, int most, struct err *e);

/* Blocks until a delivery may be due, until store_delivery_wake, or for timeout_ms. Only one thread
 * may wait. */
void store_delivery_wait(struct store *s, int64_t timeout_ms);
void store_delivery_wake(struct store *s);
