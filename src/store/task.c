/* Plan: one task, by id, key or blob; its changes, which go to the engine when they need several
 * steps; questions on all tasks. list.c has the pages. */
#include "store/task.h"

#include "core/err.h"
#include "core/mem.h"
#include "store/sql_impl.h"

#include <assert.h>
#include <inttypes.h>

struct task_read {
    struct arena *arena;
    struct task_row *out;
};

static int read_task(void *arg, const struct sql_row *r, struct err *e)
{
    const struct task_read *x = arg;
    return task_row_read(r, x->arena, x->out, e) < 0 ? -1 : 1;
}

/* The first row. 1: *out is filled, 0: none, -1 with *e. */
static int find_task(struct store *s, enum sql which, const struct sql_values *v, struct arena *a,
                     struct task_row *out, struct err *e)
{
    struct task_row t;
    int rc = sql_ask(s, which, v, read_task, &(struct task_read){a, &t}, e);
    if (rc > 0)
        *out = t;
    return rc;
}

int sql_task_by_text(struct store *s, enum sql which, const char *text, struct arena *a,
                     struct task_row *out, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, text);
    return find_task(s, which, &v, a, out, e);
}

int sql_task_by_id(struct store *s, int64_t id, struct arena *a, struct task_row *out,
                   struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    return find_task(s, SQL_TASK_BY_ID, &v, a, out, e);
}

static int task_missing(int64_t id, struct err *e)
{
    return err_msg(e, MSG_TASK_NOT_FOUND, "there is no task %" PRId64 " for them", id);
}

int store_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct task_row *out, struct err *e)
{
    struct task_row t;
    int rc = sql_task_by_id(s, id, a, &t, e);
    if (rc < 0)
        return -1;
    if (rc == 0 || t.state == TASK_DELETED || (user_id && t.user_id != user_id))
        return task_missing(id, e);
    *out = t;
    return 0;
}

/* What the task was asked to be, in place of what it was changed to since. */
static int put_asked(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct task_read *x = arg;
    x->out->title = sql_string(r, 0, x->arena);
    x->out->fit = (enum fit)sql_number(r, 1);
    x->out->start_us = sql_number(r, 2);
    return 1;
}

int store_task_by_key(struct store *s, struct arena *a, int64_t user_id, const char *key,
                      struct task_row *out, struct err *e)
{
    struct sql_values v = {0};
    struct task_row t;
    sql_int(&v, user_id);
    sql_text(&v, key);
    int rc = find_task(s, SQL_TASK_BY_KEY, &v, a, &t, e);
    if (rc == 0)
        return err_msg(e, MSG_TASK_NOT_FOUND, "the user has no task by this key");
    /* read after the task, so that a change between the two is undone as well */
    if (rc < 0 || sql_ask(s, SQL_KEY_ASKED, &v, put_asked, &(struct task_read){a, &t}, e) < 0)
        return -1;
    *out = t;
    return 0;
}

int store_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                       struct err *e)
{
    static const enum sql ways[] = {SQL_TASK_BY_REEL, SQL_TASK_BY_POSTER, SQL_TASK_BY_CLIP};
    if (!*blob)
        return err_set(e, ERR_MISSING, "no task has a blob without a name");
    int rc = 0;
    for (size_t i = 0; i < LEN(ways) && rc == 0; i++)
        rc = sql_task_by_text(s, ways[i], blob, a, out, e);
    if (rc == 0)
        return err_msg(e, MSG_TASK_NOT_FOUND, "no task has this blob");
    return rc < 0 ? -1 : 0;
}

/* -- changes -- */

int store_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                   struct err *e)
{
    assert(*t->clip_blob && t->clip_bytes >= 0 && (unsigned)t->fit < FIT_COUNT_);
    return s->ops->task_add(s, t, id, existed, e);
}

int store_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e)
{
    assert((unsigned)c->to < TASK_STATE_COUNT && c->to != TASK_PROCESSING);
    assert(c->to != TASK_PROCESSED || (c->reel_blob && c->poster_blob));
    assert(!c->remake || (c->to == TASK_UPLOADED && (unsigned)c->fit < FIT_COUNT_));
    return s->ops->task_change(s, c, done, e);
}

int store_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                     struct task_row *out, bool *found, struct err *e)
{
    return s->ops->task_claim(s, a, worker, lease_ms, out, found, e);
}

int store_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                      struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, user_id);
    sql_text(&v, title);
    int rc = sql_ask(s, SQL_TASK_RENAME, &v, NULL, NULL, e);
    return rc > 0 ? 0 : rc < 0 ? -1 : task_missing(id, e);
}

int store_task_renew(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                     bool *held, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, fence);
    if (lease_ms) {
        sql_int(&v, lease_ms);
        sql_int(&v, progress < 0 ? 0 : progress > 100 ? 100 : progress);
    }
    int rc = sql_ask(s, lease_ms ? SQL_TASK_RENEW : SQL_TASK_HELD, &v, NULL, NULL, e);
    if (rc < 0)
        return -1;
    *held = rc > 0;
    return 0;
}

int store_task_purge(struct store *s, int64_t id, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    return sql_ask(s, SQL_TASK_PURGE, &v, NULL, NULL, e);
}

/* -- all of them -- */

struct due_read {
    bool none;
    int64_t in_ms;
};

static int read_next_due(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    struct due_read *x = arg;
    x->none = sql_is_null(r, 0);
    x->in_ms = sql_number(r, 0);
    return 1;
}

int store_task_next_due(struct store *s, int64_t *in_ms, struct err *e)
{
    struct due_read x = {true, 0};
    if (sql_ask(s, SQL_TASK_NEXT_DUE, NULL, read_next_due, &x, e) < 0)
        return -1;
    *in_ms = x.none ? -1 : x.in_ms < 0 ? 0 : x.in_ms;
    return 0;
}

static int count_state(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    int64_t *counts = arg, state = sql_number(r, 0);
    if (state >= 0 && state < TASK_STATE_COUNT)
        counts[state] = sql_number(r, 1);
    return 0;
}

int store_task_counts(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e)
{
    int64_t n[TASK_STATE_COUNT] = {0};
    if (sql_ask(s, SQL_TASK_COUNTS, NULL, count_state, n, e) < 0)
        return -1;
    memcpy(counts, n, sizeof(n));
    return 0;
}

int store_task_oldest(struct store *s, int64_t *waited_ms, struct err *e)
{
    int64_t waited;
    int rc = sql_numbers(s, SQL_TASK_OLDEST, NULL, &waited, 1, e);
    if (rc < 0)
        return -1;
    *waited_ms = rc == 0 ? -1 : waited < 0 ? 0 : waited;
    return 0;
}
