/* Plan: one function for each of add, list, show, password; a password is read, never an argument.
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

static json_t *user_json(const struct user_row *u)
{
    char when[CLOCK_ISO_SIZE];
    clock_iso(u->created_ms, when);
    return json_pack("{s:I, s:s, s:s, s:b, s:s, s:I}", "id", (json_int_t)u->id, "username",
                     u->username, "email", u->email, "admin", u->admin, "created", when,
                     "bytes_used", (json_int_t)u->bytes_used);
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

const struct cli_sub cli_user_subs[] = {
    {"add", "NAME EMAIL", "make a user; the password is asked for", 2, 2, user_add},
    {"list", "", "all users, with the bytes they keep", 0, 0, user_list},
    {"show", "NAME", "one user", 1, 1, user_show},
    {"password", "NAME", "set a new password, which is asked for", 1, 1, user_password},
    {NULL, NULL, NULL, 0, 0, NULL},
};
