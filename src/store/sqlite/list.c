/* Plan: tasks as a page, by the narrowest statement; then the line, as claims will take it, and how
 * fast it moves. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

#include <inttypes.h>

/* Rows of SQL_LIST_BRIEF. */
static int each_brief(sqlite3_stmt *st, int (*each)(void *arg, const struct task_row *t), void *arg,
                      struct err *e)
{
    int rc;
    while ((rc = sq_step(st, e)) > 0) {
        int64_t id = sqlite3_column_int64(st, 0), state = sqlite3_column_int64(st, 2);
        if (state < 0 || state >= TASK_STATE_COUNT)
            return err_set(e, ERR_SYSTEM, "store: task %" PRId64 " holds what cannot be", id);
        const struct task_row t = {
            .id = id,
            .user_id = sqlite3_column_int64(st, 1),
            .state = (enum task_state)state,
            .file_name = sq_column(st, 3, NULL),
            .title = sq_column(st, 4, NULL),
            .progress = sqlite3_column_int(st, 5),
            .clip_blob = "",
            .clip_hash = "",
            .reel_blob = "",
            .poster_blob = "",
            .worker = "",
            .error_slug = "",
            .error_text = "",
            .report = "",
            .request = "",
        };
        if (each(arg, &t))
            return 0;
    }
    return rc;
}

/* Of all users' tasks: by the index of their state where there is one. */
static enum sq_sql owned_sql(const struct task_page *p, unsigned mask)
{
    if (mask == 1u << TASK_UPLOADED)
        return p->descending ? SQL_OWNED_UPLOADED_DOWN : SQL_OWNED_UPLOADED;
    if (mask == 1u << TASK_PROCESSING)
        return p->descending ? SQL_OWNED_PROCESSING_DOWN : SQL_OWNED_PROCESSING;
    if (mask == 1u << TASK_FAILED)
        return p->descending ? SQL_OWNED_FAILED_DOWN : SQL_OWNED_FAILED;
    return p->descending ? SQL_OWNED_DOWN : SQL_OWNED;
}

/* Whether more is asked of the list than the order of ids. */
static bool is_sought(const struct task_page *p)
{
    return p->user_id && (p->sort != SORT_CREATED || p->part);
}

/* The narrowest statement that can answer. */
static enum sq_sql list_sql(const struct task_page *p, unsigned mask)
{
    static const enum sq_sql sought[SORT_COUNT_] = {[SORT_CREATED] = SQL_SOUGHT_CREATED,
                                                    [SORT_TITLE] = SQL_SOUGHT_TITLE,
                                                    [SORT_SIZE] = SQL_SOUGHT_SIZE,
                                                    [SORT_LENGTH] = SQL_SOUGHT_LENGTH};
    if (is_sought(p))
        return sought[p->sort] + p->descending;
    if (p->user_id && p->brief)
        return p->descending ? SQL_LIST_BRIEF_DOWN : SQL_LIST_BRIEF;
    if (p->user_id)
        return p->descending ? SQL_LIST_USER_DOWN : SQL_LIST_USER;
    if (p->owners || mask == 1u << TASK_FAILED)
        return owned_sql(p, mask);
    if (p->descending)
        return SQL_LIST_ALL_DOWN;
    if (mask == 1u << TASK_UPLOADED)
        return SQL_LIST_UPLOADED;
    return mask == 1u << TASK_DELETED ? SQL_LIST_DELETED : SQL_LIST_ALL;
}

/* What the statement asks for behind the first four values. */
static void bind_sought(sqlite3_stmt *st, const struct task_page *p)
{
    sq_text(st, 5, p->part ? p->part : "");
    if (p->sort == SORT_TITLE)
        sq_text(st, 6, p->after_title ? p->after_title : "");
    else if (p->sort != SORT_CREATED)
        sq_int(st, 6, p->after ? p->after_number : p->descending ? INT64_MAX : -1);
}

int sqlite_task_list(struct store *base, const struct task_page *p,
                     int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    unsigned mask = p->states ? p->states : ~(1u << TASK_DELETED) & ((1u << TASK_STATE_COUNT) - 1);
    int rc = -1;
    {
        enum sq_sql sql = list_sql(p, mask);
        AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, sql, e);
        if (st) {
            if (p->user_id)
                sq_int(st, 1, p->user_id);
            sq_int(st, 2, p->descending && !p->after ? INT64_MAX : p->after);
            if (sql != SQL_LIST_UPLOADED && sql != SQL_LIST_DELETED)
                sq_int(st, 3, mask);
            sq_int(st, 4, p->max);
            if (is_sought(p))
                bind_sought(st, p);
            bool brief = sql == SQL_LIST_BRIEF || sql == SQL_LIST_BRIEF_DOWN;
            rc = brief ? each_brief(st, each, arg, e) : sq_each_task(st, each, arg, e);
        }
    }
    sq_reader_back(s, c);
    return rc;
}

/* -- the line -- */

static int line_users(struct sq_conn *c, int max, int *count, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_LINE_USERS, e);
    if (!st)
        return -1;
    sq_int(st, 1, max);
    int rc = sq_step(st, e);
    if (rc > 0)
        *count = sqlite3_column_int(st, 0);
    return rc < 0 ? -1 : 0;
}

static int line_read(struct sq_conn *c, int max, struct line_row *rows, int *count, struct err *e)
{
    int users = 0, n = 0, rc = 0;
    if (line_users(c, max, &users, e) < 0)
        return -1;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_LINE, e);
    if (!st)
        return -1;
    sq_int(st, 1, max);
    sq_int(st, 2, users > 1 ? max / users : max);
    while (n < max && (rc = sq_step(st, e)) > 0)
        rows[n++] = (struct line_row){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};
    if (rc < 0)
        return -1;
    *count = n;
    return 0;
}

int sqlite_line_read(struct store *base, int max, struct line_row *rows, int *count, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = line_read(c, max, rows, count, e);
    sq_reader_back(s, c);
    return rc;
}

static int line_pace(struct sq_conn *c, struct line_pace *out, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_LINE_PACE, e);
    if (!st)
        return -1;
    sq_int(st, 1, clock_now_ms() - WORKER_KEPT_MS);
    int rc = sq_step(st, e);
    if (rc > 0)
        *out = (struct line_pace){sqlite3_column_int64(st, 0), sqlite3_column_int(st, 1),
                                  sqlite3_column_int(st, 2)};
    return rc < 0 ? -1 : 0;
}

int sqlite_line_pace(struct store *base, struct line_pace *out, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = line_pace(c, out, e);
    sq_reader_back(s, c);
    return rc;
}
