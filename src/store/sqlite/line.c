#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

static int line_users(struct sq_conn *c, int max, int *count, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_LINE_USERS, e);
    if (!st)
        return -1;
    sq_int(st, 1, max);
    int rc = sq_step(st, e);
    if (rc > 0)
        *count = sqlite3_column_int(st, 0);
    return rc < 0 ? -1 : 0;
}

int sqlite_line_share(struct store *base, int max, int64_t *of_each, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int users = 0, rc = line_users(c, max, &users, e);
    sq_reader_back(s, c);
    if (rc == 0)
        *of_each = users > 1 ? max / users : max;
    return rc;
}
