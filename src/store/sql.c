/* Plan: how each statement runs and which row it gives, from the table; texts with their columns;
 * values; rows; running statements. */
#include "store/sql_impl.h"

#include "core/err.h"
#include "core/mem.h"
#include "store/event.h"
#include "store/hook.h"
#include "store/task.h"

#include <assert.h>
#include <inttypes.h>

_Static_assert(TASK_UPLOADED == 0 && TASK_PROCESSING == 1 && TASK_PROCESSED == 2 &&
                   TASK_FAILED == 3 && TASK_DELETED == 4 && DELIVERY_WAITING == 0 &&
                   DELIVERY_DEAD == 2,
               "the states in texts of SQL are those of C");

const struct sql_about sql_about[SQL_COUNT_] = {
#define STATEMENT(name, how, row, text) [SQL_##name] = {HOW_##how, ROW_##row},
#define OWN(name, how, row)             [SQL_##name] = {HOW_##how, ROW_##row},
#include "store/statement.def"
#undef STATEMENT
#undef OWN
};

/* Each begins with ", ". */
static const char *const row_columns[ROW_COUNT_] = {
#define NUMBER(type, name)         ", " #name
#define TEXT(name)                 ", " #name
#define NUMBER_AS(type, name, sql) ", " sql
#define TEXT_AS(name, sql)         ", " sql
    [ROW_USER] =
#include "store/user_row.def"
        ,
    [ROW_KEY] =
#include "store/key_row.def"
        ,
    [ROW_WORKER] =
#include "store/worker_row.def"
        ,
    [ROW_TASK] =
#include "store/task_row.def"
        ,
    [ROW_EVENT] =
#include "store/event_row.def"
        ,
    [ROW_UPLOAD] =
#include "store/upload_row.def"
        ,
    [ROW_HOOK] =
#include "store/hook_row.def"
        , [ROW_DELIVERY] =
#include "store/delivery_row.def"
};

char *sql_expand(enum sql which, const char *text)
{
    const char *at = strchr(text, '@'), *columns = row_columns[sql_about[which].row];
    if (!at || !columns)
        return mem_strdup(text);
    columns += strlen(", ");
    size_t size = strlen(text) + strlen(columns);
    char *whole = mem_new(size);
    snprintf(whole, size, "%.*s%s%s", (int)(at - text), text, columns, at + 1);
    return whole;
}

/* -- values -- */

void sql_int(struct sql_values *v, int64_t number)
{
    v->of[v->count++] = (struct sql_value){.number = number};
}

void sql_text(struct sql_values *v, const char *text)
{
    v->of[v->count++] = (struct sql_value){.is_text = true, .text = text};
}

void sql_limit(struct sql_values *v, int max)
{
    sql_int(v, max < 0 ? INT64_MAX : max);
}

/* -- rows -- */

bool sql_is_null(const struct sql_row *r, int column)
{
    return r->ops->is_null(r, column);
}

int64_t sql_number(const struct sql_row *r, int column)
{
    return r->ops->number(r, column);
}

const char *sql_string(const struct sql_row *r, int column, struct arena *a)
{
    const char *text = r->ops->text(r, column);
    return a ? arena_strdup(a, text) : text;
}

/* -- asking -- */

int sql_ask(struct store *s, enum sql which, const struct sql_values *v, sql_each *each, void *arg,
            struct err *e)
{
    static const struct sql_values none;
    return s->ops->ask(s, which, v ? v : &none, each, arg, e);
}

struct first_row {
    int64_t *out;
    int count;
};

static int take_numbers(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    struct first_row *x = arg;
    for (int i = 0; i < x->count; i++)
        x->out[i] = sql_number(r, i);
    return 1;
}

int sql_numbers(struct store *s, enum sql which, const struct sql_values *v, int64_t *out,
                int count, struct err *e)
{
    int64_t got[SQL_NUMBERS];
    assert(count <= SQL_NUMBERS);
    int rc = sql_ask(s, which, v, take_numbers, &(struct first_row){got, count}, e);
    if (rc > 0)
        memcpy(out, got, (size_t)count * sizeof(*out));
    return rc;
}

/* -- facts -- */

const struct sql_fact sql_facts[] = {
    {"user", "bytes_used is not the sum of their tasks' bytes",
     "SELECT u.id FROM users u WHERE u.bytes_used <> (SELECT coalesce(sum(t.clip_bytes + "
     "t.reel_bytes + t.poster_bytes), 0) FROM tasks t WHERE t.user_id = u.id AND t.state "
     "<> " STATE_DELETED ") LIMIT 1"},
    {"state", "its count is not that of its tasks",
     "SELECT s.state FROM (SELECT state FROM tasks UNION SELECT state FROM task_counts) s WHERE "
     "coalesce((SELECT sum(n) FROM task_counts c WHERE c.state = s.state), 0) <> "
     "(SELECT count(*) FROM tasks t WHERE t.state = s.state) LIMIT 1"},
    {"task", "it is due and its user takes no part in the turns",
     "SELECT t.id FROM tasks t WHERE t.state = " STATE_UPLOADED
     " AND t.due = 1 AND t.user_id NOT IN "
     "(SELECT user_id FROM turns) LIMIT 1"},
    {"task", "it is processing without a lease's fence or worker",
     "SELECT id FROM tasks WHERE state = " STATE_PROCESSING
     " AND (fence = 0 OR worker = '') LIMIT 1"},
    {"task", "it is processed without a reel",
     "SELECT id FROM tasks WHERE state = " STATE_PROCESSED " AND reel_blob = '' LIMIT 1"},
};
const int sql_fact_count = LEN(sql_facts);

int sql_fact_broken(const struct sql_fact *f, int64_t number, struct err *e)
{
    return err_set(e, ERR_SYSTEM, "store: %s %" PRId64 ": %s", f->of, number, f->says);
}
