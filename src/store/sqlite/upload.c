#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

static void upload_row(sqlite3_stmt *st, struct arena *a, struct upload_row *out)
{
    *out = (struct upload_row){
        .id = sq_column(st, 0, a),
        .user_id = sqlite3_column_int64(st, 1),
        .length_bytes = sqlite3_column_int64(st, 2),
        .offset_bytes = sqlite3_column_int64(st, 3),
        .file_name = sq_column(st, 4, a),
        .title = sq_column(st, 5, a),
        .idempotency_key = sq_column(st, 6, a),
        .clip_blob = sq_column(st, 7, a),
        .fit = (enum fit)sqlite3_column_int(st, 8),
        .start_us = sqlite3_column_int64(st, 9),
        .wish = sqlite3_column_int64(st, 10),
        .holder = sqlite3_column_int64(st, 11),
        .expires_ms = sqlite3_column_int64(st, 12),
        .task_id = sqlite3_column_int64(st, 13),
        .request = sq_column(st, 14, a),
    };
}

/* One statement in a transaction of its own: texts first, then numbers; what it returns. */
struct change {
    enum sq_sql which;
    const char *id;
    const int64_t *numbers;
    int count;
    bool found;    /* out: a row came back */
    int64_t value; /* out: its first column */
};

static int run_change(struct sq_conn *c, void *arg, struct err *e)
{
    struct change *x = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, x->which, e);
    if (!st)
        return -1;
    if (x->id)
        sq_text(st, 1, x->id);
    for (int i = 0; i < x->count; i++)
        sq_int(st, 2 + i, x->numbers[i]);
    int rc = sq_step(st, e);
    if (rc < 0)
        return -1;
    x->found = rc > 0;
    x->value = rc > 0 ? sqlite3_column_int64(st, 0) : 0;
    return rc > 0 ? sq_run(st, e) : 0;
}

static int change(struct store *s, struct change *x, struct err *e)
{
    return sq_write((struct sqlite *)s, run_change, x, e);
}

struct add {
    const struct upload_row *u;
    int64_t expires_ms, quota_bytes;
};

static int add(struct sq_conn *c, void *arg, struct err *e)
{
    const struct add *x = arg;
    const struct upload_row *u = x->u;
    struct change open = {.which = SQL_UPLOAD_OPEN, .numbers = &u->user_id, .count = 1};
    if (run_change(c, &open, e) < 0)
        return -1;
    if (open.value >= UPLOADS_OPEN_MAX)
        return err_msg(e, MSG_UPLOADS_LIMITED, "the user has %d open uploads", UPLOADS_OPEN_MAX);
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_UPLOAD_ADD, e);
    if (!st)
        return -1;
    sq_text(st, 1, u->id);
    sq_int(st, 2, u->user_id);
    sq_int(st, 3, u->length_bytes);
    sq_text(st, 4, u->file_name);
    sq_text(st, 5, u->title);
    sq_text(st, 6, u->idempotency_key);
    sq_text(st, 7, u->clip_blob);
    sq_int(st, 8, u->fit);
    sq_int(st, 9, u->start_us);
    sq_int(st, 10, x->expires_ms);
    sq_int(st, 11, x->quota_bytes);
    sq_text(st, 12, u->request ? u->request : "");
    int rc = sq_step(st, e);
    if (rc == 0)
        return err_msg(e, MSG_QUOTA_EXCEEDED, "%lld bytes are announced",
                       (long long)u->length_bytes);
    return rc < 0 ? -1 : sq_run(st, e);
}

int sqlite_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                      int64_t quota_bytes, int64_t *expires_ms, struct err *e)
{
    struct add x = {u, clock_now_ms() + keep_ms, quota_bytes};
    if (sq_write((struct sqlite *)s, add, &x, e) < 0)
        return -1;
    *expires_ms = x.expires_ms;
    return 0;
}

static int get(struct sq_conn *c, struct arena *a, const char *id, int64_t user_id,
               struct upload_row *out, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_UPLOAD_GET, e);
    if (!st)
        return -1;
    sq_text(st, 1, id);
    sq_int(st, 2, user_id);
    int rc = sq_step(st, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no such upload");
    if (rc > 0)
        upload_row(st, a, out);
    return rc < 0 ? -1 : 0;
}

int sqlite_upload_get(struct store *base, struct arena *a, const char *id, int64_t user_id,
                      struct upload_row *out, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = get(c, a, id, user_id, out, e);
    sq_reader_back(s, c);
    return rc;
}

int sqlite_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                       struct err *e)
{
    struct change x = {SQL_UPLOAD_WISH, id, &user_id, 1, false, 0};
    if (change(s, &x, e) < 0)
        return -1;
    if (!x.found)
        return err_set(e, ERR_MISSING, "there is no such upload");
    *wish = x.value;
    return 0;
}

int sqlite_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                       struct err *e)
{
    struct change x = {SQL_UPLOAD_HOLD, id, (const int64_t[]){wish, force}, 2, false, 0};
    if (change(s, &x, e) < 0)
        return -1;
    *held = x.found;
    return 0;
}

int sqlite_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                          int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e)
{
    const int64_t numbers[] = {holder, from_bytes, to_bytes, clock_now_ms() + keep_ms};
    struct change x = {SQL_UPLOAD_ADVANCE, id, numbers, 4, false, 0};
    if (change(s, &x, e) < 0)
        return -1;
    *done = x.found;
    return 0;
}

int sqlite_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e)
{
    struct change x = {SQL_UPLOAD_FINISH, id, &task_id, 1, false, 0};
    return change(s, &x, e);
}

int sqlite_upload_remove(struct store *s, const char *id, struct err *e)
{
    struct change x = {SQL_UPLOAD_REMOVE, id, NULL, 0, false, 0};
    return change(s, &x, e);
}

int sqlite_upload_free_all(struct store *s, struct err *e)
{
    struct change x = {SQL_UPLOAD_FREE_ALL, NULL, NULL, 0, false, 0};
    return change(s, &x, e);
}

static int list(struct sq_conn *c, bool whole, int64_t until_ms, int max,
                int (*each)(void *arg, const struct upload_row *u), void *arg, struct err *e)
{
    AUTO(sq_endp)
    sqlite3_stmt *st = sq_get(c, whole ? SQL_UPLOAD_WHOLE : SQL_UPLOAD_EXPIRED, e);
    if (!st)
        return -1;
    sq_int(st, 1, max);
    sq_int(st, 2, until_ms);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        struct upload_row u;
        upload_row(st, NULL, &u);
        if (each(arg, &u) != 0)
            return 0;
    }
    return rc;
}

int sqlite_upload_list(struct store *base, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                       int (*each)(void *arg, const struct upload_row *u), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int64_t until = clock_now_ms() + (whole ? keep_ms - idle_ms : 0);
    int rc = list(c, whole, until, max, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}
