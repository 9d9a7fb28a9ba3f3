/* Plan: the guarded change; the claim, with the turns that make it fair and the waits that end;
 * leases; purge; the outbox. Each change reads the row, checks the guard here and writes, all in
 * one transaction of the only writer. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

/* Waits that end in one claim at most; more are taken by the next. */
enum { WAKE_MAX = 256 };

/* -- the guarded change -- */

struct change {
    const struct task_change *c;
    bool done;
};

static int64_t bytes_of(enum task_state state, int64_t clip, int64_t reel, int64_t poster)
{
    return state == TASK_DELETED ? 0 : clip + reel + poster;
}

static bool guard_holds(const struct task_change *c, const struct task_row *t)
{
    return (c->from & 1u << t->state) && (!c->fence || c->fence == t->fence) &&
           (!c->user_id || c->user_id == t->user_id);
}

static int write_change(struct sq_conn *conn, const struct task_change *c, const struct task_row *t,
                        int64_t now, struct err *e)
{
    bool made = c->to == TASK_PROCESSED, again = c->to == TASK_UPLOADED;
    int64_t wait = again && c->wait_ms > 0 ? c->wait_ms : 0;
    int attempts = c->reset_attempts                       ? 0
                   : c->uncount_attempt && t->attempts > 0 ? t->attempts - 1
                                                           : t->attempts;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(conn, SQL_TASK_CHANGE, e);
    if (!st)
        return -1;
    sq_int(st, 1, c->id);
    sq_int(st, 2, c->to);
    sq_int(st, 3, now);
    sq_int(st, 4, made ? 100 : again ? 0 : t->progress);
    sq_int(st, 5, attempts);
    sq_int(st, 6, wait ? now + wait : 0);
    sq_int(st, 7, wait == 0);
    sq_text(st, 8, c->error_slug ? c->error_slug : "");
    sq_text(st, 9, c->error_text ? c->error_text : "");
    sq_text(st, 10, made ? c->reel_blob : t->reel_blob);
    sq_text(st, 11, made ? c->poster_blob : t->poster_blob);
    sq_int(st, 12, made ? c->reel_bytes : t->reel_bytes);
    sq_int(st, 13, made ? c->poster_bytes : t->poster_bytes);
    sq_text(st, 14, c->report ? c->report : t->report);
    sq_int(st, 15, c->remake ? c->fit : t->fit);
    sq_int(st, 16, c->remake ? c->start_us : t->start_us);
    if (sq_run(st, e) < 0)
        return -1;
    int64_t after = made ? bytes_of(c->to, t->clip_bytes, c->reel_bytes, c->poster_bytes)
                         : bytes_of(c->to, t->clip_bytes, t->reel_bytes, t->poster_bytes);
    int64_t before = bytes_of(t->state, t->clip_bytes, t->reel_bytes, t->poster_bytes);
    return sq_charge(conn, t->user_id, after - before, e);
}

static int forget_key(struct sq_conn *c, int64_t task_id, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_KEY_FORGET, e);
    if (!st)
        return -1;
    sq_int(st, 1, task_id);
    return sq_run(st, e);
}

/* 1: found, 0: not. */
static int read_task(struct sq_conn *c, int64_t id, struct arena *a, struct task_row *out,
                     struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TASK_BY_ID, e);
    if (!st)
        return -1;
    sq_int(st, 1, id);
    int rc = sq_step(st, e);
    if (rc > 0 && sq_task_row(st, a, out, e) < 0)
        return -1;
    return rc;
}

static int task_change(struct sq_conn *conn, void *arg, struct err *e)
{
    struct change *x = arg;
    const struct task_change *c = x->c;
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_row t;
    int rc = read_task(conn, c->id, a, &t, e);
    if (rc <= 0)
        return rc;
    if (!guard_holds(c, &t))
        return 0;
    if (write_change(conn, c, &t, clock_now_ms(), e) < 0)
        return -1;
    if (c->to == TASK_UPLOADED && ((c->wait_ms <= 0 && sq_turn_add(conn, t.user_id, e) < 0) ||
                                   sq_outbox_add(conn, c->id, e) < 0))
        return -1;
    /* The name that the key stood for is gone: the same key makes a new task. */
    if (c->to == TASK_DELETED && forget_key(conn, c->id, e) < 0)
        return -1;
    x->done = true;
    return 0;
}

int sqlite_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e)
{
    struct change x = {.c = c};
    if (sq_write((struct sqlite *)s, task_change, &x, e) < 0)
        return -1;
    *done = x.done;
    return 0;
}

struct rename {
    int64_t id, user_id;
    const char *title;
};

static int task_rename(struct sq_conn *c, void *arg, struct err *e)
{
    const struct rename *x = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TASK_RENAME, e);
    if (!st)
        return -1;
    sq_int(st, 1, x->id);
    sq_int(st, 2, x->user_id);
    sq_text(st, 3, x->title);
    if (sq_run(st, e) < 0)
        return -1;
    return sqlite3_changes(c->db) > 0
               ? 0
               : err_msg(e, MSG_TASK_NOT_FOUND, "there is no task %lld for them", (long long)x->id);
}

int sqlite_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                       struct err *e)
{
    struct rename x = {id, user_id, title};
    return sq_write((struct sqlite *)s, task_rename, &x, e);
}

/* -- the claim -- */

/* A number from a statement with at most one value; 1: there is one, 0: none. */
static int ask_two(struct sq_conn *c, enum sq_sql sql, const int64_t *value, int64_t out[2],
                   struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, sql, e);
    if (!st)
        return -1;
    out[0] = out[1] = 0;
    if (value)
        sq_int(st, 1, *value);
    int rc = sq_step(st, e);
    for (int i = 0; rc > 0 && i < 2 && i < sqlite3_column_count(st); i++)
        out[i] = sqlite3_column_int64(st, i);
    return rc;
}

static int run_on(struct sq_conn *c, enum sq_sql sql, int64_t id, const int64_t *value,
                  struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, sql, e);
    if (!st)
        return -1;
    sq_int(st, 1, id);
    if (value)
        sq_int(st, 2, *value);
    return sq_run(st, e);
}

/* Waits that are over become due. Each task passes here once a wait, so the cost belongs to the
 * waits that end, not to those that go on. */
static int end_waits(struct sq_conn *c, int64_t now, struct err *e)
{
    int64_t far = now + SQ_WAIT_MAX_MS, task[2];
    for (int i = 0; i < WAKE_MAX; i++) {
        int rc = ask_two(c, SQL_WAIT_OVER, &now, task, e);
        if (rc == 0)
            rc = ask_two(c, SQL_WAIT_FAR, &far, task, e);
        if (rc <= 0)
            return rc;
        if (run_on(c, SQL_DUE_SET, task[0], NULL, e) < 0 || sq_turn_add(c, task[1], e) < 0)
            return -1;
    }
    return 0;
}

/* The user whose turn it is, and their oldest due task; 0: nobody has one. Turns without due tasks
 * are removed on the way: each was added with a task, so this too costs no more than they did. */
static int next_task(struct sq_conn *c, int64_t *user, int64_t *task, struct err *e)
{
    for (;;) {
        int64_t turn[2], found[2];
        int rc = ask_two(c, SQL_TURN_NEXT, NULL, turn, e);
        if (rc <= 0)
            return rc;
        rc = ask_two(c, SQL_DUE_FIRST, &turn[0], found, e);
        if (rc > 0) {
            *user = turn[0];
            *task = found[0];
        }
        if (rc)
            return rc;
        if (run_on(c, SQL_TURN_END, turn[0], NULL, e) < 0)
            return -1;
    }
}

struct claim {
    const char *worker;
    int64_t lease_ms;
    struct arena *arena;
    struct task_row row;
    bool found;
};

static int take_task(struct sq_conn *c, struct claim *x, int64_t id, int64_t now, struct err *e)
{
    {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TASK_TAKE, e);
        if (!st)
            return -1;
        sq_int(st, 1, id);
        sq_text(st, 2, x->worker);
        sq_int(st, 3, now);
        sq_int(st, 4, x->lease_ms);
        if (sq_run(st, e) < 0)
            return -1;
    }
    int rc = read_task(c, id, x->arena, &x->row, e);
    return rc < 0 ? -1 : 0;
}

static int task_claim(struct sq_conn *c, void *arg, struct err *e)
{
    struct claim *x = arg;
    int64_t now = clock_now_ms(), user, task, sequence[2];
    if (end_waits(c, now, e) < 0)
        return -1;
    int rc = next_task(c, &user, &task, e);
    if (rc <= 0)
        return rc;
    if (take_task(c, x, task, now, e) < 0 || ask_two(c, SQL_SEQUENCE, NULL, sequence, e) < 0 ||
        run_on(c, SQL_TURN_SERVED, user, &sequence[0], e) < 0 ||
        run_on(c, SQL_USER_SERVED, user, &sequence[0], e) < 0)
        return -1;
    x->found = true;
    return 0;
}

int sqlite_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                      struct task_row *out, bool *found, struct err *e)
{
    struct claim x = {.worker = worker, .lease_ms = lease_ms, .arena = a};
    if (sq_write((struct sqlite *)s, task_claim, &x, e) < 0)
        return -1;
    if (x.found)
        *out = x.row;
    *found = x.found;
    return 0;
}

static int next_due(struct sq_conn *c, int64_t *in_ms, struct err *e)
{
    int64_t got[2];
    int rc = ask_two(c, SQL_DUE_ANY, NULL, got, e);
    if (rc > 0)
        *in_ms = 0;
    if (rc)
        return rc;
    rc = ask_two(c, SQL_WAIT_FIRST, NULL, got, e);
    if (rc < 0)
        return -1;
    int64_t left = rc ? got[0] - clock_now_ms() : -1;
    *in_ms = !rc ? -1 : left < 0 || left > SQ_WAIT_MAX_MS ? 0 : left;
    return 0;
}

int sqlite_task_next_due(struct store *base, int64_t *in_ms, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = next_due(c, in_ms, e);
    sq_reader_back(s, c);
    return rc < 0 ? -1 : 0;
}

/* -- leases -- */

struct renew {
    int64_t id, fence, lease_ms;
    int progress;
    bool held;
};

static int task_renew(struct sq_conn *c, void *arg, struct err *e)
{
    struct renew *x = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TASK_RENEW, e);
    if (!st)
        return -1;
    sq_int(st, 1, x->id);
    sq_int(st, 2, x->fence);
    sq_int(st, 3, clock_now_ms() + x->lease_ms);
    sq_int(st, 4, x->progress);
    if (sq_run(st, e) < 0)
        return -1;
    x->held = sqlite3_changes(c->db) > 0;
    return 0;
}

static int task_held(struct sq_conn *c, int64_t id, int64_t fence, bool *held, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TASK_HELD, e);
    if (!st)
        return -1;
    sq_int(st, 1, id);
    sq_int(st, 2, fence);
    int rc = sq_step(st, e);
    if (rc >= 0)
        *held = rc > 0;
    return rc < 0 ? -1 : 0;
}

int sqlite_task_renew(struct store *base, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                      bool *held, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    if (lease_ms) {
        struct renew x = {id, fence, lease_ms, progress, false};
        if (sq_write(s, task_renew, &x, e) < 0)
            return -1;
        *held = x.held;
        return 0;
    }
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = task_held(c, id, fence, held, e);
    sq_reader_back(s, c);
    return rc;
}

static int task_expired(struct sq_conn *c, int max,
                        int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_TASK_EXPIRED, e);
    if (!st)
        return -1;
    sq_int(st, 1, clock_now_ms());
    sq_int(st, 2, max);
    return sq_each_task(st, each, arg, e);
}

int sqlite_task_expired(struct store *base, int max,
                        int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = task_expired(c, max, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

/* -- purge, outbox -- */

static int task_purge(struct sq_conn *c, void *arg, struct err *e)
{
    return run_on(c, SQL_TASK_PURGE, *(const int64_t *)arg, NULL, e);
}

int sqlite_task_purge(struct store *s, int64_t id, struct err *e)
{
    return sq_write((struct sqlite *)s, task_purge, &id, e);
}

static int outbox_read(struct sq_conn *c, int max, struct outbox_row *rows, int *count,
                       struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_OUTBOX_READ, e);
    if (!st)
        return -1;
    sq_int(st, 1, max);
    int n = 0, rc = 0;
    while (n < max && (rc = sq_step(st, e)) > 0)
        rows[n++] = (struct outbox_row){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};
    if (rc < 0)
        return -1;
    *count = n;
    return 0;
}

int sqlite_outbox_read(struct store *base, int max, struct outbox_row *rows, int *count,
                       struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = outbox_read(c, max, rows, count, e);
    sq_reader_back(s, c);
    return rc;
}

static int outbox_done(struct sq_conn *c, void *arg, struct err *e)
{
    return run_on(c, SQL_OUTBOX_DONE, *(const int64_t *)arg, NULL, e);
}

int sqlite_outbox_done(struct store *s, int64_t id, struct err *e)
{
    return sq_write((struct sqlite *)s, outbox_done, &id, e);
}
