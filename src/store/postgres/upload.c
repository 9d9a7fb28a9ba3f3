#include "core/err.h"
#include "core/mem.h"
#include "store/postgres/postgres_impl.h"

static void upload_row(const PGresult *r, int i, struct arena *a, struct upload_row *out)
{
    *out = (struct upload_row){
        .id = pg_string(r, i, 0, a),
        .user_id = pg_number(r, i, 1),
        .length_bytes = pg_number(r, i, 2),
        .offset_bytes = pg_number(r, i, 3),
        .file_name = pg_string(r, i, 4, a),
        .title = pg_string(r, i, 5, a),
        .idempotency_key = pg_string(r, i, 6, a),
        .clip_blob = pg_string(r, i, 7, a),
        .fit = (enum fit)pg_number(r, i, 8),
        .start_us = pg_number(r, i, 9),
        .wish = pg_number(r, i, 10),
        .holder = pg_number(r, i, 11),
        .expires_ms = pg_number(r, i, 12),
        .task_id = pg_number(r, i, 13),
        .request = pg_string(r, i, 14, a),
    };
}

/* One statement about an upload (NULL: all); NULL with *e. */
static PGresult *ask(struct store *s, enum pg_sql which, const char *id, const int64_t *numbers,
                     int count, struct err *e)
{
    struct pg_values v = {0};
    if (id)
        pg_text(&v, id);
    for (int i = 0; i < count; i++)
        pg_int(&v, numbers[i]);
    return pg_ask((struct postgres *)s, which, &v, NULL, e);
}

static int missing(struct err *e)
{
    return err_set(e, ERR_MISSING, "there is no such upload");
}

int postgres_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                        int64_t quota_bytes, int64_t *expires_ms, struct err *e)
{
    struct pg_values v = {0};
    /* two that come at once may both be the last: it is no limit to the piece */
    AUTO(pg_clearp) PGresult *open = ask(s, PG_UPLOAD_OPEN, NULL, &u->user_id, 1, e);
    if (!open)
        return -1;
    if (pg_number(open, 0, 0) >= UPLOADS_OPEN_MAX)
        return err_msg(e, MSG_UPLOADS_LIMITED, "the user has %d open uploads", UPLOADS_OPEN_MAX);
    pg_text(&v, u->id);
    pg_int(&v, u->user_id);
    pg_int(&v, u->length_bytes);
    pg_text(&v, u->file_name);
    pg_text(&v, u->title);
    pg_text(&v, u->idempotency_key);
    pg_text(&v, u->clip_blob);
    pg_int(&v, u->fit);
    pg_int(&v, u->start_us);
    pg_int(&v, keep_ms);
    pg_int(&v, quota_bytes);
    pg_text(&v, u->request ? u->request : "");
    AUTO(pg_clearp) PGresult *r = pg_ask((struct postgres *)s, PG_UPLOAD_ADD, &v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return err_msg(e, MSG_QUOTA_EXCEEDED, "%lld bytes are announced",
                       (long long)u->length_bytes);
    *expires_ms = pg_number(r, 0, 0);
    return 0;
}

int postgres_upload_get(struct store *s, struct arena *a, const char *id, int64_t user_id,
                        struct upload_row *out, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(s, PG_UPLOAD_GET, id, &user_id, 1, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return missing(e);
    upload_row(r, 0, a, out);
    return 0;
}

int postgres_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                         struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(s, PG_UPLOAD_WISH, id, &user_id, 1, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return missing(e);
    *wish = pg_number(r, 0, 0);
    return 0;
}

int postgres_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                         struct err *e)
{
    AUTO(pg_clearp)
    PGresult *r = ask(s, PG_UPLOAD_HOLD, id, (const int64_t[]){wish, force}, 2, e);
    if (!r)
        return -1;
    *held = PQntuples(r) > 0;
    return 0;
}

int postgres_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                            int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e)
{
    const int64_t numbers[] = {holder, from_bytes, to_bytes, keep_ms};
    AUTO(pg_clearp) PGresult *r = ask(s, PG_UPLOAD_ADVANCE, id, numbers, 4, e);
    if (!r)
        return -1;
    *done = PQntuples(r) > 0;
    return 0;
}

int postgres_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(s, PG_UPLOAD_FINISH, id, &task_id, 1, e);
    return r ? 0 : -1;
}

int postgres_upload_remove(struct store *s, const char *id, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(s, PG_UPLOAD_REMOVE, id, NULL, 0, e);
    return r ? 0 : -1;
}

int postgres_upload_free_all(struct store *s, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = ask(s, PG_UPLOAD_FREE_ALL, NULL, NULL, 0, e);
    return r ? 0 : -1;
}

int postgres_upload_list(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                         int (*each)(void *arg, const struct upload_row *u), void *arg,
                         struct err *e)
{
    const int64_t numbers[] = {max, keep_ms - idle_ms};
    AUTO(pg_clearp)
    PGresult *r =
        ask(s, whole ? PG_UPLOAD_WHOLE : PG_UPLOAD_EXPIRED, NULL, numbers, whole ? 2 : 1, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        struct upload_row u;
        upload_row(r, i, NULL, &u);
        if (each(arg, &u) != 0)
            break;
    }
    return 0;
}
