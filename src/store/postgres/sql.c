/* Plan: the texts, with the words in which PostgreSQL differs; rows; running statements. */
#include "core/err.h"
#include "core/mem.h"
#include "store/postgres/postgres_impl.h"

#define INDEXED(name)     ""
#define IN_STATES(mask)   "(1::bigint << state::int) & " mask " <> 0"
#define HOLDS(text, part) "strpos(" text ", " part ") > 0"
#define BYTEWISE          "COLLATE \"C\""
/* Of two who take the role from the last two admins, one waits for the other here. */
#define ADMINS_HELD                                                                                \
    "WITH held AS (SELECT id FROM users WHERE admin = 1 AND $6::bigint <> 0 ORDER BY id FOR NO "   \
    "KEY UPDATE) "
#define ADMINS "held"

const char *const pg_sql_text[PG_COUNT_] = {
#define STATEMENT(name, how, row, text) [SQL_##name] = text,
#define OWN(name, how, row)
#include "store/statement.def"
#define TEXT_OF(name, text) [SQL_##name] = text,
#define ALONE(name, text)   [PG_##name] = text,
#include "store/postgres/statement.def"
};

static bool pg_row_null(const struct sql_row *r, int column)
{
    return PQgetisnull(r->of, r->at, column);
}

static int64_t pg_row_number(const struct sql_row *r, int column)
{
    return pg_number(r->of, r->at, column);
}

static const char *pg_row_text(const struct sql_row *r, int column)
{
    return pg_string(r->of, r->at, column, NULL);
}

struct sql_row pg_row(PGresult *result, int i)
{
    static const struct sql_row_ops ops = {pg_row_null, pg_row_number, pg_row_text};
    return (struct sql_row){&ops, result, i, PQnfields(result)};
}

int postgres_ask(struct store *s, int which, const struct sql_values *v, sql_each *each, void *arg,
                 struct err *e)
{
    AUTO(pg_clearp) PGresult *result = pg_ask((struct postgres *)s, which, v, NULL, e);
    if (!result)
        return -1;
    int i = 0;
    for (int verdict = 0; i < PQntuples(result) && verdict == 0; i++) {
        const struct sql_row r = pg_row(result, i);
        verdict = each ? each(arg, &r, e) : 0;
        if (verdict < 0)
            return -1;
    }
    return i;
}
