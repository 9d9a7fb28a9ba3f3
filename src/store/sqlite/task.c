/* Plan: a task's row as it is read; adding one, with all that belongs to it, in one transaction;
 * then the ways to read: by id, by key, by blob, as counts. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

#include <inttypes.h>

int sq_task_row(sqlite3_stmt *st, struct arena *a, struct task_row *out, struct err *e)
{
    int64_t id = sqlite3_column_int64(st, 0), state = sqlite3_column_int64(st, 2),
            fit = sqlite3_column_int64(st, 12);
    if (state < 0 || state >= TASK_STATE_COUNT || fit < 0 || fit >= FIT_COUNT_)
        return err_set(e, ERR_SYSTEM, "store: task %" PRId64 " holds what cannot be", id);
    *out = (struct task_row){
        .id = id,
        .user_id = sqlite3_column_int64(st, 1),
        .state = (enum task_state)state,
        .file_name = sq_column(st, 3, a),
        .title = sq_column(st, 4, a),
        .clip_blob = sq_column(st, 5, a),
        .clip_hash = sq_column(st, 6, a),
        .clip_bytes = sqlite3_column_int64(st, 7),
        .reel_blob = sq_column(st, 8, a),
        .poster_blob = sq_column(st, 9, a),
        .reel_bytes = sqlite3_column_int64(st, 10),
        .poster_bytes = sqlite3_column_int64(st, 11),
        .fit = (enum fit)fit,
        .start_us = sqlite3_column_int64(st, 13),
        .created_ms = sqlite3_column_int64(st, 14),
        .changed_ms = sqlite3_column_int64(st, 15),
        .fence = sqlite3_column_int64(st, 16),
        .attempts = sqlite3_column_int(st, 17),
        .progress = sqlite3_column_int(st, 18),
        .lease_until_ms = sqlite3_column_int64(st, 19),
        .not_before_ms = sqlite3_column_int64(st, 20),
        .worker = sq_column(st, 21, a),
        .error_slug = sq_column(st, 22, a),
        .error_text = sq_column(st, 23, a),
        .report = sq_column(st, 24, a),
        .request = sq_column(st, 25, a),
        .profile = sqlite3_column_int64(st, 26),
        .length_us = sqlite3_column_int64(st, 27),
        .username = sqlite3_column_count(st) > 28 ? sq_column(st, 28, a) : NULL,
    };
    return 0;
}

int sq_each_task(sqlite3_stmt *st, int (*each)(void *arg, const struct task_row *t), void *arg,
                 struct err *e)
{
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        struct task_row t;
        if (sq_task_row(st, NULL, &t, e) < 0)
            return -1;
        if (each(arg, &t))
            return 0;
    }
    return rc;
}

int sq_turn_add(struct sq_conn *c, int64_t user_id, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TURN_ADD, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    return sq_run(st, e);
}

int sq_outbox_add(struct sq_conn *c, int64_t task_id, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_OUTBOX_ADD, e);
    if (!st)
        return -1;
    sq_int(st, 1, task_id);
    c->outbox = true;
    return sq_run(st, e);
}

int sq_charge(struct sq_conn *c, int64_t user_id, int64_t bytes, struct err *e)
{
    if (!bytes)
        return 0;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_CHARGE, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    sq_int(st, 2, bytes);
    return sq_run(st, e);
}

/* -- adding -- */

struct task_add {
    const struct task_new *t;
    int64_t id;
    bool existed;
};

/* 1: the key is known, add->id says which task; 0: it is not; -1 with *e. */
static int find_key(struct sq_conn *c, struct task_add *add, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_KEY_FIND, e);
    if (!st)
        return -1;
    sq_int(st, 1, add->t->user_id);
    sq_text(st, 2, add->t->idempotency_key);
    int rc = sq_step(st, e);
    if (rc > 0)
        add->id = sqlite3_column_int64(st, 0);
    return rc;
}

static int add_key(struct sq_conn *c, const struct task_add *add, int64_t now, struct err *e)
{
    {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_KEY_OLD, e);
        if (!st)
            return -1;
        sq_int(st, 1, now - SQ_KEY_AGE_MS);
        if (sq_run(st, e) < 0)
            return -1;
    }
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_KEY_ADD, e);
    if (!st)
        return -1;
    sq_int(st, 1, add->t->user_id);
    sq_text(st, 2, add->t->idempotency_key);
    sq_int(st, 3, add->id);
    sq_int(st, 4, now);
    return sq_run(st, e);
}

static int check_quota(struct sq_conn *c, const struct task_new *t, int64_t now, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_BYTES, e);
    if (!st)
        return -1;
    sq_int(st, 1, t->user_id);
    int rc = sq_step(st, e);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no user %" PRId64, t->user_id);
    int64_t used = sqlite3_column_int64(st, 0);
    int64_t quota = sqlite3_column_int64(st, 1), most = sqlite3_column_int64(st, 2);
    int64_t made = sqlite3_column_int64(st, 3) == now / DAY_MS ? sqlite3_column_int64(st, 4) : 0;
    if (quota < 0)
        quota = t->quota_bytes;
    if (most < 0)
        most = t->quota_tasks;
    if (most && made >= most)
        return err_msg(e, MSG_TASKS_LIMIT, "user %" PRId64 " has made %" PRId64 " tasks today",
                       t->user_id, made);
    if (quota && t->clip_bytes > quota - used)
        return err_msg(e, MSG_QUOTA_EXCEEDED,
                       "user %" PRId64 " keeps %" PRId64 " bytes of %" PRId64, t->user_id, used,
                       quota);
    return 0;
}

static int count_today(struct sq_conn *c, int64_t user_id, int64_t now, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_DAY, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    sq_int(st, 2, now / DAY_MS);
    return sq_run(st, e);
}

static int add_row(struct sq_conn *c, struct task_add *add, int64_t now, struct err *e)
{
    const struct task_new *t = add->t;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TASK_ADD, e);
    if (!st)
        return -1;
    sq_int(st, 1, t->user_id);
    sq_text(st, 2, t->file_name);
    sq_text(st, 3, t->title ? t->title : "");
    sq_text(st, 4, t->clip_blob);
    sq_text(st, 5, t->clip_hash);
    sq_int(st, 6, t->clip_bytes);
    sq_int(st, 7, t->fit);
    sq_int(st, 8, t->start_us);
    sq_int(st, 9, now);
    sq_text(st, 10, t->request ? t->request : "");
    sq_int(st, 11, t->profile);
    if (sq_run(st, e) < 0)
        return -1;
    add->id = sqlite3_last_insert_rowid(c->db);
    return 0;
}

static int task_add(struct sq_conn *c, void *arg, struct err *e)
{
    struct task_add *add = arg;
    const struct task_new *t = add->t;
    int64_t now = clock_now_ms();
    int known = t->idempotency_key ? find_key(c, add, e) : 0;
    if (known) {
        add->existed = known > 0;
        return known < 0 ? -1 : 0;
    }
    if (check_quota(c, t, now, e) < 0 || add_row(c, add, now, e) < 0 ||
        count_today(c, t->user_id, now, e) < 0 || sq_charge(c, t->user_id, t->clip_bytes, e) < 0 ||
        sq_turn_add(c, t->user_id, e) < 0 || sq_outbox_add(c, add->id, e) < 0)
        return -1;
    return t->idempotency_key ? add_key(c, add, now, e) : 0;
}

int sqlite_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                    struct err *e)
{
    struct task_add add = {.t = t};
    if (sq_write((struct sqlite *)s, task_add, &add, e) < 0)
        return -1;
    *id = add.id;
    *existed = add.existed;
    return 0;
}

/* -- reading -- */

/* What a statement that gives one task is asked: numbers first, then a text. */
struct question {
    enum sq_sql sql;
    int64_t number; /* 0: none */
    const char *text;
};

/* 1: *out is filled, 0: no such row, -1 with *e. */
static int ask(struct sq_conn *c, const struct question *q, struct arena *a, struct task_row *out,
               struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, q->sql, e);
    if (!st)
        return -1;
    int n = 1;
    if (q->number)
        sq_int(st, n++, q->number);
    if (q->text)
        sq_text(st, n, q->text);
    int rc = sq_step(st, e);
    if (rc > 0 && sq_task_row(st, a, out, e) < 0)
        return -1;
    return rc;
}

/* The first of the questions that has an answer. */
static int ask_all(struct store *base, const struct question *q, size_t count, struct arena *a,
                   struct task_row *out, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    struct task_row t;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = ask(c, &q[i], a, &t, e);
    sq_reader_back(s, c);
    if (rc > 0)
        *out = t;
    return rc;
}

int sqlite_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                    struct task_row *out, struct err *e)
{
    const struct question q = {SQL_TASK_BY_ID, id, NULL};
    struct task_row t;
    int rc = id ? ask_all(s, &q, 1, a, &t, e) : 0;
    if (rc < 0)
        return -1;
    if (rc == 0 || t.state == TASK_DELETED || (user_id && t.user_id != user_id))
        return err_msg(e, MSG_TASK_NOT_FOUND, "there is no task %" PRId64 " for them", id);
    *out = t;
    return 0;
}

/* What the task was asked to be, in place of what it was changed to since. Read after the task, so
 * that a change between the two is undone as well. */
static int put_asked(struct sq_conn *c, int64_t user_id, const char *key, struct arena *a,
                     struct task_row *t, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_KEY_ASKED, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    sq_text(st, 2, key);
    int rc = sq_step(st, e);
    if (rc <= 0)
        return rc;
    t->title = sq_column(st, 0, a);
    t->fit = (enum fit)sqlite3_column_int64(st, 1);
    t->start_us = sqlite3_column_int64(st, 2);
    return 0;
}

int sqlite_task_by_key(struct store *base, struct arena *a, int64_t user_id, const char *key,
                       struct task_row *out, struct err *e)
{
    struct task_row t;
    struct sq_conn *c = sq_reader((struct sqlite *)base, e);
    if (!c)
        return -1;
    const struct question q = {SQL_TASK_BY_KEY, user_id, key};
    int rc = user_id ? ask(c, &q, a, &t, e) : 0;
    if (rc > 0 && put_asked(c, user_id, key, a, &t, e) < 0)
        rc = -1;
    sq_reader_back((struct sqlite *)base, c);
    if (rc == 0)
        return err_msg(e, MSG_TASK_NOT_FOUND, "the user has no task by this key");
    if (rc > 0)
        *out = t;
    return rc < 0 ? -1 : 0;
}

int sqlite_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                        struct err *e)
{
    const struct question q[] = {
        {SQL_TASK_BY_REEL, 0, blob}, {SQL_TASK_BY_POSTER, 0, blob}, {SQL_TASK_BY_CLIP, 0, blob}};
    int rc = ask_all(s, q, LEN(q), a, out, e);
    return rc ? (rc < 0 ? -1 : 0) : err_msg(e, MSG_TASK_NOT_FOUND, "no task has this blob");
}

static int task_counts(struct sq_conn *c, int64_t counts[TASK_STATE_COUNT], struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_COUNTS, e);
    if (!st)
        return -1;
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        int64_t state = sqlite3_column_int64(st, 0);
        if (state >= 0 && state < TASK_STATE_COUNT)
            counts[state] = sqlite3_column_int64(st, 1);
    }
    return rc;
}

int sqlite_task_counts(struct store *base, int64_t counts[TASK_STATE_COUNT], struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int64_t n[TASK_STATE_COUNT] = {0};
    int rc = task_counts(c, n, e);
    sq_reader_back(s, c);
    if (rc == 0)
        memcpy(counts, n, sizeof(n));
    return rc;
}
