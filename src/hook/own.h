/* hook/own: what owners do with their webhooks. A hook of another user gives MSG_HOOK_NOT_FOUND.
 * Texts of rows live in the arena, or until each() returns; each() may not call this room.
 * Thread-safe. */
#pragma once
#include "hook/hook.h"
#include "store/hook.h"

struct arena;

/* Creates a hook from user_id, url, description, kinds and enabled of *h, with a new secret. *h is
 * then the new row. MSG_HOOKS_LIMITED. */
int hook_add(struct hooks *hs, struct arena *a, struct hook_row *h, struct err *e);
int hook_list(struct hooks *hs, int64_t user_id, int (*each)(void *arg, const struct hook_row *h),
              void *arg, struct err *e);
int hook_get(struct hooks *hs, struct arena *a, int64_t id, int64_t user_id, struct hook_row *out,
             struct err *e);
/* Sets url, description, kinds and enabled of the hook h->id, which belongs to h->user_id. */
int hook_change(struct hooks *hs, const struct hook_row *h, struct err *e);
/* Removes the hook and all its deliveries. */
int hook_remove(struct hooks *hs, int64_t id, int64_t user_id, struct err *e);
/* Sets a new secret. The previous secret also signs for one more day. */
int hook_renew_secret(struct hooks *hs, int64_t id, int64_t user_id, char out[HOOK_SECRET_SIZE],
                      struct err *e);
/* Adds a test delivery that is due now. MSG_HOOK_DISABLED. */
int hook_test(struct hooks *hs, int64_t id, int64_t user_id, int64_t *delivery, struct err *e);
/* Lists deliveries, newest first. before: only ids below it, 0: all. */
int hook_deliveries(struct hooks *hs, int64_t id, int64_t user_id, int64_t before, int max,
                    int (*each)(void *arg, const struct delivery_row *d), void *arg, struct err *e);
/* Makes the delivery due now and sets its tries to 0. MSG_DELIVERY_NOT_FOUND. */
int hook_replay(struct hooks *hs, int64_t id, int64_t user_id, int64_t delivery, struct err *e);
