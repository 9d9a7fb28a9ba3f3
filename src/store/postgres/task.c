/* Plan: users; a task's row as it is read; adding, reading, changing; claims and leases; the
 * outbox. A slot binds the values, runs one statement and reads the answer. */
#include "core/clock.h"
#include "core/err.h"
#include "core/id.h"
#include "core/mem.h"
#include "store/postgres/postgres_impl.h"

#include <inttypes.h>

static struct postgres *of(struct store *s)
{
    return (struct postgres *)s;
}

/* -- users -- */

void pg_user_row(const PGresult *r, int i, struct arena *a, struct user_row *out)
{
    *out = (struct user_row){
        .id = pg_number(r, i, 0),
        .username = pg_string(r, i, 1, a),
        .email = pg_string(r, i, 2, a),
        .password_hash = pg_string(r, i, 3, a),
        .admin = pg_number(r, i, 4) != 0,
        .created_ms = pg_number(r, i, 5),
        .bytes_used = pg_number(r, i, 6),
        .bytes_limit = pg_number(r, i, 7),
        .tasks_limit = pg_number(r, i, 8),
        .day_tasks = pg_number(r, i, 9),
    };
}

int postgres_user_add(struct store *s, const char *username, const char *email,
                      const char *password_hash, int64_t *id, struct err *e)
{
    struct pg_values v = {0};
    char state[6];
    pg_text(&v, username);
    pg_text(&v, email);
    pg_text(&v, password_hash);
    struct err why = {0};
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_USER_ADD, &v, state, &why);
    if (!r &&
        strcmp(state, "23505") == 0) /* unique_violation; the constraint's name says of what */
        return strstr(why.text, "email")
                   ? err_msg(e, MSG_EMAIL_EXISTS, "the e-mail address is taken")
                   : err_msg(e, MSG_USER_EXISTS, "the user name is taken");
    if (!r) {
        if (e)
            *e = why;
        return -1;
    }
    *id = pg_number(r, 0, 0);
    return 0;
}

int postgres_user_get(struct store *s, struct arena *a, const char *name, bool or_email, int64_t id,
                      struct user_row *out, struct err *e)
{
    struct pg_values v = {0};
    if (name)
        pg_text(&v, name);
    else
        pg_int(&v, id);
    AUTO(pg_clearp)
    PGresult *r = pg_ask(of(s),
                         or_email ? PG_USER_BY_NAME_OR_EMAIL
                         : name   ? PG_USER_BY_NAME
                                  : PG_USER_BY_ID,
                         &v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return err_set(e, ERR_MISSING, "there is no such user");
    pg_user_row(r, 0, a, out);
    return 0;
}

int postgres_user_set_password(struct store *s, int64_t id, const char *password_hash,
                               struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_text(&v, password_hash);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_USER_PASSWORD, &v, NULL, e);
    if (!r)
        return -1;
    return PQntuples(r) ? 0 : err_set(e, ERR_MISSING, "there is no user %" PRId64, id);
}

int postgres_user_list(struct store *s, int64_t after, int max,
                       int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, after);
    pg_int(&v, max < 0 ? -1 : max);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_USER_LIST, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        struct user_row u;
        pg_user_row(r, i, NULL, &u);
        if (each(arg, &u))
            break;
    }
    return 0;
}

/* -- tasks: a row -- */

int pg_task_row(const PGresult *r, int i, struct arena *a, struct task_row *out, struct err *e)
{
    int64_t id = pg_number(r, i, 0), state = pg_number(r, i, 2), fit = pg_number(r, i, 12);
    if (state < 0 || state >= TASK_STATE_COUNT || fit < 0 || fit >= FIT_COUNT_)
        return err_set(e, ERR_SYSTEM, "store: task %" PRId64 " holds what cannot be", id);
    *out = (struct task_row){
        .id = id,
        .user_id = pg_number(r, i, 1),
        .state = (enum task_state)state,
        .file_name = pg_string(r, i, 3, a),
        .title = pg_string(r, i, 4, a),
        .clip_blob = pg_string(r, i, 5, a),
        .clip_hash = pg_string(r, i, 6, a),
        .clip_bytes = pg_number(r, i, 7),
        .reel_blob = pg_string(r, i, 8, a),
        .poster_blob = pg_string(r, i, 9, a),
        .reel_bytes = pg_number(r, i, 10),
        .poster_bytes = pg_number(r, i, 11),
        .fit = (enum fit)fit,
        .start_us = pg_number(r, i, 13),
        .created_ms = pg_number(r, i, 14),
        .changed_ms = pg_number(r, i, 15),
        .fence = pg_number(r, i, 16),
        .attempts = (int)pg_number(r, i, 17),
        .progress = (int)pg_number(r, i, 18),
        .lease_until_ms = pg_number(r, i, 19),
        .not_before_ms = pg_number(r, i, 20),
        .worker = pg_string(r, i, 21, a),
        .error_slug = pg_string(r, i, 22, a),
        .error_text = pg_string(r, i, 23, a),
        .report = pg_string(r, i, 24, a),
        .request = pg_string(r, i, 25, a),
        .profile = pg_number(r, i, 26),
        .length_us = pg_number(r, i, 27),
        .username = PQnfields(r) > 28 ? pg_string(r, i, 28, a) : NULL,
    };
    return 0;
}

/* The first row. 1: *out is filled, 0: none, -1 with *e. */
static int one(struct store *s, enum pg_sql which, const struct pg_values *v, struct arena *a,
               struct task_row *out, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), which, v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return 0;
    return pg_task_row(r, 0, a, out, e) < 0 ? -1 : 1;
}

/* -- adding -- */

static int by_text(struct store *s, enum pg_sql which, const char *text, struct arena *a,
                   struct task_row *out, struct err *e)
{
    struct pg_values v = {0};
    pg_text(&v, text);
    return one(s, which, &v, a, out, e);
}

/* The answer was lost: the blob's name, which no other task has, tells whether the row is there. */
static int find_added(struct store *s, const struct task_new *t, int64_t *id, const struct err *why,
                      struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_row row;
    if (by_text(s, PG_TASK_BY_CLIP, t->clip_blob, a, &row, NULL) > 0) {
        *id = row.id;
        return 0;
    }
    if (e)
        *e = *why;
    return -1;
}

int postgres_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                      struct err *e)
{
    struct pg_values v = {0};
    struct err why = {0};
    pg_int(&v, t->user_id);
    pg_text(&v, t->file_name);
    pg_text(&v, t->title ? t->title : "");
    pg_text(&v, t->clip_blob);
    pg_text(&v, t->clip_hash);
    pg_int(&v, t->clip_bytes);
    pg_int(&v, t->fit);
    pg_int(&v, t->start_us);
    pg_text(&v, t->idempotency_key ? t->idempotency_key : "");
    pg_int(&v, t->quota_bytes);
    pg_int(&v, t->quota_tasks);
    pg_text(&v, t->request ? t->request : "");
    pg_int(&v, t->profile);
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

/* -- reading -- */

int postgres_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                      struct task_row *out, struct err *e)
{
    struct pg_values v = {0};
    struct task_row t;
    pg_int(&v, id);
    int rc = one(s, PG_TASK_BY_ID, &v, a, &t, e);
    if (rc < 0)
        return -1;
    if (rc == 0 || t.state == TASK_DELETED || (user_id && t.user_id != user_id))
        return err_msg(e, MSG_TASK_NOT_FOUND, "there is no task %" PRId64 " for them", id);
    *out = t;
    return 0;
}

int postgres_task_by_key(struct store *s, struct arena *a, int64_t user_id, const char *key,
                         struct task_row *out, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, user_id);
    pg_text(&v, key);
    struct task_row t;
    int rc = one(s, PG_TASK_BY_KEY, &v, a, &t, e);
    if (rc == 0)
        return err_msg(e, MSG_TASK_NOT_FOUND, "the user has no task by this key");
    AUTO(pg_clearp) PGresult *asked = rc > 0 ? pg_ask(of(s), PG_KEY_ASKED, &v, NULL, e) : NULL;
    if (!asked)
        return -1;
    if (PQntuples(asked) > 0) { /* in place of what it was changed to since */
        t.title = pg_string(asked, 0, 0, a);
        t.fit = (enum fit)pg_number(asked, 0, 1);
        t.start_us = pg_number(asked, 0, 2);
    }
    *out = t;
    return 0;
}

int postgres_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                          struct err *e)
{
    static const enum pg_sql ways[] = {PG_TASK_BY_REEL, PG_TASK_BY_POSTER, PG_TASK_BY_CLIP};
    int rc = 0;
    for (size_t i = 0; i < LEN(ways) && rc == 0; i++)
        rc = by_text(s, ways[i], blob, a, out, e);
    return rc ? (rc < 0 ? -1 : 0) : err_msg(e, MSG_TASK_NOT_FOUND, "no task has this blob");
}

int postgres_task_counts(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_COUNTS, NULL, NULL, e);
    if (!r)
        return -1;
    memset(counts, 0, TASK_STATE_COUNT * sizeof(counts[0]));
    for (int i = 0; i < PQntuples(r); i++) {
        int64_t state = pg_number(r, i, 0);
        if (state >= 0 && state < TASK_STATE_COUNT)
            counts[state] = pg_number(r, i, 1);
    }
    return 0;
}

/* -- the guarded change -- */

/* The answer was lost: did it happen? */
static int find_changed(struct store *s, const struct task_change *c, const char *mark, bool *done,
                        const struct err *why, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, c->id);
    pg_text(&v, mark);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_TASK_MARK, &v, NULL, NULL);
    if (r && PQntuples(r) > 0) {
        *done = true;
        return 0;
    }
    if (e)
        *e = *why;
    return -1;
}

int postgres_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e)
{
    bool made = c->to == TASK_PROCESSED;
    char mark[ID_SIZE];
    id_make(mark);
    struct pg_values v = {0};
    struct err why = {0};
    pg_int(&v, c->id);
    pg_int(&v, c->from);
    pg_int(&v, c->fence);
    pg_int(&v, c->to);
    pg_int(&v, c->wait_ms);
    pg_int(&v, c->reset_attempts);
    pg_int(&v, c->uncount_attempt);
    pg_int(&v, c->user_id);
    pg_text(&v, c->error_slug ? c->error_slug : "");
    pg_text(&v, c->error_text ? c->error_text : "");
    pg_text(&v, made ? c->reel_blob : "");
    pg_text(&v, made ? c->poster_blob : "");
    pg_int(&v, c->reel_bytes);
    pg_int(&v, c->poster_bytes);
    pg_text(&v, c->report);
    pg_text(&v, mark);
    if (c->remake) {
        pg_int(&v, c->fit);
        pg_int(&v, c->start_us);
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

int postgres_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                         struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_int(&v, user_id);
    pg_text(&v, title);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_TASK_RENAME, &v, NULL, e);
    if (!r)
        return -1;
    return PQntuples(r)
               ? 0
               : err_msg(e, MSG_TASK_NOT_FOUND, "there is no task %" PRId64 " for them", id);
}

/* -- claims and leases -- */

int postgres_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                        struct task_row *out, bool *found, struct err *e)
{
    struct pg_values v = {0}, which = {0};
    pg_text(&v, worker);
    pg_int(&v, lease_ms);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_TASK_CLAIM, &v, NULL, e);
    if (!r)
        return -1;
    if (PQgetisnull(r, 0, 0)) {
        *found = false;
        return 0;
    }
    pg_int(&which, pg_number(r, 0, 0));
    struct task_row t;
    int rc = one(s, PG_TASK_BY_ID, &which, a, &t, e);
    if (rc < 0)
        return -1;
    /* deleted or taken over in this moment: then it is not ours, and the next call finds another */
    *found = rc > 0 && t.state == TASK_PROCESSING && strcmp(t.worker, worker) == 0;
    if (*found)
        *out = t;
    return 0;
}

int postgres_task_renew(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                        bool *held, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_int(&v, fence);
    if (lease_ms) {
        pg_int(&v, lease_ms);
        pg_int(&v, progress);
    }
    AUTO(pg_clearp)
    PGresult *r = pg_ask(of(s), lease_ms ? PG_TASK_RENEW : PG_TASK_HELD, &v, NULL, e);
    if (!r)
        return -1;
    *held = PQntuples(r) > 0;
    return 0;
}

int postgres_task_expired(struct store *s, int max,
                          int (*each)(void *arg, const struct task_row *t), void *arg,
                          struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, max);
    return pg_each_task(s, PG_TASK_EXPIRED, &v, each, arg, e);
}

int postgres_task_next_due(struct store *s, int64_t *in_ms, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_NEXT_DUE, NULL, NULL, e);
    if (!r)
        return -1;
    *in_ms = PQgetisnull(r, 0, 0) ? -1 : pg_number(r, 0, 0);
    return 0;
}

/* -- purge, outbox -- */

static int run_on(struct store *s, enum pg_sql which, int64_t id, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), which, &v, NULL, e);
    return r ? 0 : -1;
}

int postgres_task_purge(struct store *s, int64_t id, struct err *e)
{
    return run_on(s, PG_TASK_PURGE, id, e);
}

int postgres_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count,
                         struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, max);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_OUTBOX_READ, &v, NULL, e);
    if (!r)
        return -1;
    *count = PQntuples(r);
    for (int i = 0; i < *count; i++)
        rows[i] = (struct outbox_row){pg_number(r, i, 0), pg_number(r, i, 1)};
    return 0;
}

int postgres_outbox_done(struct store *s, int64_t id, struct err *e)
{
    return run_on(s, PG_OUTBOX_DONE, id, e);
}
