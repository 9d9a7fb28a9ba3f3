#include "store/upload.h"

#include "core/err.h"
#include "store/sql_impl.h"

#include <inttypes.h>

int store_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                     int64_t quota_bytes, int64_t *expires_ms, struct err *e)
{
    struct sql_values v = {0}, user = {0};
    sql_text(&v, u->id);
    sql_int(&v, u->user_id);
    sql_int(&v, u->length_bytes);
    sql_text(&v, u->file_name);
    sql_text(&v, u->title);
    sql_text(&v, u->idempotency_key);
    sql_text(&v, u->clip_blob);
    sql_int(&v, u->fit);
    sql_int(&v, u->start_us);
    sql_int(&v, keep_ms);
    sql_int(&v, quota_bytes);
    sql_text(&v, u->request ? u->request : "");
    sql_int(&v, UPLOADS_OPEN_MAX);
    int rc = sql_numbers(s, SQL_UPLOAD_ADD, &v, expires_ms, 1, e);
    if (rc)
        return rc < 0 ? -1 : 0;
    int64_t open = 0;
    sql_int(&user, u->user_id);
    if (sql_numbers(s, SQL_UPLOAD_OPEN, &user, &open, 1, e) < 0)
        return -1;
    if (open >= UPLOADS_OPEN_MAX)
        return err_msg(e, MSG_UPLOADS_LIMITED, "the user has %d open uploads", UPLOADS_OPEN_MAX);
    return err_msg(e, MSG_QUOTA_EXCEEDED, "%" PRId64 " bytes are announced", u->length_bytes);
}

/* -- reading -- */

struct upload_read {
    struct arena *arena;
    struct upload_row *out;
};

static int read_upload(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct upload_read *x = arg;
    upload_row_read(r, x->arena, x->out);
    return 1;
}

static int upload_missing(struct err *e)
{
    return err_set(e, ERR_MISSING, "there is no such upload");
}

int store_upload_get(struct store *s, struct arena *a, const char *id, int64_t user_id,
                     struct upload_row *out, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    sql_int(&v, user_id);
    int rc = sql_ask(s, SQL_UPLOAD_GET, &v, read_upload, &(struct upload_read){a, out}, e);
    return rc > 0 ? 0 : rc < 0 ? -1 : upload_missing(e);
}

struct upload_each {
    int (*each)(void *arg, const struct upload_row *u);
    void *arg;
};

static int give_upload(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct upload_each *x = arg;
    struct upload_row u;
    upload_row_read(r, NULL, &u);
    return x->each(x->arg, &u) != 0;
}

int store_upload_list(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                      int (*each)(void *arg, const struct upload_row *u), void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_limit(&v, max);
    if (whole)
        sql_int(&v, keep_ms - idle_ms);
    int rc = sql_ask(s, whole ? SQL_UPLOAD_WHOLE : SQL_UPLOAD_EXPIRED, &v, give_upload,
                     &(struct upload_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

/* -- changes -- */

int store_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                      struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    sql_int(&v, user_id);
    int rc = sql_numbers(s, SQL_UPLOAD_WISH, &v, wish, 1, e);
    return rc > 0 ? 0 : rc < 0 ? -1 : upload_missing(e);
}

int store_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                      struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    sql_int(&v, wish);
    sql_int(&v, force);
    int rc = sql_ask(s, SQL_UPLOAD_HOLD, &v, NULL, NULL, e);
    if (rc < 0)
        return -1;
    *held = rc > 0;
    return 0;
}

int store_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                         int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    sql_int(&v, holder);
    sql_int(&v, from_bytes);
    sql_int(&v, to_bytes);
    sql_int(&v, keep_ms);
    int rc = sql_ask(s, SQL_UPLOAD_ADVANCE, &v, NULL, NULL, e);
    if (rc < 0)
        return -1;
    *done = rc > 0;
    return 0;
}

int store_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    sql_int(&v, task_id);
    return sql_ask(s, SQL_UPLOAD_FINISH, &v, NULL, NULL, e);
}

int store_upload_remove(struct store *s, const char *id, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    return sql_ask(s, SQL_UPLOAD_REMOVE, &v, NULL, NULL, e);
}

int store_upload_free_all(struct store *s, struct err *e)
{
    return sql_ask(s, SQL_UPLOAD_FREE_ALL, NULL, NULL, NULL, e);
}
