#include "core/err.h"
#include "core/mem.h"
#include "store/hook_impl.h"
#include "store/postgres/postgres_impl.h"

static struct postgres *of(struct store *s)
{
    return (struct postgres *)s;
}

static int no_hook(struct err *e)
{
    return err_msg(e, MSG_HOOK_NOT_FOUND, "no such hook");
}

/* For statements that give the id of what they changed; *id 0: nothing. */
static int change(struct store *s, enum pg_sql which, const struct pg_values *v, int64_t *id,
                  struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), which, v, NULL, e);
    if (!r)
        return -1;
    *id = PQntuples(r) ? pg_number(r, 0, 0) : 0;
    return 0;
}

static int hook_add(struct store *s, const struct hook_row *h, int64_t *id, struct err *e)
{
    struct pg_values v = {0};
    int64_t made;
    pg_int(&v, h->user_id);
    pg_text(&v, h->url);
    pg_int(&v, h->kinds);
    pg_text(&v, h->description);
    pg_int(&v, h->enabled);
    pg_text(&v, h->secret);
    pg_int(&v, HOOKS_MAX);
    if (change(s, PG_HOOK_ADD, &v, &made, e) < 0)
        return -1;
    if (!made)
        return err_msg(e, MSG_HOOKS_LIMITED, "the user has %d hooks", HOOKS_MAX);
    *id = made;
    return 0;
}

static void read_hook(const PGresult *r, int i, struct arena *a, struct hook_row *out)
{
    *out = (struct hook_row){
        .id = pg_number(r, i, 0),
        .user_id = pg_number(r, i, 1),
        .url = pg_string(r, i, 2, a),
        .kinds = (unsigned)pg_number(r, i, 3),
        .description = pg_string(r, i, 4, a),
        .enabled = pg_number(r, i, 5) != 0,
        .secret = pg_string(r, i, 6, a),
        .old_secret = pg_string(r, i, 7, a),
        .old_until_ms = pg_number(r, i, 8),
        .created_ms = pg_number(r, i, 9),
    };
}

static int hook_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                    struct hook_row *out, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_int(&v, user_id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_HOOK_GET, &v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return no_hook(e);
    read_hook(r, 0, a, out);
    return 0;
}

static int hook_list(struct store *s, int64_t user_id,
                     int (*each)(void *arg, const struct hook_row *h), void *arg, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, user_id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_HOOK_LIST, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        struct hook_row h;
        read_hook(r, i, NULL, &h);
        if (each(arg, &h) != 0)
            break;
    }
    return 0;
}

static int change_hook(struct store *s, enum pg_sql which, const struct pg_values *v, int64_t *id,
                       struct err *e)
{
    int64_t found;
    if (change(s, which, v, &found, e) < 0)
        return -1;
    if (!found)
        return no_hook(e);
    if (id)
        *id = found;
    return 0;
}

static int hook_set(struct store *s, const struct hook_row *h, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, h->id);
    pg_int(&v, h->user_id);
    pg_text(&v, h->url);
    pg_int(&v, h->kinds);
    pg_text(&v, h->description);
    pg_int(&v, h->enabled);
    return change_hook(s, PG_HOOK_SET, &v, NULL, e);
}

static int hook_secret(struct store *s, int64_t id, int64_t user_id, const char *secret,
                       int64_t keep_ms, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_int(&v, user_id);
    pg_text(&v, secret);
    pg_int(&v, keep_ms);
    return change_hook(s, PG_HOOK_SECRET, &v, NULL, e);
}

static int hook_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_int(&v, user_id);
    return change_hook(s, PG_HOOK_REMOVE, &v, NULL, e);
}

static int delivery_test(struct store *s, int64_t hook_id, int64_t user_id, int64_t *id,
                         struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, hook_id);
    pg_int(&v, user_id);
    pg_int(&v, HOOK_TEST);
    return change_hook(s, PG_DELIVERY_TEST, &v, id, e);
}

static void read_delivery(const PGresult *r, int i, struct arena *a, struct delivery_row *out)
{
    *out = (struct delivery_row){
        .id = pg_number(r, i, 0),
        .hook_id = pg_number(r, i, 1),
        .user_id = pg_number(r, i, 2),
        .event_id = pg_number(r, i, 3),
        .task_id = pg_number(r, i, 4),
        .kind = (int)pg_number(r, i, 5),
        .progress = (int)pg_number(r, i, 6),
        .error_slug = pg_string(r, i, 7, a),
        .title = pg_string(r, i, 8, a),
        .file_name = pg_string(r, i, 9, a),
        .reel_blob = pg_string(r, i, 10, a),
        .created_ms = pg_number(r, i, 11),
        .state = (enum delivery_state)pg_number(r, i, 12),
        .fence = pg_number(r, i, 13),
        .tries = (int)pg_number(r, i, 14),
        .next_ms = pg_number(r, i, 15),
        .status = (int)pg_number(r, i, 16),
        .error = pg_string(r, i, 17, a),
        .ended_ms = pg_number(r, i, 18),
    };
}

static int delivery_list(struct store *s, int64_t hook_id, int64_t user_id, int64_t before, int max,
                         int (*each)(void *arg, const struct delivery_row *d), void *arg,
                         struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, hook_id);
    pg_int(&v, user_id);
    pg_int(&v, before);
    pg_int(&v, max);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_DELIVERY_LIST, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        struct delivery_row d;
        read_delivery(r, i, NULL, &d);
        if (each(arg, &d) != 0)
            break;
    }
    return 0;
}

static int delivery_replay(struct store *s, int64_t id, int64_t hook_id, int64_t user_id,
                           struct err *e)
{
    struct pg_values v = {0};
    int64_t found;
    pg_int(&v, id);
    pg_int(&v, hook_id);
    pg_int(&v, user_id);
    if (change(s, PG_DELIVERY_REPLAY, &v, &found, e) < 0)
        return -1;
    return found ? 0 : err_msg(e, MSG_DELIVERY_NOT_FOUND, "no such delivery");
}

static int delivery_due(struct store *s,
                        int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms),
                        void *arg, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_DELIVERY_DUE, NULL, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++)
        if (each(arg, pg_number(r, i, 0), pg_number(r, i, 1), pg_number(r, i, 2)) != 0)
            break;
    return 0;
}

static int delivery_claim(struct store *s, struct arena *a, int64_t hook_id, int max,
                          int64_t lease_ms, struct delivery_row *rows, int *count, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, hook_id);
    pg_int(&v, lease_ms);
    pg_int(&v, max);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_DELIVERY_CLAIM, &v, NULL, e);
    if (!r)
        return -1;
    *count = PQntuples(r) < max ? PQntuples(r) : max;
    for (int i = 0; i < *count; i++)
        read_delivery(r, i, a, &rows[i]);
    return 0;
}

static int delivery_settle(struct store *s, const struct delivery_end *d, struct err *e)
{
    struct pg_values v = {0};
    int64_t found;
    pg_int(&v, d->id);
    pg_int(&v, d->fence);
    pg_int(&v, d->state);
    pg_int(&v, d->wait_ms);
    pg_int(&v, d->status);
    pg_text(&v, d->error);
    return change(s, PG_DELIVERY_SETTLE, &v, &found, e);
}

static int delivery_trim(struct store *s, int64_t keep_ms, int most, struct err *e)
{
    struct pg_values old = {0}, lost = {0};
    int64_t found;
    pg_int(&old, keep_ms);
    pg_int(&old, most);
    pg_int(&lost, most);
    return change(s, PG_DELIVERY_TRIM, &old, &found, e) < 0 ||
                   change(s, PG_DELIVERY_LOST, &lost, &found, e) < 0
               ? -1
               : 0;
}

const struct hook_ops hook_postgres_ops = {
    .add = hook_add,
    .get = hook_get,
    .list = hook_list,
    .set = hook_set,
    .secret = hook_secret,
    .remove = hook_remove,
    .test = delivery_test,
    .deliveries = delivery_list,
    .replay = delivery_replay,
    .due = delivery_due,
    .claim = delivery_claim,
    .settle = delivery_settle,
    .trim = delivery_trim,
};
