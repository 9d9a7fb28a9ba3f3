/* Plan: keys of the API; a user's role and limits; who works. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

#include <inttypes.h>

/* -- keys -- */

static void key_row(sqlite3_stmt *st, struct arena *a, struct key_row *out)
{
    *out = (struct key_row){
        .id = sqlite3_column_int64(st, 0),
        .user_id = sqlite3_column_int64(st, 1),
        .name = sq_column(st, 2, a),
        .hash = sq_column(st, 3, a),
        .hint = sq_column(st, 4, a),
        .scopes = (unsigned)sqlite3_column_int64(st, 5),
        .created_ms = sqlite3_column_int64(st, 6),
        .expires_ms = sqlite3_column_int64(st, 7),
        .used_ms = sqlite3_column_int64(st, 8),
        .username = sq_column(st, 9, a),
        .admin = sqlite3_column_int(st, 10) != 0,
    };
}

struct key_add {
    const struct key_new *k;
    struct key_row *out;
};

static int key_add(struct sq_conn *c, void *arg, struct err *e)
{
    struct key_add *add = arg;
    {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_API_KEY_COUNT, e);
        if (!st)
            return -1;
        sq_int(st, 1, add->k->user_id);
        if (sq_step(st, e) < 0)
            return -1;
        if (sqlite3_column_int(st, 0) >= KEYS_MAX)
            return err_msg(e, MSG_KEYS_LIMITED, "the user has %d keys", KEYS_MAX);
    }
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_API_KEY_ADD, e);
    if (!st)
        return -1;
    int64_t now = clock_now_ms();
    *add->out = (struct key_row){.created_ms = now,
                                 .expires_ms = add->k->for_ms ? now + add->k->for_ms : 0};
    sq_int(st, 1, add->k->user_id);
    sq_text(st, 2, add->k->name);
    sq_text(st, 3, add->k->hash);
    sq_text(st, 4, add->k->hint);
    sq_int(st, 5, add->k->scopes);
    sq_int(st, 6, now);
    sq_int(st, 7, add->out->expires_ms);
    if (sq_run(st, e) < 0)
        return -1;
    add->out->id = sqlite3_last_insert_rowid(c->db);
    return 0;
}

int sqlite_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                   int64_t *expires_ms, struct err *e)
{
    struct key_row row;
    struct key_add add = {.k = k, .out = &row};
    if (sq_write((struct sqlite *)s, key_add, &add, e) < 0)
        return -1;
    *id = row.id;
    *created_ms = row.created_ms;
    *expires_ms = row.expires_ms;
    return 0;
}

static int key_get(struct sq_conn *c, struct arena *a, int64_t id, struct key_row *out,
                   struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_API_KEY_GET, e);
    if (!st)
        return -1;
    sq_int(st, 1, id);
    int rc = sq_step(st, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no such key");
    if (rc > 0)
        key_row(st, a, out);
    return rc < 0 ? -1 : 0;
}

int sqlite_key_get(struct store *base, struct arena *a, int64_t id, struct key_row *out,
                   struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = key_get(c, a, id, out, e);
    sq_reader_back(s, c);
    return rc;
}

static int key_list(struct sq_conn *c, int64_t user_id,
                    int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_API_KEY_LIST, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        struct key_row k;
        key_row(st, NULL, &k);
        if (each(arg, &k))
            return 0;
    }
    return rc;
}

int sqlite_key_list(struct store *base, int64_t user_id,
                    int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = key_list(c, user_id, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

/* A statement with up to six numbers, and how many rows it met. */
struct touch {
    enum sq_sql which;
    int64_t values[6];
    int count, rows;
};

static int touch(struct sq_conn *c, void *arg, struct err *e)
{
    struct touch *t = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, t->which, e);
    if (!st)
        return -1;
    for (int i = 0; i < t->count; i++)
        sq_int(st, i + 1, t->values[i]);
    if (sq_run(st, e) < 0)
        return -1;
    t->rows = sqlite3_changes(c->db);
    return 0;
}

int sqlite_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    struct touch t = {SQL_API_KEY_REMOVE, {id, user_id}, 2, 0};
    if (sq_write((struct sqlite *)s, touch, &t, e) < 0)
        return -1;
    return t.rows ? 0 : err_set(e, ERR_MISSING, "there is no key %" PRId64 " of theirs", id);
}

int sqlite_key_used(struct store *s, int64_t id, struct err *e)
{
    struct touch t = {SQL_API_KEY_USED, {id, clock_now_ms()}, 2, 0};
    return sq_write((struct sqlite *)s, touch, &t, e);
}

/* -- users -- */

int sqlite_user_set(struct store *s, int64_t id, const struct user_change *u, struct err *e)
{
    unsigned only = u->only ? u->only : USER_ROLE | USER_BYTES | USER_TASKS;
    bool guard = u->keep_an_admin && (only & USER_ROLE) && !u->admin;
    struct touch t = {
        SQL_USER_SET, {id, u->admin, u->bytes_limit, u->tasks_limit, only, guard}, 6, 0};
    AUTO(arena_freep) struct arena *a = arena_new();
    struct user_row there;
    if (sq_write((struct sqlite *)s, touch, &t, e) < 0)
        return -1;
    if (t.rows)
        return 0;
    if (sqlite_user_get(s, a, NULL, false, id, &there, e) < 0)
        return -1;
    return err_msg(e, MSG_LAST_ADMIN, "user %" PRId64 " is the last admin", id);
}

static int user_search(struct sq_conn *c, const char *part, int64_t after, int max,
                       int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_SEARCH, e);
    if (!st)
        return -1;
    sq_int(st, 1, after);
    sq_int(st, 2, max);
    sq_text(st, 3, part);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        struct user_row u;
        sq_user_row(st, NULL, &u);
        u.tasks = sqlite3_column_int64(st, SQ_USER_COLUMNS);
        if (each(arg, &u))
            return 0;
    }
    return rc;
}

int sqlite_user_search(struct store *base, const char *part, int64_t after, int max,
                       int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = user_search(c, part, after, max, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

/* -- workers -- */

static int beat(struct sq_conn *c, void *arg, struct err *e)
{
    const struct worker_row *w = arg;
    int64_t now = clock_now_ms();
    {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_WORKER_OLD, e);
        if (!st)
            return -1;
        sq_int(st, 1, now - WORKER_KEPT_MS);
        if (sq_run(st, e) < 0)
            return -1;
    }
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, w->gone ? SQL_WORKER_GONE : SQL_WORKER_BEAT, e);
    if (!st)
        return -1;
    sq_text(st, 1, w->name);
    if (!w->gone) {
        sq_text(st, 2, w->version);
        sq_int(st, 3, w->jobs);
        sq_int(st, 4, w->busy);
        sq_int(st, 5, now);
    }
    return sq_run(st, e);
}

int sqlite_worker_beat(struct store *s, const struct worker_row *w, struct err *e)
{
    struct worker_row copy = *w;
    return sq_write((struct sqlite *)s, beat, &copy, e);
}

static int worker_list(struct sq_conn *c, int (*each)(void *arg, const struct worker_row *w),
                       void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_WORKER_LIST, e);
    if (!st)
        return -1;
    sq_int(st, 1, clock_now_ms() - WORKER_KEPT_MS);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        const struct worker_row w = {.name = sq_column(st, 0, NULL),
                                     .version = sq_column(st, 1, NULL),
                                     .jobs = sqlite3_column_int(st, 2),
                                     .busy = sqlite3_column_int(st, 3),
                                     .seen_ms = sqlite3_column_int64(st, 4)};
        if (each(arg, &w))
            return 0;
    }
    return rc;
}

int sqlite_worker_list(struct store *base, int (*each)(void *arg, const struct worker_row *w),
                       void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = worker_list(c, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

static int oldest(struct sq_conn *c, int64_t *waited_ms, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_OLDEST_WAITING, e);
    if (!st)
        return -1;
    int rc = sq_step(st, e);
    if (rc < 0)
        return -1;
    int64_t waited = rc > 0 ? clock_now_ms() - sqlite3_column_int64(st, 0) : -1;
    *waited_ms = rc > 0 && waited < 0 ? 0 : waited;
    return 0;
}

int sqlite_task_oldest(struct store *base, int64_t *waited_ms, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = oldest(c, waited_ms, e);
    sq_reader_back(s, c);
    return rc;
}

static int totals(struct sq_conn *c, struct store_totals *out, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TOTALS, e);
    if (!st || sq_step(st, e) < 0)
        return -1;
    *out = (struct store_totals){
        .users = sqlite3_column_int64(st, 0),
        .bytes_used = sqlite3_column_int64(st, 1),
        .deliveries_waiting = sqlite3_column_int64(st, 2),
        .deliveries_dead = sqlite3_column_int64(st, 3),
    };
    return 0;
}

int sqlite_totals(struct store *base, struct store_totals *out, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = totals(c, out, e);
    sq_reader_back(s, c);
    return rc;
}
