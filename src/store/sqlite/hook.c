#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

struct hook_removal {
    int64_t id, user_id;
    bool done;
};

/* The hook, if it is theirs, and then its deliveries. */
static int remove_hook(struct sq_conn *c, void *arg, struct err *e)
{
    struct hook_removal *x = arg;
    {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_HOOK_REMOVE, e);
        if (!st)
            return -1;
        sq_int(st, 1, x->id);
        sq_int(st, 2, x->user_id);
        if (sq_run(st, e) < 0)
            return -1;
        x->done = sqlite3_changes(c->db) > 0;
    }
    AUTO(sq_endp) sqlite3_stmt *st = x->done ? sq_get(c, SQ_DELIVERY_REMOVE, e) : NULL;
    if (!st)
        return x->done ? -1 : 0;
    sq_int(st, 1, x->id);
    return sq_run(st, e);
}

int sqlite_hook_remove(struct store *s, int64_t id, int64_t user_id, bool *done, struct err *e)
{
    struct hook_removal x = {id, user_id, false};
    if (sq_write((struct sqlite *)s, remove_hook, &x, e) < 0)
        return -1;
    *done = x.done;
    return 0;
}
