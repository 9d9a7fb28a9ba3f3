/* Plan: helpers that other changes of tasks need too; adding a task with its other rows, in one
 * transaction. */
#include "store/task.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"
#include "store/user.h"

#include <inttypes.h>

int sq_turn_add(struct sq_conn *c, int64_t user_id, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_TURN_ADD, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    return sq_run(st, e);
}

int sq_outbox_add(struct sq_conn *c, int64_t task_id, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_OUTBOX_ADD, e);
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
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_USER_CHARGE, e);
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
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_KEY_FIND, e);
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
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_KEY_OLD, e);
        if (!st)
            return -1;
        sq_int(st, 1, now - SQ_KEY_AGE_MS);
        if (sq_run(st, e) < 0)
            return -1;
    }
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_KEY_ADD, e);
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
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_USER_BYTES, e);
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
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_USER_DAY, e);
    if (!st)
        return -1;
    sq_int(st, 1, user_id);
    sq_int(st, 2, now / DAY_MS);
    return sq_run(st, e);
}

static int add_row(struct sq_conn *c, struct task_add *add, int64_t now, struct err *e)
{
    const struct task_new *t = add->t;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_TASK_ADD, e);
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
