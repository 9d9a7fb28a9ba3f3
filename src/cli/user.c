/* Plan: one function for each of add, list, show, password, admin, quota. A password is read from
 * standard input and is never an argument. */
#include "store/user.h"
#include "auth/auth.h"
#include "cli/cli.h"
#include "cli/parts.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/reel_json.h"
#include "store/store.h"

#include <inttypes.h>
#include <jansson.h>

/* make: make the data folder and database when they are missing. */
static int open_users(struct parts *p, const struct cli *c, bool make, struct err *e)
{
    if (c->lent) {
        parts_borrow(p, c->lent);
        return 0;
    }
    if (!make && parts_there(&c->conf, e) < 0)
        return -1;
    if (parts_open_store(p, &c->conf, c->log, e) < 0)
        return -1;
    return store_migrate(p->store, NULL, NULL, e);
}

/* The same, and opens what passwords need. */
static int open_auth(struct parts *p, const struct cli *c, bool make, struct err *e)
{
    if (open_users(p, c, make, e) < 0)
        return -1;
    return p->auth ? 0 : parts_open_auth(p, &c->conf, c->log, e);
}

static json_t *limit_json(int64_t limit)
{
    return limit < 0 ? json_null() : json_integer((json_int_t)limit);
}

static json_t *user_json(const struct user_row *u)
{
    char when[CLOCK_ISO_SIZE];
    clock_iso(u->created_ms, when);
    return json_pack("{s:I, s:s, s:s, s:b, s:s, s:I, s:o, s:o}", "id", (json_int_t)u->id,
                     "username", u->username, "email", u->email, "admin", u->admin, "created", when,
                     "bytes_used", (json_int_t)u->bytes_used, "bytes_limit",
                     limit_json(u->bytes_limit), "tasks_limit", limit_json(u->tasks_limit));
}

static void user_line(const struct cli *c, const struct user_row *u)
{
    char when[CLOCK_ISO_SIZE];
    clock_iso(u->created_ms, when);
    fprintf(c->out, "%6" PRId64 "  %-20s  %-30s  %.10s  %9.1f MB%s\n", u->id, u->username, u->email,
            when, (double)u->bytes_used / 1e6, u->admin ? "  admin" : "");
}

static void tell(const struct cli *c, const struct user_row *u)
{
    if (c->conf.json)
        cli_print_json(c, user_json(u));
    else
        user_line(c, u);
}

static enum cli_exit user_add(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    int64_t id;
    struct user_row u;
    if (open_auth(&p, c, true, &e) < 0 ||
        auth_sign_up(p.auth, c->args[0], c->args[1], c->secret, c->secret, &id, &e) < 0 ||
        store_user_by_id(p.store, p.arena, id, &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    tell(c, &u);
    return CLI_DONE;
}

/* One page of rows at a time, so that a slow reader never blocks the database. */
enum { PAGE_ROWS = 500 };
struct listing {
    struct cli *c;
    int64_t last; /* id of the last row that was printed; 0: none was */
    int rows;     /* of this page */
};

static int list_one(void *arg, const struct user_row *u)
{
    struct listing *l = arg;
    const struct cli *c = l->c;
    if (c->conf.json) {
        fputs(l->last ? "," : "[", c->out);
        json_t *o = user_json(u);
        json_dumpf(o, c->out, JSON_FORM);
        json_decref(o);
    } else {
        user_line(c, u);
    }
    l->last = u->id;
    l->rows++;
    return 0;
}

static enum cli_exit user_list(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct listing l = {.c = c, .rows = PAGE_ROWS};
    if (open_users(&p, c, false, &e) < 0)
        return cli_fail(c, NULL, &e);
    while (l.rows == PAGE_ROWS) {
        l.rows = 0;
        if (store_user_list(p.store, l.last, PAGE_ROWS, list_one, &l, &e) < 0)
            return cli_fail(c, NULL, &e);
        cli_flush(c);
    }
    if (c->conf.json)
        fputs(l.last ? "]\n" : "[]\n", c->out);
    cli_flush(c);
    return CLI_DONE;
}

static enum cli_exit user_show(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct user_row u;
    if (open_users(&p, c, false, &e) < 0 ||
        store_user_by_name(p.store, p.arena, c->args[0], &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    tell(c, &u);
    return CLI_DONE;
}

static enum cli_exit user_password(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct user_row u;
    if (open_auth(&p, c, false, &e) < 0 ||
        store_user_by_name(p.store, p.arena, c->args[0], &u, &e) < 0 ||
        auth_set_password(p.auth, u.id, c->secret, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    tell(c, &u);
    return CLI_DONE;
}

/* Changes what change() says of the user, and shows them. */
static enum cli_exit user_change(struct cli *c,
                                 int (*change)(struct cli *c, struct user_change *u, struct err *e))
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct user_row u;
    if (open_users(&p, c, false, &e) < 0 ||
        store_user_by_name(p.store, p.arena, c->args[0], &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    struct user_change to = {u.admin, u.bytes_limit, u.tasks_limit};
    if (change(c, &to, &e) < 0 || store_user_set(p.store, u.id, &to, &e) < 0 ||
        store_user_by_id(p.store, p.arena, u.id, &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    if (c->lent)
        auth_forget(p.auth, u.id);
    tell(c, &u);
    return CLI_DONE;
}

static int set_admin(struct cli *c, struct user_change *u, struct err *e)
{
    const char *word = c->arg_count > 1 ? c->args[1] : "yes";
    u->admin = strcmp(word, "yes") == 0;
    if (!u->admin && strcmp(word, "no") != 0)
        return err_set(e, ERR_INPUT, "yes or no, not %.40s", word);
    return 0;
}

static enum cli_exit user_admin(struct cli *c)
{
    return user_change(c, set_admin);
}

static int read_limit(const char *text, int64_t *out, struct err *e)
{
    *out = -1;
    if (strcmp(text, "preset") == 0 || conf_size(text, out))
        return 0;
    return err_set(e, ERR_INPUT, "a limit is a number such as 20G, 0 (none) or preset, not %.40s",
                   text);
}

static int set_quota(struct cli *c, struct user_change *u, struct err *e)
{
    if (read_limit(c->args[1], &u->bytes_limit, e) < 0)
        return -1;
    return c->arg_count > 2 ? read_limit(c->args[2], &u->tasks_limit, e) : 0;
}

static enum cli_exit user_quota(struct cli *c)
{
    return user_change(c, set_quota);
}

const struct cli_sub cli_user_subs[] = {
    {"add", "NAME EMAIL", "make a user; the password is asked for", 2, 2, user_add, true},
    {"list", "", "all users, with the bytes they keep", 0, 0, user_list, false},
    {"show", "NAME", "one user", 1, 1, user_show, false},
    {"password", "NAME", "set a new password, which is asked for", 1, 1, user_password, true},
    {"admin", "NAME [yes | no]", "make a user an admin, or not any more", 1, 2, user_admin, false},
    {"quota", "NAME BYTES [TASKS]",
     "limits of a user's own: bytes kept, tasks a day; preset: as the settings say, 0: none", 2, 3,
     user_quota, false},
    {NULL, NULL, NULL, 0, 0, NULL, false},
};
