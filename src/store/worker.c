#include "store/worker.h"

#include "store/sql_impl.h"

int store_worker_beat(struct store *s, const struct worker_row *w, struct err *e)
{
    struct sql_values old = {0}, v = {0};
    sql_int(&old, WORKER_KEPT_MS);
    if (sql_ask(s, SQL_WORKER_OLD, &old, NULL, NULL, e) < 0)
        return -1;
    sql_text(&v, w->name);
    if (!w->gone) {
        sql_text(&v, w->version);
        sql_int(&v, w->jobs);
        sql_int(&v, w->busy);
    }
    return sql_ask(s, w->gone ? SQL_WORKER_GONE : SQL_WORKER_BEAT, &v, NULL, NULL, e);
}

struct worker_each {
    int (*each)(void *arg, const struct worker_row *w);
    void *arg;
};

static int give_worker(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct worker_each *x = arg;
    struct worker_row w;
    worker_row_read(r, NULL, &w);
    return x->each(x->arg, &w) != 0;
}

int store_worker_list(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                      void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, WORKER_KEPT_MS);
    int rc = sql_ask(s, SQL_WORKER_LIST, &v, give_worker, &(struct worker_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}
