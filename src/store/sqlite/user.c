#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

#include <inttypes.h>

void sq_user_row(sqlite3_stmt *st, struct arena *a, struct user_row *out)
{
    bool today = sqlite3_column_int64(st, 9) == clock_now_ms() / DAY_MS;
    *out = (struct user_row){
        .id = sqlite3_column_int64(st, 0),
        .username = sq_column(st, 1, a),
        .email = sq_column(st, 2, a),
        .password_hash = sq_column(st, 3, a),
        .admin = sqlite3_column_int(st, 4) != 0,
        .created_ms = sqlite3_column_int64(st, 5),
        .bytes_used = sqlite3_column_int64(st, 6),
        .bytes_limit = sqlite3_column_int64(st, 7),
        .tasks_limit = sqlite3_column_int64(st, 8),
        .day_tasks = today ? sqlite3_column_int64(st, 10) : 0,
    };
}

struct user_add {
    const char *username, *email, *hash;
    int64_t id;
};

static int user_add(struct sq_conn *c, void *arg, struct err *e)
{
    struct user_add *u = arg;
    {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_TAKEN, e);
        if (!st)
            return -1;
        sq_text(st, 1, u->username);
        sq_text(st, 2, u->email);
        if (sq_step(st, e) < 0)
            return -1;
        if (sqlite3_column_int(st, 0))
            return err_msg(e, MSG_USER_EXISTS, "the user name is taken");
        if (sqlite3_column_int(st, 1))
            return err_msg(e, MSG_EMAIL_EXISTS, "the e-mail address is taken");
    }
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_ADD, e);
    if (!st)
        return -1;
    sq_text(st, 1, u->username);
    sq_text(st, 2, u->email);
    sq_text(st, 3, u->hash);
    sq_int(st, 4, clock_now_ms());
    if (sq_run(st, e) < 0)
        return -1;
    u->id = sqlite3_last_insert_rowid(c->db);
    return 0;
}

int sqlite_user_add(struct store *s, const char *username, const char *email,
                    const char *password_hash, int64_t *id, struct err *e)
{
    struct user_add u = {username, email, password_hash, 0};
    if (sq_write((struct sqlite *)s, user_add, &u, e) < 0)
        return -1;
    *id = u.id;
    return 0;
}

static int user_get(struct sq_conn *c, struct arena *a, const char *name, bool or_email, int64_t id,
                    struct user_row *out, struct err *e)
{
    AUTO(sq_endp)
    sqlite3_stmt *st = sq_get(c,
                              or_email ? SQL_USER_BY_NAME_OR_EMAIL
                              : name   ? SQL_USER_BY_NAME
                                       : SQL_USER_BY_ID,
                              e);
    if (!st)
        return -1;
    if (name)
        sq_text(st, 1, name);
    else
        sq_int(st, 1, id);
    int rc = sq_step(st, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no such user");
    if (rc > 0)
        sq_user_row(st, a, out);
    return rc < 0 ? -1 : 0;
}

int sqlite_user_get(struct store *base, struct arena *a, const char *name, bool or_email,
                    int64_t id, struct user_row *out, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = user_get(c, a, name, or_email, id, out, e);
    sq_reader_back(s, c);
    return rc;
}

struct user_password {
    int64_t id;
    const char *hash;
};

static int user_password(struct sq_conn *c, void *arg, struct err *e)
{
    struct user_password *u = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_PASSWORD, e);
    if (!st)
        return -1;
    sq_int(st, 1, u->id);
    sq_text(st, 2, u->hash);
    if (sq_run(st, e) < 0)
        return -1;
    return sqlite3_changes(c->db) ? 0 : err_set(e, ERR_MISSING, "there is no user %" PRId64, u->id);
}

int sqlite_user_set_password(struct store *s, int64_t id, const char *password_hash, struct err *e)
{
    struct user_password u = {id, password_hash};
    return sq_write((struct sqlite *)s, user_password, &u, e);
}

static int user_list(struct sq_conn *c, int64_t after, int max,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_USER_LIST, e);
    if (!st)
        return -1;
    sq_int(st, 1, after);
    sq_int(st, 2, max);
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        struct user_row u;
        sq_user_row(st, NULL, &u);
        if (each(arg, &u))
            return 0;
    }
    return rc;
}

int sqlite_user_list(struct store *base, int64_t after, int max,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = user_list(c, after, max, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}
