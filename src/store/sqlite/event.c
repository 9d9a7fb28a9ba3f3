/* Plan: a reader looks for the newest event to remove. Usually there is none; otherwise the writer
 * removes the events up to it. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

struct trim {
    int64_t before_ms, cut;
    int most, count;
};

static int find_cut(struct sq_conn *c, struct trim *t, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQ_EVENT_CUT, e);
    if (!st)
        return -1;
    sq_int(st, 1, t->before_ms);
    sq_int(st, 2, t->most);
    if (sq_step(st, e) < 0)
        return -1;
    t->cut = sqlite3_column_int64(st, 0);
    t->count = sqlite3_column_int(st, 1);
    return 0;
}

static int trim(struct sq_conn *c, void *arg, struct err *e)
{
    struct trim *t = arg;
    static const int steps[] = {SQL_EVENT_TRIM, SQ_EVENT_FORGET};
    for (size_t i = 0; i < LEN(steps); i++) {
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, steps[i], e);
        if (!st)
            return -1;
        sq_int(st, 1, t->cut);
        if (sq_run(st, e) < 0)
            return -1;
    }
    return 0;
}

int sqlite_event_trim(struct store *base, int64_t keep_ms, int most, int *count, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct trim t = {.before_ms = clock_now_ms() - keep_ms, .most = most};
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = find_cut(c, &t, e);
    sq_reader_back(s, c);
    if (rc < 0 || (t.count > 0 && sq_write(s, trim, &t, e) < 0))
        return -1;
    *count = t.count;
    return 0;
}
