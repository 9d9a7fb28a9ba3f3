#include "hook/own.h"

#include "core/err.h"
#include "core/mem.h"
#include "hook/hook_impl.h"

/* How long the secret before the last signs too. */
#define OLD_SECRET_MS ((int64_t)24 * 3600 * 1000)

int hook_add(struct hooks *hs, struct arena *a, struct hook_row *h, struct err *e)
{
    char secret[HOOK_SECRET_SIZE];
    struct hook_row made = *h;
    hook_secret_make(secret);
    made.secret = secret;
    if (store_hook_add(hs->store, &made, &made.id, e) < 0)
        return -1;
    return store_hook_get(hs->store, a, made.id, h->user_id, h, e);
}

int hook_list(struct hooks *hs, int64_t user_id, int (*each)(void *arg, const struct hook_row *h),
              void *arg, struct err *e)
{
    return store_hook_list(hs->store, user_id, each, arg, e);
}

int hook_get(struct hooks *hs, struct arena *a, int64_t id, int64_t user_id, struct hook_row *out,
             struct err *e)
{
    return store_hook_get(hs->store, a, id, user_id, out, e);
}

int hook_change(struct hooks *hs, const struct hook_row *h, struct err *e)
{
    return store_hook_set(hs->store, h, e);
}

int hook_remove(struct hooks *hs, int64_t id, int64_t user_id, struct err *e)
{
    return store_hook_remove(hs->store, id, user_id, e);
}

int hook_renew_secret(struct hooks *hs, int64_t id, int64_t user_id, char out[HOOK_SECRET_SIZE],
                      struct err *e)
{
    char secret[HOOK_SECRET_SIZE];
    hook_secret_make(secret);
    if (store_hook_secret(hs->store, id, user_id, secret, OLD_SECRET_MS, e) < 0)
        return -1;
    memcpy(out, secret, sizeof(secret));
    return 0;
}

int hook_test(struct hooks *hs, int64_t id, int64_t user_id, int64_t *delivery, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct hook_row h;
    if (store_hook_get(hs->store, a, id, user_id, &h, e) < 0)
        return -1;
    if (!h.enabled)
        return err_msg(e, MSG_HOOK_DISABLED, "hook %lld is disabled", (long long)id);
    return store_delivery_test(hs->store, id, user_id, delivery, e);
}

int hook_deliveries(struct hooks *hs, int64_t id, int64_t user_id, int64_t before, int max,
                    int (*each)(void *arg, const struct delivery_row *d), void *arg, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct hook_row h; /* without it an empty list would not tell that there is no such hook */
    if (store_hook_get(hs->store, a, id, user_id, &h, e) < 0)
        return -1;
    return store_delivery_list(hs->store, id, user_id, before, max, each, arg, e);
}

int hook_replay(struct hooks *hs, int64_t id, int64_t user_id, int64_t delivery, struct err *e)
{
    return store_delivery_replay(hs->store, delivery, id, user_id, e);
}
