#include "store/user.h"

#include "core/err.h"
#include "core/mem.h"
#include "store/sql_impl.h"

#include <inttypes.h>

_Static_assert(DAY_MS == 86400000, "user_row.def divides by it");

int store_user_add(struct store *s, const char *username, const char *email,
                   const char *password_hash, int64_t *id, struct err *e)
{
    if (strlen(username) > USER_NAME_MAX)
        return err_msg(e, MSG_USERNAME_BAD, "the name has over %d bytes", USER_NAME_MAX);
    if (strlen(email) > EMAIL_MAX)
        return err_msg(e, MSG_EMAIL_BAD, "the address has over %d bytes", EMAIL_MAX);
    struct sql_values v = {0}, name = {0};
    sql_text(&v, username);
    sql_text(&v, email);
    sql_text(&v, password_hash);
    int rc = sql_numbers(s, SQL_USER_ADD, &v, id, 1, e);
    if (rc)
        return rc < 0 ? -1 : 0;
    sql_text(&name, username);
    rc = sql_ask(s, SQL_USER_BY_NAME, &name, NULL, NULL, e);
    if (rc < 0)
        return -1;
    return rc ? err_msg(e, MSG_USER_EXISTS, "the user name is taken")
              : err_msg(e, MSG_EMAIL_EXISTS, "the e-mail address is taken");
}

/* -- one -- */

struct user_read {
    struct arena *arena;
    struct user_row *out;
};

static int read_user(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct user_read *x = arg;
    user_row_read(r, x->arena, x->out);
    return 1;
}

static int get_user(struct store *s, enum sql which, const struct sql_values *v, struct arena *a,
                    struct user_row *out, struct err *e)
{
    int rc = sql_ask(s, which, v, read_user, &(struct user_read){a, out}, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no such user");
    return rc < 0 ? -1 : 0;
}

int store_user_by_name(struct store *s, struct arena *a, const char *username, struct user_row *out,
                       struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, username);
    return get_user(s, SQL_USER_BY_NAME, &v, a, out, e);
}

int store_user_by_name_or_email(struct store *s, struct arena *a, const char *text,
                                struct user_row *out, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, text);
    return get_user(s, SQL_USER_BY_NAME_OR_EMAIL, &v, a, out, e);
}

int store_user_by_id(struct store *s, struct arena *a, int64_t id, struct user_row *out,
                     struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    return get_user(s, SQL_USER_BY_ID, &v, a, out, e);
}

/* -- changes -- */

int store_user_set_password(struct store *s, int64_t id, const char *password_hash, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_text(&v, password_hash);
    int rc = sql_ask(s, SQL_USER_PASSWORD, &v, NULL, NULL, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no user %" PRId64, id);
    return rc < 0 ? -1 : 0;
}

int store_user_set(struct store *s, int64_t id, const struct user_change *u, struct err *e)
{
    unsigned only = u->only ? u->only : USER_ROLE | USER_BYTES | USER_TASKS;
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, u->admin);
    sql_int(&v, u->bytes_limit);
    sql_int(&v, u->tasks_limit);
    sql_int(&v, only);
    sql_int(&v, u->keep_an_admin && (only & USER_ROLE) && !u->admin);
    int rc = sql_ask(s, SQL_USER_SET, &v, NULL, NULL, e);
    if (rc)
        return rc < 0 ? -1 : 0;
    AUTO(arena_freep) struct arena *a = arena_new();
    struct user_row there;
    if (store_user_by_id(s, a, id, &there, e) < 0)
        return -1;
    return err_msg(e, MSG_LAST_ADMIN, "user %" PRId64 " is the last admin", id);
}

/* -- lists -- */

struct user_each {
    int (*each)(void *arg, const struct user_row *u);
    void *arg;
};

static int give_user(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct user_each *x = arg;
    struct user_row u;
    user_row_read(r, NULL, &u);
    return x->each(x->arg, &u) != 0;
}

int store_user_list(struct store *s, int64_t after, int max,
                    int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, after);
    sql_limit(&v, max);
    int rc = sql_ask(s, SQL_USER_LIST, &v, give_user, &(struct user_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

int store_user_search(struct store *s, const char *part, int64_t after, int max,
                      int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, after);
    sql_limit(&v, max);
    sql_text(&v, part);
    int rc = sql_ask(s, SQL_USER_SEARCH, &v, give_user, &(struct user_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}
