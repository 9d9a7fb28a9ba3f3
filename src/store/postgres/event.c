#include "core/err.h"
#include "core/mem.h"
#include "store/postgres/postgres_impl.h"

static struct postgres *of(struct store *s)
{
    return (struct postgres *)s;
}

int postgres_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                        int (*each)(void *arg, const struct event_row *ev), void *arg,
                        struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, user_id);
    pg_int(&v, after);
    pg_int(&v, max);
    if (task_id)
        pg_int(&v, task_id);
    AUTO(pg_clearp)
    PGresult *r = pg_ask(of(s), task_id ? PG_EVENT_LIST_TASK : PG_EVENT_LIST, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        const struct event_row ev = {
            .id = pg_number(r, i, 0),
            .user_id = pg_number(r, i, 1),
            .task_id = pg_number(r, i, 2),
            .kind = (enum event_kind)pg_number(r, i, 3),
            .progress = (int)pg_number(r, i, 4),
            .error_slug = pg_string(r, i, 5, NULL),
            .created_ms = pg_number(r, i, 6),
            .again = pg_number(r, i, 7) != 0,
        };
        if (each(arg, &ev) != 0)
            break;
    }
    return 0;
}

int postgres_event_users(struct store *s, int64_t after,
                         int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                         struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, after);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_EVENT_USERS, &v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++)
        if (each(arg, pg_number(r, i, 0), pg_number(r, i, 1)) != 0)
            break;
    return 0;
}

int postgres_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                        struct err *e)
{
    struct pg_values v = {0};
    if (user_id)
        pg_int(&v, user_id);
    AUTO(pg_clearp)
    PGresult *r = pg_ask(of(s), user_id ? PG_EVENT_SPAN_USER : PG_EVENT_SPAN, &v, NULL, e);
    if (!r)
        return -1;
    *newest = pg_number(r, 0, 0);
    *forgotten = pg_number(r, 0, 1);
    return 0;
}

int postgres_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, keep_ms);
    pg_int(&v, most);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_EVENT_TRIM, &v, NULL, e);
    if (!r)
        return -1;
    *count = (int)pg_number(r, 0, 0);
    return 0;
}
