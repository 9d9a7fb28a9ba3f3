/* Plan: webhooks; the list of deliveries and their settling; the bell, which rings when a delivery
 * may be due. */
#include "store/hook.h"

#include "core/err.h"
#include "store/sql_impl.h"

#include <assert.h>

static int hook_missing(struct err *e)
{
    return err_msg(e, MSG_HOOK_NOT_FOUND, "no such hook");
}

/* A change of a hook of that user, by a statement that gives its id. */
static int change_hook(struct store *s, enum sql which, const struct sql_values *v, struct err *e)
{
    int rc = sql_ask(s, which, v, NULL, NULL, e);
    return rc > 0 ? 0 : rc < 0 ? -1 : hook_missing(e);
}

int store_hook_add(struct store *s, const struct hook_row *h, int64_t *id, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, h->user_id);
    sql_text(&v, h->url);
    sql_int(&v, h->kinds);
    sql_text(&v, h->description);
    sql_int(&v, h->enabled);
    sql_text(&v, h->secret);
    sql_int(&v, HOOKS_MAX);
    int rc = sql_numbers(s, SQL_HOOK_ADD, &v, id, 1, e);
    if (rc == 0)
        return err_msg(e, MSG_HOOKS_LIMITED, "the user has %d hooks", HOOKS_MAX);
    return rc < 0 ? -1 : 0;
}

struct hook_read {
    struct arena *arena;
    struct hook_row *out;
};

static int read_hook(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct hook_read *x = arg;
    hook_row_read(r, x->arena, x->out);
    return 1;
}

int store_hook_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct hook_row *out, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, user_id);
    int rc = sql_ask(s, SQL_HOOK_GET, &v, read_hook, &(struct hook_read){a, out}, e);
    return rc > 0 ? 0 : rc < 0 ? -1 : hook_missing(e);
}

struct hook_each {
    int (*each)(void *arg, const struct hook_row *h);
    void *arg;
};

static int give_hook(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct hook_each *x = arg;
    struct hook_row h;
    hook_row_read(r, NULL, &h);
    return x->each(x->arg, &h) != 0;
}

int store_hook_list(struct store *s, int64_t user_id,
                    int (*each)(void *arg, const struct hook_row *h), void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, user_id);
    int rc = sql_ask(s, SQL_HOOK_LIST, &v, give_hook, &(struct hook_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

int store_hook_set(struct store *s, const struct hook_row *h, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, h->id);
    sql_int(&v, h->user_id);
    sql_text(&v, h->url);
    sql_int(&v, h->kinds);
    sql_text(&v, h->description);
    sql_int(&v, h->enabled);
    int rc = change_hook(s, SQL_HOOK_SET, &v, e);
    store_delivery_wake(s); /* it may have been enabled */
    return rc;
}

int store_hook_secret(struct store *s, int64_t id, int64_t user_id, const char *secret,
                      int64_t keep_ms, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, user_id);
    sql_text(&v, secret);
    sql_int(&v, keep_ms);
    return change_hook(s, SQL_HOOK_SECRET, &v, e);
}

int store_hook_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    if (s->ops->hook_remove) {
        bool done;
        if (s->ops->hook_remove(s, id, user_id, &done, e) < 0)
            return -1;
        return done ? 0 : hook_missing(e);
    }
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, user_id);
    return change_hook(s, SQL_HOOK_REMOVE, &v, e);
}

/* -- deliveries -- */

int store_delivery_test(struct store *s, int64_t hook_id, int64_t user_id, int64_t *id,
                        struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, hook_id);
    sql_int(&v, user_id);
    sql_int(&v, HOOK_TEST);
    int rc = sql_numbers(s, SQL_DELIVERY_TEST, &v, id, 1, e);
    store_delivery_wake(s);
    return rc > 0 ? 0 : rc < 0 ? -1 : hook_missing(e);
}

struct delivery_each {
    int (*each)(void *arg, const struct delivery_row *d);
    void *arg;
};

static int give_delivery(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct delivery_each *x = arg;
    struct delivery_row d;
    delivery_row_read(r, NULL, &d);
    return x->each(x->arg, &d) != 0;
}

int store_delivery_list(struct store *s, int64_t hook_id, int64_t user_id, int64_t before, int max,
                        int (*each)(void *arg, const struct delivery_row *d), void *arg,
                        struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, hook_id);
    sql_int(&v, user_id);
    sql_int(&v, before > 0 ? before : INT64_MAX);
    sql_limit(&v, max);
    int rc =
        sql_ask(s, SQL_DELIVERY_LIST, &v, give_delivery, &(struct delivery_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

int store_delivery_replay(struct store *s, int64_t id, int64_t hook_id, int64_t user_id,
                          struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, hook_id);
    sql_int(&v, user_id);
    int rc = sql_ask(s, SQL_DELIVERY_REPLAY, &v, NULL, NULL, e);
    store_delivery_wake(s);
    if (rc == 0)
        return err_msg(e, MSG_DELIVERY_NOT_FOUND, "no such delivery");
    return rc < 0 ? -1 : 0;
}

struct due_each {
    int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms);
    void *arg;
};

static int give_due(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct due_each *x = arg;
    return x->each(x->arg, sql_number(r, 0), sql_number(r, 1), sql_number(r, 2)) != 0;
}

int store_delivery_due(struct store *s,
                       int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms),
                       void *arg, struct err *e)
{
    int rc = sql_ask(s, SQL_DELIVERY_DUE, NULL, give_due, &(struct due_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

struct delivery_claim {
    struct arena *arena;
    struct delivery_row *rows;
    int max, count;
};

static int take_delivery(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    struct delivery_claim *x = arg;
    delivery_row_read(r, x->arena, &x->rows[x->count++]);
    return x->count == x->max;
}

int store_delivery_claim(struct store *s, struct arena *a, int64_t hook_id, int max,
                         int64_t lease_ms, struct delivery_row *rows, int *count, struct err *e)
{
    assert(max > 0);
    struct sql_values v = {0};
    struct delivery_claim x = {a, rows, max, 0};
    sql_int(&v, hook_id);
    sql_int(&v, lease_ms);
    sql_int(&v, max);
    if (sql_ask(s, SQL_DELIVERY_CLAIM, &v, take_delivery, &x, e) < 0)
        return -1;
    *count = x.count;
    return 0;
}

int store_delivery_settle(struct store *s, const struct delivery_end *d, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, d->id);
    sql_int(&v, d->fence);
    sql_int(&v, d->state);
    sql_int(&v, d->wait_ms);
    sql_int(&v, d->status);
    sql_text(&v, d->error);
    return sql_ask(s, SQL_DELIVERY_SETTLE, &v, NULL, NULL, e);
}

int store_delivery_trim(struct store *s, int64_t keep_ms, int most, struct err *e)
{
    struct sql_values old = {0}, lost = {0};
    sql_int(&old, keep_ms);
    sql_int(&old, most);
    sql_int(&lost, most);
    return sql_ask(s, SQL_DELIVERY_TRIM, &old, NULL, NULL, e) < 0
               ? -1
               : sql_ask(s, SQL_DELIVERY_LOST, &lost, NULL, NULL, e);
}
