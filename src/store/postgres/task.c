/* Plan: adding, the guarded change, the claim. Each binds the values, runs one statement and reads
 * the answer. When an answer is lost, it checks whether the change was made. */
#include "store/task.h"
#include "core/err.h"
#include "core/id.h"
#include "core/mem.h"
#include "store/postgres/postgres_impl.h"

#include <inttypes.h>

static struct postgres *of(struct store *s)
{
    return (struct postgres *)s;
}

/* -- adding -- */

/* The answer was lost: the blob's name, which no other task has, tells whether the row is there. */
static int find_added(struct store *s, const struct task_new *t, int64_t *id, const struct err *why,
                      struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_row row;
    if (sql_task_by_text(s, SQL_TASK_BY_CLIP, t->clip_blob, a, &row, NULL) > 0) {
        *id = row.id;
        return 0;
    }
    return err_pass(e, why);
}

int postgres_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                      struct err *e)
{
    struct sql_values v = {0};
    struct err why = {0};
    sql_int(&v, t->user_id);
    sql_text(&v, t->file_name);
    sql_text(&v, t->title ? t->title : "");
    sql_text(&v, t->clip_blob);
    sql_text(&v, t->clip_hash);
    sql_int(&v, t->clip_bytes);
    sql_int(&v, t->fit);
    sql_int(&v, t->start_us);
    sql_text(&v, t->idempotency_key ? t->idempotency_key : "");
    sql_int(&v, t->quota_bytes);
    sql_int(&v, t->quota_tasks);
    sql_text(&v, t->request ? t->request : "");
    sql_int(&v, t->profile);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_TASK_ADD, &v, NULL, &why);
    if (!r) {
        if (find_added(s, t, id, &why, e) < 0)
            return -1;
        *existed = false;
        return 0;
    }
    int64_t answer = pg_number(r, 0, 0), number = pg_number(r, 0, 1);
    if (answer == 2)
        return err_set(e, ERR_MISSING, "there is no user %" PRId64, t->user_id);
    if (answer == 3)
        return err_msg(e, MSG_QUOTA_EXCEEDED,
                       "user %" PRId64 " keeps %" PRId64 " bytes of %" PRId64, t->user_id, number,
                       t->quota_bytes);
    if (answer == 4)
        return err_msg(e, MSG_TASKS_LIMIT, "user %" PRId64 " has made %" PRId64 " tasks today",
                       t->user_id, number);
    *id = number;
    *existed = answer == 1;
    if (!*existed)
        store_ring(s);
    return 0;
}

/* -- the guarded change -- */

/* The answer was lost: did it happen? */
static int find_changed(struct store *s, const struct task_change *c, const char *mark, bool *done,
                        const struct err *why, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, c->id);
    sql_text(&v, mark);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_TASK_MARK, &v, NULL, NULL);
    if (r && PQntuples(r) > 0) {
        *done = true;
        return 0;
    }
    return err_pass(e, why);
}

int postgres_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e)
{
    bool made = c->to == TASK_PROCESSED;
    char mark[ID_SIZE];
    id_make(mark);
    struct sql_values v = {0};
    struct err why = {0};
    sql_int(&v, c->id);
    sql_int(&v, c->from);
    sql_int(&v, c->fence);
    sql_int(&v, c->to);
    sql_int(&v, c->wait_ms);
    sql_int(&v, c->reset_attempts);
    sql_int(&v, c->uncount_attempt);
    sql_int(&v, c->user_id);
    sql_text(&v, c->error_slug ? c->error_slug : "");
    sql_text(&v, c->error_text ? c->error_text : "");
    sql_text(&v, made ? c->reel_blob : "");
    sql_text(&v, made ? c->poster_blob : "");
    sql_int(&v, c->reel_bytes);
    sql_int(&v, c->poster_bytes);
    sql_text(&v, c->report);
    sql_text(&v, mark);
    if (c->remake) {
        sql_int(&v, c->fit);
        sql_int(&v, c->start_us);
    }
    AUTO(pg_clearp)
    PGresult *r = pg_ask(of(s), c->remake ? PG_TASK_REMAKE : PG_TASK_CHANGE, &v, NULL, &why);
    if (!r)
        return find_changed(s, c, mark, done, &why, e);
    *done = pg_number(r, 0, 0) == 1;
    if (*done && c->to == TASK_UPLOADED)
        store_ring(s);
    return 0;
}

/* -- claims and leases -- */

int postgres_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                        struct task_row *out, bool *found, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, worker);
    sql_int(&v, lease_ms);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_TASK_CLAIM, &v, NULL, e);
    if (!r)
        return -1;
    if (PQgetisnull(r, 0, 0)) {
        *found = false;
        return 0;
    }
    struct task_row t;
    int rc = sql_task_by_id(s, pg_number(r, 0, 0), a, &t, e);
    if (rc < 0)
        return -1;
    /* deleted or taken over in this moment: then it is not ours, and the next call finds another */
    *found = rc > 0 && t.state == TASK_PROCESSING && strcmp(t.worker, worker) == 0;
    if (*found)
        *out = t;
    return 0;
}
