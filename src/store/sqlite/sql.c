/* Plan: the texts, with the words in which SQLite differs; values by name; rows; running
 * statements. */
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/sqlite/sqlite_impl.h"

#include <assert.h>

#define INDEXED(name)     "INDEXED BY " name " "
#define IN_STATES(mask)   "(1 << state) & " mask " <> 0"
#define HOLDS(text, part) "instr(" text ", " part ") > 0"
#define BYTEWISE          "COLLATE BINARY"
#define ADMINS_HELD       ""
#define ADMINS            "(SELECT id FROM users INDEXED BY users_admin WHERE admin = 1)"

_Static_assert(SQ_WAIT_MAX_MS == 7200000, "TASK_NEXT_DUE says it as well");

const char *const sq_sql_text[SQ_COUNT_] = {
#define STATEMENT(name, how, row, text) [SQL_##name] = text,
#define OWN(name, how, row)
#include "store/statement.def"
#define TEXT_OF(name, text) [SQL_##name] = text,
#define ALONE(name, text)   [SQ_##name] = text,
#include "store/sqlite/statement.def"
};

/* -- rows -- */

static bool sq_row_null(const struct sql_row *r, int column)
{
    return sqlite3_column_type(r->of, column) == SQLITE_NULL;
}

static int64_t sq_row_number(const struct sql_row *r, int column)
{
    return sqlite3_column_int64(r->of, column);
}

static const char *sq_row_text(const struct sql_row *r, int column)
{
    return sq_column(r->of, column, NULL);
}

struct sql_row sq_row(sqlite3_stmt *st)
{
    static const struct sql_row_ops ops = {sq_row_null, sq_row_number, sq_row_text};
    return (struct sql_row){&ops, st, 0, sqlite3_column_count(st)};
}

/* -- asking -- */

/* To SQLite "$2::text" is the name of a value, numbered by where it first stands; the number in the
 * name says which of ours it is. */
static void bind(sqlite3_stmt *st, const struct sql_values *v)
{
    for (int i = 1; i <= sqlite3_bind_parameter_count(st); i++) {
        const char *name = sqlite3_bind_parameter_name(st, i) + 1;
        int64_t n = 0;
        (void)str_int64((struct str){name, strspn(name, "0123456789")}, 1, v->count, &n);
        assert(n > 0);
        const struct sql_value *value = &v->of[n - 1];
        if (value->is_text)
            sq_text(st, i, value->text);
        else
            sq_int(st, i, value->number);
    }
}

/* All rows are stepped through where the statement writes: what is enough for each() is not enough
 * for the change. */
static int ask_on(struct sq_conn *c, int which, const struct sql_values *v, sql_each *each,
                  void *arg, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, which, e);
    if (!st)
        return -1;
    bind(st, v);
    bool reads = sql_about[which].how == HOW_READ;
    int given = 0, verdict = 0, rc;
    while ((rc = sq_step(st, e)) > 0) {
        const struct sql_row r = sq_row(st);
        given += verdict == 0;
        if (each && verdict == 0)
            verdict = each(arg, &r, e);
        if (verdict < 0)
            return -1;
        if (verdict && reads)
            break;
    }
    return rc < 0 ? -1 : given;
}

struct asked {
    int which;
    const struct sql_values *v;
    sql_each *each;
    void *arg;
    int given;
};

static int ask_writer(struct sq_conn *c, void *arg, struct err *e)
{
    struct asked *x = arg;
    x->given = ask_on(c, x->which, x->v, x->each, x->arg, e);
    return x->given < 0 ? -1 : 0;
}

int sqlite_ask(struct store *base, int which, const struct sql_values *v, sql_each *each, void *arg,
               struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    if (sql_about[which].how != HOW_READ) {
        struct asked x = {which, v, each, arg, 0};
        return sq_write(s, ask_writer, &x, e) < 0 ? -1 : x.given;
    }
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int given = ask_on(c, which, v, each, arg, e);
    sq_reader_back(s, c);
    return given;
}
