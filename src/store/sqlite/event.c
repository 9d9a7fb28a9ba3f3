#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

static int list(struct sq_conn *c, const int64_t values[4],
                int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e)
{
    AUTO(sq_endp)
    sqlite3_stmt *st = sq_get(c, values[3] ? SQL_EVENT_LIST_TASK : SQL_EVENT_LIST, e);
    if (!st)
        return -1;
    for (int i = 0; i < (values[3] ? 4 : 3); i++)
        sq_int(st, i + 1, values[i]);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        const struct event_row ev = {
            .id = sqlite3_column_int64(st, 0),
            .user_id = sqlite3_column_int64(st, 1),
            .task_id = sqlite3_column_int64(st, 2),
            .kind = (enum event_kind)sqlite3_column_int(st, 3),
            .progress = sqlite3_column_int(st, 4),
            .error_slug = sq_column(st, 5, NULL),
            .created_ms = sqlite3_column_int64(st, 6),
            .again = sqlite3_column_int(st, 7) != 0,
        };
        if (each(arg, &ev) != 0)
            return 0;
    }
    return rc;
}

int sqlite_event_list(struct store *base, int64_t user_id, int64_t task_id, int64_t after, int max,
                      int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = list(c, (const int64_t[]){user_id, after, max, task_id}, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

static int users(struct sq_conn *c, int64_t after,
                 int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_EVENT_USERS, e);
    if (!st)
        return -1;
    sq_int(st, 1, after);
    int rc;
    while ((rc = sq_step(st, e)) > 0)
        if (each(arg, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)) != 0)
            return 0;
    return rc;
}

int sqlite_event_users(struct store *base, int64_t after,
                       int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                       struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = users(c, after, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

static int span(struct sq_conn *c, int64_t user_id, int64_t *newest, int64_t *forgotten,
                struct err *e)
{
    AUTO(sq_endp)
    sqlite3_stmt *st = sq_get(c, user_id ? SQL_EVENT_SPAN_USER : SQL_EVENT_SPAN, e);
    if (!st)
        return -1;
    if (user_id)
        sq_int(st, 1, user_id);
    if (sq_step(st, e) < 0)
        return -1;
    *newest = sqlite3_column_int64(st, 0);
    *forgotten = sqlite3_column_int64(st, 1);
    return 0;
}

int sqlite_event_span(struct store *base, int64_t user_id, int64_t *newest, int64_t *forgotten,
                      struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = span(c, user_id, newest, forgotten, e);
    sq_reader_back(s, c);
    return rc;
}

struct trim {
    int64_t before_ms, cut;
    int most, count;
};

static int find_cut(struct sq_conn *c, struct trim *t, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_EVENT_CUT, e);
    if (!st)
        return -1;
    sq_int(st, 1, t->before_ms);
    sq_int(st, 2, t->most);
    if (sq_step(st, e) < 0)
        return -1;
    t->cut = sqlite3_column_int64(st, 0);
    t->count = sqlite3_column_int(st, 1);
    return 0;
}

static int trim(struct sq_conn *c, void *arg, struct err *e)
{
    struct trim *t = arg;
    static const enum sq_sql steps[] = {SQL_EVENT_TRIM, SQL_EVENT_FORGET};
    for (size_t i = 0; i < LEN(steps); i++) {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, steps[i], e);
        if (!st)
            return -1;
        sq_int(st, 1, t->cut);
        if (sq_run(st, e) < 0)
            return -1;
    }
    return 0;
}

int sqlite_event_trim(struct store *base, int64_t keep_ms, int most, int *count, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct trim t = {.before_ms = clock_now_ms() - keep_ms, .most = most};
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = find_cut(c, &t, e);
    sq_reader_back(s, c);
    if (rc < 0 || (t.count > 0 && sq_write(s, trim, &t, e) < 0))
        return -1;
    *count = t.count;
    return 0;
}
