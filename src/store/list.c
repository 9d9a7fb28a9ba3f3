/* Plan: pages of tasks, by the cheapest statement that gives the page; tasks with expired leases.
 */
#include "store/sql_impl.h"
#include "store/task.h"

struct task_each {
    int (*each)(void *arg, const struct task_row *t);
    void *arg;
};

static int give_task(void *arg, const struct sql_row *r, struct err *e)
{
    const struct task_each *x = arg;
    struct task_row t;
    return task_row_read(r, NULL, &t, e) < 0 ? -1 : x->each(x->arg, &t) != 0;
}

static int give_brief(void *arg, const struct sql_row *r, struct err *e)
{
    const struct task_each *x = arg;
    struct task_row t;
    return task_brief_read(r, &t, e) < 0 ? -1 : x->each(x->arg, &t) != 0;
}

/* Whether more is asked of the list than the order of ids. */
static bool is_sought(const struct task_page *p)
{
    return p->user_id && (p->sort != SORT_CREATED || p->part);
}

/* Of all users' tasks: by the index of their state where there is one. */
static enum sql owned_sql(unsigned mask)
{
    return mask == 1u << TASK_UPLOADED     ? SQL_OWNED_UPLOADED
           : mask == 1u << TASK_PROCESSING ? SQL_OWNED_PROCESSING
           : mask == 1u << TASK_FAILED     ? SQL_OWNED_FAILED
                                           : SQL_OWNED;
}

/* Each is followed by its descending one, but for the two that only go up. */
static enum sql list_sql(const struct task_page *p, unsigned mask)
{
    static const enum sql sought[SORT_COUNT_] = {[SORT_CREATED] = SQL_SOUGHT_CREATED,
                                                 [SORT_TITLE] = SQL_SOUGHT_TITLE,
                                                 [SORT_SIZE] = SQL_SOUGHT_SIZE,
                                                 [SORT_LENGTH] = SQL_SOUGHT_LENGTH};
    if (!p->user_id && !p->owners && !p->descending) {
        if (mask == 1u << TASK_UPLOADED)
            return SQL_LIST_UPLOADED;
        if (mask == 1u << TASK_DELETED)
            return SQL_LIST_DELETED;
    }
    enum sql up = is_sought(p) ? sought[p->sort]
                  : p->user_id ? p->brief ? SQL_LIST_BRIEF : SQL_LIST_USER
                  : p->owners || mask == 1u << TASK_FAILED ? owned_sql(mask)
                                                           : SQL_LIST_ALL;
    return up + p->descending;
}

int store_task_list(struct store *s, const struct task_page *p,
                    int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e)
{
    unsigned mask = p->states ? p->states : ~(1u << TASK_DELETED) & ((1u << TASK_STATE_COUNT) - 1);
    struct sql_values v = {0};
    sql_int(&v, p->descending && !p->after ? INT64_MAX : p->after);
    sql_int(&v, mask);
    sql_limit(&v, p->max);
    if (p->user_id)
        sql_int(&v, p->user_id);
    if (is_sought(p))
        sql_text(&v, p->part ? p->part : "");
    if (is_sought(p) && p->sort == SORT_TITLE)
        sql_text(&v, p->after_title ? p->after_title : "");
    else if (is_sought(p) && p->sort != SORT_CREATED)
        sql_int(&v, p->after ? p->after_number : p->descending ? INT64_MAX : -1);
    enum sql which = list_sql(p, mask);
    bool brief = which == SQL_LIST_BRIEF || which == SQL_LIST_BRIEF_DOWN;
    int rc =
        sql_ask(s, which, &v, brief ? give_brief : give_task, &(struct task_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

int store_task_expired(struct store *s, int max, int (*each)(void *arg, const struct task_row *t),
                       void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_limit(&v, max);
    int rc = sql_ask(s, SQL_TASK_EXPIRED, &v, give_task, &(struct task_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}
