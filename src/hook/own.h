/* hook/own: what the owner of webhooks does with them. A hook that is not the user's is
 * MSG_HOOK_NOT_FOUND. Texts of rows live in the arena, or until each() returns; each() may not call
 * this room. Thread-safe. */
#pragma once
#include "hook/hook.h"
#include "store/hook.h"

struct arena;

/* Makes a hook of user_id, url, description, kinds and enabled of *h, with a new secret; *h is the
 * row as it is then. MSG_HOOKS_LIMITED. */
int hook_add(struct hooks *hs, struct arena *a, struct hook_row *h, struct err *e);
int hook_list(struct hooks *hs, int64_t user_id, int (*each)(void *arg, const struct hook_row *h),
              void *arg, struct err *e);
int hook_get(struct hooks *hs, struct arena *a, int64_t id, int64_t user_id, struct hook_row *out,
             struct err *e);
/* Sets url, description, kinds and enabled of h->id, of h->user_id. */
int hook_change(struct hooks *hs, const struct hook_row *h, struct err *e);
/* With all its deliveries. */
int hook_remove(struct hooks *hs, int64_t id, int64_t user_id, struct err *e);
/* A new secret; the one until now signs too for a day more. */
int hook_renew_secret(struct hooks *hs, int64_t id, int64_t user_id, char out[HOOK_SECRET_SIZE],
                      struct err *e);
/* A delivery that only tests the hook, due now. MSG_HOOK_DISABLED. */
int hook_test(struct hooks *hs, int64_t id, int64_t user_id, int64_t *delivery, struct err *e);
/* The newest first; before: only ids below, 0: all. */
int hook_deliveries(struct hooks *hs, int64_t id, int64_t user_id, int64_t before, int max,
                    int (*each)(void *arg, const struct delivery_row *d), void *arg, struct err *e);
/* Due now, and counted as never tried. MSG_DELIVERY_NOT_FOUND. */
int hook_replay(struct hooks *hs, int64_t id, int64_t user_id, int64_t delivery, struct err *e);
