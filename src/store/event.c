#include "store/event.h"

#include "store/sql_impl.h"

const struct event_about *event_about(enum event_kind kind)
{
    static const struct event_about kinds[EVENT_KINDS] = {
        [EVENT_UPLOADED] = {"task.uploaded", "uploaded"},
        [EVENT_PROCESSING] = {"task.processing", "processing"},
        [EVENT_PROCESSED] = {"task.processed", "processed"},
        [EVENT_FAILED] = {"task.failed", "failed"},
        [EVENT_DELETED] = {"task.deleted", "deleted"},
        [EVENT_PROGRESS] = {"task.progress", "processing"},
    };
    return &kinds[kind];
}

int event_progress(enum event_kind kind, int so_far)
{
    return kind == EVENT_PROCESSED ? 100 : so_far;
}

struct event_each {
    int (*each)(void *arg, const struct event_row *ev);
    void *arg;
};

static int give_event(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct event_each *x = arg;
    struct event_row ev;
    event_row_read(r, NULL, &ev);
    return x->each(x->arg, &ev) != 0;
}

int store_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                     int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, user_id);
    sql_int(&v, after);
    sql_limit(&v, max);
    if (task_id)
        sql_int(&v, task_id);
    int rc = sql_ask(s, task_id ? SQL_EVENT_LIST_TASK : SQL_EVENT_LIST, &v, give_event,
                     &(struct event_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

struct event_user_each {
    int (*each)(void *arg, int64_t user_id, int64_t newest);
    void *arg;
};

static int give_event_user(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct event_user_each *x = arg;
    return x->each(x->arg, sql_number(r, 0), sql_number(r, 1)) != 0;
}

int store_event_users(struct store *s, int64_t after,
                      int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                      struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, after);
    int rc =
        sql_ask(s, SQL_EVENT_USERS, &v, give_event_user, &(struct event_user_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

int store_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                     struct err *e)
{
    struct sql_values v = {0};
    int64_t span[2] = {0};
    if (user_id)
        sql_int(&v, user_id);
    if (sql_numbers(s, user_id ? SQL_EVENT_SPAN_USER : SQL_EVENT_SPAN, &v, span, 2, e) < 0)
        return -1;
    *newest = span[0];
    *forgotten = span[1];
    return 0;
}

int store_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e)
{
    if (s->ops->event_trim)
        return s->ops->event_trim(s, keep_ms, most, count, e);
    struct sql_values v = {0};
    int64_t gone = 0;
    sql_int(&v, keep_ms);
    sql_int(&v, most);
    if (sql_numbers(s, SQL_EVENT_TRIM, &v, &gone, 1, e) < 0)
        return -1;
    *count = (int)gone;
    return 0;
}
