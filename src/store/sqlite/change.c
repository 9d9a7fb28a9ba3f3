/* Plan: the guarded change; the claim, with the turns that make it fair and the ends of waits. Each
 * change reads the row, checks the guard in C and writes, all in one transaction of the only
 * writer. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"
#include "store/task.h"

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
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(conn, SQ_TASK_CHANGE, e);
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
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_KEY_FORGET, e);
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
    const struct sql_row r = sq_row(st);
    if (rc > 0 && task_row_read(&r, a, out, e) < 0)
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
        int rc = ask_two(c, SQ_WAIT_OVER, &now, task, e);
        if (rc == 0)
            rc = ask_two(c, SQ_WAIT_FAR, &far, task, e);
        if (rc <= 0)
            return rc;
        if (run_on(c, SQ_DUE_SET, task[0], NULL, e) < 0 || sq_turn_add(c, task[1], e) < 0)
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
        int rc = ask_two(c, SQ_TURN_NEXT, NULL, turn, e);
        if (rc <= 0)
            return rc;
        rc = ask_two(c, SQ_DUE_FIRST, &turn[0], found, e);
        if (rc > 0) {
            *user = turn[0];
            *task = found[0];
        }
        if (rc)
            return rc;
        if (run_on(c, SQ_TURN_END, turn[0], NULL, e) < 0)
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
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_TASK_TAKE, e);
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
    if (take_task(c, x, task, now, e) < 0 || ask_two(c, SQ_SEQUENCE, NULL, sequence, e) < 0 ||
        run_on(c, SQ_TURN_SERVED, user, &sequence[0], e) < 0 ||
        run_on(c, SQ_USER_SERVED, user, &sequence[0], e) < 0)
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
