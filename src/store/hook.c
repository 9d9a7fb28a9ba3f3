/* Plan: on to the back end's table; what is due at once rings the bell. */
#include "store/hook.h"

#include "store/hook_impl.h"
#include "store/store_impl.h"

#include <assert.h>

int store_hook_add(struct store *s, const struct hook_row *h, int64_t *id, struct err *e)
{
    return s->ops->hooks->add(s, h, id, e);
}

int store_hook_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct hook_row *out, struct err *e)
{
    return s->ops->hooks->get(s, a, id, user_id, out, e);
}

int store_hook_list(struct store *s, int64_t user_id,
                    int (*each)(void *arg, const struct hook_row *h), void *arg, struct err *e)
{
    return s->ops->hooks->list(s, user_id, each, arg, e);
}

int store_hook_set(struct store *s, const struct hook_row *h, struct err *e)
{
    int rc = s->ops->hooks->set(s, h, e);
    store_delivery_wake(s); /* it may have been enabled */
    return rc;
}

int store_hook_secret(struct store *s, int64_t id, int64_t user_id, const char *secret,
                      int64_t keep_ms, struct err *e)
{
    return s->ops->hooks->secret(s, id, user_id, secret, keep_ms, e);
}

int store_hook_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    return s->ops->hooks->remove(s, id, user_id, e);
}

int store_delivery_test(struct store *s, int64_t hook_id, int64_t user_id, int64_t *id,
                        struct err *e)
{
    int rc = s->ops->hooks->test(s, hook_id, user_id, id, e);
    store_delivery_wake(s);
    return rc;
}

int store_delivery_list(struct store *s, int64_t hook_id, int64_t user_id, int64_t before, int max,
                        int (*each)(void *arg, const struct delivery_row *d), void *arg,
                        struct err *e)
{
    return s->ops->hooks->deliveries(s, hook_id, user_id, before > 0 ? before : INT64_MAX, max,
                                     each, arg, e);
}

int store_delivery_replay(struct store *s, int64_t id, int64_t hook_id, int64_t user_id,
                          struct err *e)
{
    int rc = s->ops->hooks->replay(s, id, hook_id, user_id, e);
    store_delivery_wake(s);
    return rc;
}

int store_delivery_due(struct store *s,
                       int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms),
                       void *arg, struct err *e)
{
    return s->ops->hooks->due(s, each, arg, e);
}

int store_delivery_claim(struct store *s, struct arena *a, int64_t hook_id, int max,
                         int64_t lease_ms, struct delivery_row *rows, int *count, struct err *e)
{
    assert(max > 0);
    return s->ops->hooks->claim(s, a, hook_id, max, lease_ms, rows, count, e);
}

int store_delivery_settle(struct store *s, const struct delivery_end *d, struct err *e)
{
    return s->ops->hooks->settle(s, d, e);
}

int store_delivery_trim(struct store *s, int64_t keep_ms, int most, struct err *e)
{
    return s->ops->hooks->trim(s, keep_ms, most, e);
}
