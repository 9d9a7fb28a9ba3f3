/* Plan: one function for each of add, list, show, password, admin, quota; a password is read, never
 * an argument.
 */
#include "auth/auth.h"
#include "cli/cli.h"
#include "cli/parts.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/store.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium/utils.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_SIZE = 256 }; /* a password has at most 128 bytes; longer ones are refused by auth */

static bool read_line(char out[LINE_SIZE])
{
    if (!fgets(out, LINE_SIZE, stdin))
        return false;
    out[strcspn(out, "\r\n")] = 0;
    return true;
}

/* Twice and without echo on a terminal; one line otherwise. */
static int read_password(char out[LINE_SIZE], struct err *e)
{
    struct termios shown, hidden;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown) < 0)
        return read_line(out)
                   ? 0
                   : err_msg(e, MSG_FIELDS_MISSING,
                             "no password on standard input, where one line is expected");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    char again[LINE_SIZE];
    fputs("Password: ", stderr);
    bool ok = read_line(out);
    fputs("\nAgain: ", stderr);
    ok = ok && read_line(again);
    fputs("\n", stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    bool same = ok && strcmp(out, again) == 0;
    sodium_memzero(again, sizeof(again));
    if (!ok)
        return err_msg(e, MSG_FIELDS_MISSING, "no password");
    return same ? 0 : err_msg(e, MSG_PASSWORDS_DIFFER, "the two are not the same");
}

static int open_users(struct parts *p, const struct cli *c, struct err *e)
{
    if (parts_open_store(p, &c->conf, c->log, e) < 0)
        return -1;
    return store_migrate(p->store, NULL, NULL, e);
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

static void user_line(const struct user_row *u)
{
    char when[CLOCK_ISO_SIZE];
    clock_iso(u->created_ms, when);
    printf("%6" PRId64 "  %-20s  %-30s  %.10s  %9.1f MB%s\n", u->id, u->username, u->email, when,
           (double)u->bytes_used / 1e6, u->admin ? "  admin" : "");
}

static void tell(const struct cli *c, const struct user_row *u)
{
    if (c->conf.json)
        cli_print_json(user_json(u));
    else
        user_line(u);
}

static enum cli_exit user_add(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    char password[LINE_SIZE];
    int64_t id;
    if (read_password(password, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    int failed = open_users(&p, c, &e) < 0 || parts_open_auth(&p, &c->conf, c->log, &e) < 0 ||
                 auth_sign_up(p.auth, c->args[0], c->args[1], password, password, &id, &e) < 0;
    sodium_memzero(password, sizeof(password));
    struct user_row u;
    if (failed || store_user_by_id(p.store, p.arena, id, &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    tell(c, &u);
    return CLI_DONE;
}

static int list_one(void *arg, const struct user_row *u)
{
    if (arg)
        json_array_append_new(arg, user_json(u));
    else
        user_line(u);
    return 0;
}

static enum cli_exit user_list(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    if (open_users(&p, c, &e) < 0)
        return cli_fail(c, NULL, &e);
    json_t *all = c->conf.json ? json_array() : NULL;
    if (store_user_list(p.store, 0, INT32_MAX, list_one, all, &e) < 0) {
        json_decref(all);
        return cli_fail(c, NULL, &e);
    }
    if (all)
        cli_print_json(all);
    return CLI_DONE;
}

static enum cli_exit user_show(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct user_row u;
    if (open_users(&p, c, &e) < 0 || store_user_by_name(p.store, p.arena, c->args[0], &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    tell(c, &u);
    return CLI_DONE;
}

static enum cli_exit user_password(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct user_row u;
    char password[LINE_SIZE];
    if (read_password(password, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    int failed = open_users(&p, c, &e) < 0 || parts_open_auth(&p, &c->conf, c->log, &e) < 0 ||
                 store_user_by_name(p.store, p.arena, c->args[0], &u, &e) < 0 ||
                 auth_set_password(p.auth, u.id, password, &e) < 0;
    sodium_memzero(password, sizeof(password));
    if (failed)
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
    if (open_users(&p, c, &e) < 0 || store_user_by_name(p.store, p.arena, c->args[0], &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
    struct user_change to = {u.admin, u.bytes_limit, u.tasks_limit};
    if (change(c, &to, &e) < 0 || store_user_set(p.store, u.id, &to, &e) < 0 ||
        store_user_by_id(p.store, p.arena, u.id, &u, &e) < 0)
        return cli_fail(c, c->args[0], &e);
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
    {"add", "NAME EMAIL", "make a user; the password is asked for", 2, 2, user_add},
    {"list", "", "all users, with the bytes they keep", 0, 0, user_list},
    {"show", "NAME", "one user", 1, 1, user_show},
    {"password", "NAME", "set a new password, which is asked for", 1, 1, user_password},
    {"admin", "NAME [yes | no]", "make a user an admin, or not any more", 1, 2, user_admin},
    {"quota", "NAME BYTES [TASKS]",
     "limits of a user's own: bytes kept, tasks a day; preset: as the settings say, 0: none", 2, 3,
     user_quota},
    {NULL, NULL, NULL, 0, 0, NULL},
};
