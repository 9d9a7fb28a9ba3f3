#include "store/line.h"

#include "store/sql_impl.h"
#include "store/worker.h"

struct line_rows {
    struct line_row *rows;
    int max, count;
};

static int take_line_row(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    struct line_rows *x = arg;
    x->rows[x->count++] = (struct line_row){sql_number(r, 0), sql_number(r, 1)};
    return x->count == x->max;
}

int store_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e)
{
    struct sql_values v = {0};
    struct line_rows x = {rows, max, 0};
    int64_t of_each = max;
    if (s->ops->line_share && s->ops->line_share(s, max, &of_each, e) < 0)
        return -1;
    sql_int(&v, max);
    if (s->ops->line_share)
        sql_int(&v, of_each);
    if (sql_ask(s, SQL_LINE, &v, take_line_row, &x, e) < 0)
        return -1;
    *count = x.count;
    return 0;
}

int store_line_pace(struct store *s, struct line_pace *out, struct err *e)
{
    struct sql_values v = {0};
    int64_t n[3];
    sql_int(&v, WORKER_KEPT_MS);
    if (sql_numbers(s, SQL_LINE_PACE, &v, n, 3, e) < 0)
        return -1;
    *out = (struct line_pace){n[0], (int)n[1], (int)n[2]};
    return 0;
}
