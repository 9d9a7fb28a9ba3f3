/* Plan: keys of the API; a user's role and limits; who works. */
#include "core/err.h"
#include "core/mem.h"
#include "store/postgres/postgres_impl.h"

#include <inttypes.h>

static struct postgres *of(struct store *s)
{
    return (struct postgres *)s;
}

/* -- keys -- */

static void key_row(const PGresult *r, int i, struct arena *a, struct key_row *out)
{
    *out = (struct key_row){
        .id = pg_number(r, i, 0),
        .user_id = pg_number(r, i, 1),
        .name = pg_string(r, i, 2, a),
        .hash = pg_string(r, i, 3, a),
        .hint = pg_string(r, i, 4, a),
        .scopes = (unsigned)pg_number(r, i, 5),
        .created_ms = pg_number(r, i, 6),
        .expires_ms = pg_number(r, i, 7),
        .used_ms = pg_number(r, i, 8),
        .username = pg_string(r, i, 9, a),
        .admin = pg_number(r, i, 10) != 0,
    };
}

int postgres_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                     int64_t *expires_ms, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, k->user_id);
    pg_text(&v, k->name);
    pg_text(&v, k->hash);
    pg_text(&v, k->hint);
    pg_int(&v, k->scopes);
    pg_int(&v, k->for_ms);
    pg_int(&v, KEYS_MAX);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_API_KEY_ADD, &v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return err_msg(e, MSG_KEYS_LIMITED, "the user has %d keys", KEYS_MAX);
    *id = pg_number(r, 0, 0);
    *created_ms = pg_number(r, 0, 1);
    *expires_ms = pg_number(r, 0, 2);
    return 0;
}

int postgres_key_get(struct store *s, struct arena *a, int64_t id, struct key_row *out,
                     struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_API_KEY_GET, &v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return err_set(e, ERR_MISSING, "there is no such key");
    key_row(r, 0, a, out);
    return 0;
}

int postgres_key_list(struct store *s, int64_t user_id,
                      int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, user_id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_API_KEY_LIST, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        struct key_row k;
        key_row(r, i, NULL, &k);
        if (each(arg, &k))
            break;
    }
    return 0;
}

int postgres_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_int(&v, user_id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_API_KEY_REMOVE, &v, NULL, e);
    if (!r)
        return -1;
    return PQntuples(r) ? 0 : err_set(e, ERR_MISSING, "there is no key %" PRId64 " of theirs", id);
}

int postgres_key_used(struct store *s, int64_t id, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_API_KEY_USED, &v, NULL, e);
    return r ? 0 : -1;
}

/* -- users -- */

int postgres_user_set(struct store *s, int64_t id, const struct user_change *u, struct err *e)
{
    unsigned only = u->only ? u->only : USER_ROLE | USER_BYTES | USER_TASKS;
    struct pg_values v = {0};
    pg_int(&v, id);
    pg_int(&v, u->admin);
    pg_int(&v, u->bytes_limit);
    pg_int(&v, u->tasks_limit);
    pg_int(&v, only);
    pg_int(&v, u->keep_an_admin && (only & USER_ROLE) && !u->admin);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_USER_SET, &v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r))
        return 0;
    AUTO(arena_freep) struct arena *a = arena_new();
    struct user_row there;
    if (postgres_user_get(s, a, NULL, false, id, &there, e) < 0)
        return -1;
    return err_msg(e, MSG_LAST_ADMIN, "user %" PRId64 " is the last admin", id);
}

int postgres_user_search(struct store *s, const char *part, int64_t after, int max,
                         int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, after);
    pg_int(&v, max);
    pg_text(&v, part);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_USER_SEARCH, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        struct user_row u;
        pg_user_row(r, i, NULL, &u);
        u.tasks = pg_number(r, i, PG_USER_COLUMNS);
        if (each(arg, &u))
            break;
    }
    return 0;
}

/* -- workers -- */

int postgres_worker_beat(struct store *s, const struct worker_row *w, struct err *e)
{
    struct pg_values old = {0}, v = {0};
    pg_int(&old, WORKER_KEPT_MS);
    AUTO(pg_clearp) PGresult *gone = pg_ask(of(s), PG_WORKER_OLD, &old, NULL, e);
    if (!gone)
        return -1;
    pg_text(&v, w->name);
    if (!w->gone) {
        pg_text(&v, w->version);
        pg_int(&v, w->jobs);
        pg_int(&v, w->busy);
    }
    AUTO(pg_clearp)
    PGresult *r = pg_ask(of(s), w->gone ? PG_WORKER_GONE : PG_WORKER_BEAT, &v, NULL, e);
    return r ? 0 : -1;
}

int postgres_worker_list(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                         void *arg, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, WORKER_KEPT_MS);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_WORKER_LIST, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        const struct worker_row w = {.name = pg_string(r, i, 0, NULL),
                                     .version = pg_string(r, i, 1, NULL),
                                     .jobs = (int)pg_number(r, i, 2),
                                     .busy = (int)pg_number(r, i, 3),
                                     .seen_ms = pg_number(r, i, 4)};
        if (each(arg, &w))
            break;
    }
    return 0;
}

int postgres_task_oldest(struct store *s, int64_t *waited_ms, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_OLDEST_WAITING, NULL, NULL, e);
    if (!r)
        return -1;
    *waited_ms = PQntuples(r) ? pg_number(r, 0, 0) : -1;
    return 0;
}

int postgres_totals(struct store *s, struct store_totals *out, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_TOTALS, NULL, NULL, e);
    if (!r)
        return -1;
    *out = (struct store_totals){
        .users = pg_number(r, 0, 0),
        .bytes_used = pg_number(r, 0, 1),
        .deliveries_waiting = pg_number(r, 0, 2),
        .deliveries_dead = pg_number(r, 0, 3),
    };
    return 0;
}
