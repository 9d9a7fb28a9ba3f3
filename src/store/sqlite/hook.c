/* Plan: each change is one or two statements with the same few kinds of values, so one helper runs
 * them; then the lists, and the claim, which reads what it took. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/hook_impl.h"
#include "store/sqlite/sqlite_impl.h"

enum { VALUES = 9 };
/* A statement that gives no rows: numbers, or texts where there is one. */
struct change {
    enum sq_sql which, then; /* then: with the first value, when a row was changed; 0: nothing */
    int count;
    struct {
        int64_t number;
        const char *text;
    } values[VALUES];
    int64_t id; /* of the row that it added */
    int rows;   /* that it changed */
};

static int run(struct sq_conn *c, enum sq_sql which, const struct change *w, int count,
               struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, which, e);
    if (!st)
        return -1;
    for (int i = 0; i < count; i++) {
        if (w->values[i].text)
            sq_text(st, i + 1, w->values[i].text);
        else
            sq_int(st, i + 1, w->values[i].number);
    }
    return sq_run(st, e);
}

static int change(struct sq_conn *c, void *arg, struct err *e)
{
    struct change *w = arg;
    if (run(c, w->which, w, w->count, e) < 0)
        return -1;
    w->rows = sqlite3_changes(c->db);
    w->id = sqlite3_last_insert_rowid(c->db);
    return w->then && w->rows ? run(c, w->then, w, 1, e) : 0;
}

static int no_hook(struct err *e)
{
    return err_msg(e, MSG_HOOK_NOT_FOUND, "no such hook");
}

static int hook_add(struct store *s, const struct hook_row *h, int64_t *id, struct err *e)
{
    struct change w = {.which = SQL_HOOK_ADD,
                       .count = 8,
                       .values = {{h->user_id, NULL},
                                  {0, h->url},
                                  {h->kinds, NULL},
                                  {0, h->description},
                                  {h->enabled, NULL},
                                  {0, h->secret},
                                  {clock_now_ms(), NULL},
                                  {HOOKS_MAX, NULL}}};
    if (sq_write((struct sqlite *)s, change, &w, e) < 0)
        return -1;
    if (!w.rows)
        return err_msg(e, MSG_HOOKS_LIMITED, "the user has %d hooks", HOOKS_MAX);
    *id = w.id;
    return 0;
}

static void read_hook(sqlite3_stmt *st, struct arena *a, struct hook_row *out)
{
    *out = (struct hook_row){
        .id = sqlite3_column_int64(st, 0),
        .user_id = sqlite3_column_int64(st, 1),
        .url = sq_column(st, 2, a),
        .kinds = (unsigned)sqlite3_column_int64(st, 3),
        .description = sq_column(st, 4, a),
        .enabled = sqlite3_column_int(st, 5) != 0,
        .secret = sq_column(st, 6, a),
        .old_secret = sq_column(st, 7, a),
        .old_until_ms = sqlite3_column_int64(st, 8),
        .created_ms = sqlite3_column_int64(st, 9),
    };
}

static int get(struct sq_conn *c, struct arena *a, int64_t id, int64_t user_id,
               struct hook_row *out, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_HOOK_GET, e);
    if (!st)
        return -1;
    sq_int(st, 1, id);
    sq_int(st, 2, user_id);
    int rc = sq_step(st, e);
    if (rc <= 0)
        return rc < 0 ? -1 : no_hook(e);
    read_hook(st, a, out);
    return 0;
}

static int hook_get(struct store *base, struct arena *a, int64_t id, int64_t user_id,
                    struct hook_row *out, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = get(c, a, id, user_id, out, e);
    sq_reader_back(s, c);
    return rc;
}

static int list(struct sq_conn *c, int64_t user_id,
                int (*each)(void *arg, const struct hook_row *h), void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_HOOK_LIST, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        struct hook_row h;
        read_hook(st, NULL, &h);
        if (each(arg, &h) != 0)
            return 0;
    }
    return rc;
}

static int hook_list(struct store *base, int64_t user_id,
                     int (*each)(void *arg, const struct hook_row *h), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = list(c, user_id, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

/* For changes of a hook that is there. */
static int change_hook(struct store *s, struct change *w, struct err *e)
{
    if (sq_write((struct sqlite *)s, change, w, e) < 0)
        return -1;
    return w->rows ? 0 : no_hook(e);
}

static int hook_set(struct store *s, const struct hook_row *h, struct err *e)
{
    struct change w = {.which = SQL_HOOK_SET,
                       .count = 6,
                       .values = {{h->id, NULL},
                                  {h->user_id, NULL},
                                  {0, h->url},
                                  {h->kinds, NULL},
                                  {0, h->description},
                                  {h->enabled, NULL}}};
    return change_hook(s, &w, e);
}

static int hook_secret(struct store *s, int64_t id, int64_t user_id, const char *secret,
                       int64_t keep_ms, struct err *e)
{
    struct change w = {
        .which = SQL_HOOK_SECRET,
        .count = 4,
        .values = {{id, NULL}, {user_id, NULL}, {0, secret}, {clock_now_ms() + keep_ms, NULL}}};
    return change_hook(s, &w, e);
}

static int hook_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    struct change w = {.which = SQL_HOOK_REMOVE,
                       .then = SQL_DELIVERY_REMOVE,
                       .count = 2,
                       .values = {{id, NULL}, {user_id, NULL}}};
    return change_hook(s, &w, e);
}

static int delivery_test(struct store *s, int64_t hook_id, int64_t user_id, int64_t *id,
                         struct err *e)
{
    struct change w = {
        .which = SQL_DELIVERY_TEST,
        .count = 4,
        .values = {{hook_id, NULL}, {user_id, NULL}, {HOOK_TEST, NULL}, {clock_now_ms(), NULL}}};
    if (change_hook(s, &w, e) < 0)
        return -1;
    *id = w.id;
    return 0;
}

static void read_delivery(sqlite3_stmt *st, struct arena *a, struct delivery_row *out)
{
    *out = (struct delivery_row){
        .id = sqlite3_column_int64(st, 0),
        .hook_id = sqlite3_column_int64(st, 1),
        .user_id = sqlite3_column_int64(st, 2),
        .event_id = sqlite3_column_int64(st, 3),
        .task_id = sqlite3_column_int64(st, 4),
        .kind = sqlite3_column_int(st, 5),
        .progress = sqlite3_column_int(st, 6),
        .error_slug = sq_column(st, 7, a),
        .title = sq_column(st, 8, a),
        .file_name = sq_column(st, 9, a),
        .reel_blob = sq_column(st, 10, a),
        .created_ms = sqlite3_column_int64(st, 11),
        .state = (enum delivery_state)sqlite3_column_int(st, 12),
        .fence = sqlite3_column_int64(st, 13),
        .tries = sqlite3_column_int(st, 14),
        .next_ms = sqlite3_column_int64(st, 15),
        .status = sqlite3_column_int(st, 16),
        .error = sq_column(st, 17, a),
        .ended_ms = sqlite3_column_int64(st, 18),
    };
}

static int deliveries(struct sq_conn *c, const int64_t values[4],
                      int (*each)(void *arg, const struct delivery_row *d), void *arg,
                      struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_DELIVERY_LIST, e);
    if (!st)
        return -1;
    for (int i = 0; i < 4; i++)
        sq_int(st, i + 1, values[i]);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        struct delivery_row d;
        read_delivery(st, NULL, &d);
        if (each(arg, &d) != 0)
            return 0;
    }
    return rc;
}

static int delivery_list(struct store *base, int64_t hook_id, int64_t user_id, int64_t before,
                         int max, int (*each)(void *arg, const struct delivery_row *d), void *arg,
                         struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = deliveries(c, (const int64_t[]){hook_id, user_id, before, max}, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

static int delivery_replay(struct store *s, int64_t id, int64_t hook_id, int64_t user_id,
                           struct err *e)
{
    struct change w = {
        .which = SQL_DELIVERY_REPLAY,
        .count = 4,
        .values = {{id, NULL}, {hook_id, NULL}, {user_id, NULL}, {clock_now_ms(), NULL}}};
    if (sq_write((struct sqlite *)s, change, &w, e) < 0)
        return -1;
    return w.rows ? 0 : err_msg(e, MSG_DELIVERY_NOT_FOUND, "no such delivery");
}

static int due(struct sq_conn *c,
               int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms), void *arg,
               struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_DELIVERY_DUE, e);
    if (!st)
        return -1;
    int64_t now = clock_now_ms();
    int rc;
    while ((rc = sq_step(st, e)) > 0)
        if (each(arg, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
                 sqlite3_column_int64(st, 2) - now) != 0)
            return 0;
    return rc;
}

static int delivery_due(struct store *base,
                        int (*each)(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms),
                        void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = due(c, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

struct claim {
    struct arena *arena;
    int64_t hook_id, lease_ms;
    int max, count;
    struct delivery_row *rows;
};

static int claim(struct sq_conn *c, void *arg, struct err *e)
{
    struct claim *w = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_DELIVERY_CLAIM, e);
    if (!st)
        return -1;
    int64_t now = clock_now_ms();
    sq_int(st, 1, w->hook_id);
    sq_int(st, 2, now);
    sq_int(st, 3, now + w->lease_ms);
    sq_int(st, 4, w->max);
    w->count = 0;
    int rc;
    while ((rc = sq_step(st, e)) > 0 && w->count < w->max)
        read_delivery(st, w->arena, &w->rows[w->count++]);
    return rc < 0 ? -1 : 0;
}

static int delivery_claim(struct store *s, struct arena *a, int64_t hook_id, int max,
                          int64_t lease_ms, struct delivery_row *rows, int *count, struct err *e)
{
    struct claim w = {
        .arena = a, .hook_id = hook_id, .lease_ms = lease_ms, .max = max, .rows = rows};
    if (sq_write((struct sqlite *)s, claim, &w, e) < 0)
        return -1;
    *count = w.count;
    return 0;
}

static int delivery_settle(struct store *s, const struct delivery_end *d, struct err *e)
{
    int64_t now = clock_now_ms();
    struct change w = {.which = SQL_DELIVERY_SETTLE,
                       .count = 7,
                       .values = {{d->id, NULL},
                                  {d->fence, NULL},
                                  {d->state, NULL},
                                  {now + d->wait_ms, NULL},
                                  {d->status, NULL},
                                  {0, d->error},
                                  {d->state == DELIVERY_WAITING ? 0 : now, NULL}}};
    return sq_write((struct sqlite *)s, change, &w, e);
}

static int delivery_trim(struct store *s, int64_t keep_ms, int most, struct err *e)
{
    struct change old = {.which = SQL_DELIVERY_TRIM,
                         .count = 2,
                         .values = {{clock_now_ms() - keep_ms, NULL}, {most, NULL}}};
    struct change lost = {.which = SQL_DELIVERY_LOST, .count = 1, .values = {{most, NULL}}};
    return sq_write((struct sqlite *)s, change, &old, e) < 0 ||
                   sq_write((struct sqlite *)s, change, &lost, e) < 0
               ? -1
               : 0;
}

const struct hook_ops hook_sqlite_ops = {
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
