#include "store/outbox.h"

#include "store/sql_impl.h"

struct outbox_rows {
    struct outbox_row *rows;
    int max, count;
};

static int take_outbox_row(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    struct outbox_rows *x = arg;
    x->rows[x->count++] = (struct outbox_row){sql_number(r, 0), sql_number(r, 1)};
    return x->count == x->max;
}

int store_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count, struct err *e)
{
    struct sql_values v = {0};
    struct outbox_rows x = {rows, max, 0};
    sql_int(&v, max);
    if (sql_ask(s, SQL_OUTBOX_READ, &v, take_outbox_row, &x, e) < 0)
        return -1;
    *count = x.count;
    return 0;
}

int store_outbox_done(struct store *s, int64_t id, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    return sql_ask(s, SQL_OUTBOX_DONE, &v, NULL, NULL, e);
}
