/* Plan: tasks as a page, by the narrowest statement; then the line, as claims will take it, and how
 * fast it moves. */
#include "core/err.h"
#include "core/mem.h"
#include "store/postgres/postgres_impl.h"

#include <inttypes.h>

static struct postgres *of(struct store *s)
{
    return (struct postgres *)s;
}

/* A row of PG_LIST_BRIEF. */
static int brief_row(const PGresult *r, int i, struct task_row *out, struct err *e)
{
    int64_t id = pg_number(r, i, 0), state = pg_number(r, i, 2);
    if (state < 0 || state >= TASK_STATE_COUNT)
        return err_set(e, ERR_SYSTEM, "store: task %" PRId64 " holds what cannot be", id);
    *out = (struct task_row){
        .id = id,
        .user_id = pg_number(r, i, 1),
        .state = (enum task_state)state,
        .file_name = pg_string(r, i, 3, NULL),
        .title = pg_string(r, i, 4, NULL),
        .progress = (int)pg_number(r, i, 5),
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
    return 0;
}

static bool is_brief(enum pg_sql which)
{
    return which == PG_LIST_BRIEF || which == PG_LIST_BRIEF_DOWN;
}

int pg_each_task(struct store *s, enum pg_sql which, const struct pg_values *v,
                 int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), which, v, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++) {
        struct task_row t;
        if ((is_brief(which) ? brief_row(r, i, &t, e) : pg_task_row(r, i, NULL, &t, e)) < 0)
            return -1;
        if (each(arg, &t))
            break;
    }
    return 0;
}

/* Of all users' tasks: by the index of their state where there is one. */
static enum pg_sql owned_sql(const struct task_page *p, unsigned mask)
{
    if (mask == 1u << TASK_UPLOADED)
        return p->descending ? PG_OWNED_UPLOADED_DOWN : PG_OWNED_UPLOADED;
    if (mask == 1u << TASK_PROCESSING)
        return p->descending ? PG_OWNED_PROCESSING_DOWN : PG_OWNED_PROCESSING;
    if (mask == 1u << TASK_FAILED)
        return p->descending ? PG_OWNED_FAILED_DOWN : PG_OWNED_FAILED;
    return p->descending ? PG_OWNED_DOWN : PG_OWNED;
}

/* Whether more is asked of the list than the order of ids. */
static bool is_sought(const struct task_page *p)
{
    return p->user_id && (p->sort != SORT_CREATED || p->part);
}

/* The narrowest statement that can answer. */
static enum pg_sql list_sql(const struct task_page *p, unsigned mask)
{
    static const enum pg_sql sought[SORT_COUNT_] = {[SORT_CREATED] = PG_SOUGHT_CREATED,
                                                    [SORT_TITLE] = PG_SOUGHT_TITLE,
                                                    [SORT_SIZE] = PG_SOUGHT_SIZE,
                                                    [SORT_LENGTH] = PG_SOUGHT_LENGTH};
    if (is_sought(p))
        return sought[p->sort] + p->descending;
    if (p->user_id && p->brief)
        return p->descending ? PG_LIST_BRIEF_DOWN : PG_LIST_BRIEF;
    if (p->user_id)
        return p->descending ? PG_LIST_USER_DOWN : PG_LIST_USER;
    if (p->owners || mask == 1u << TASK_FAILED)
        return owned_sql(p, mask);
    if (p->descending)
        return PG_LIST_ALL_DOWN;
    if (mask == 1u << TASK_UPLOADED)
        return PG_LIST_UPLOADED;
    return mask == 1u << TASK_DELETED ? PG_LIST_DELETED : PG_LIST_ALL;
}

int postgres_task_list(struct store *s, const struct task_page *p,
                       int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e)
{
    unsigned mask = p->states ? p->states : ~(1u << TASK_DELETED) & ((1u << TASK_STATE_COUNT) - 1);
    struct pg_values v = {0};
    pg_int(&v, p->descending && !p->after ? INT64_MAX : p->after);
    pg_int(&v, mask);
    pg_int(&v, p->max < 0 ? -1 : p->max);
    if (p->user_id)
        pg_int(&v, p->user_id);
    if (is_sought(p))
        pg_text(&v, p->part ? p->part : "");
    if (is_sought(p) && p->sort == SORT_TITLE)
        pg_text(&v, p->after_title ? p->after_title : "");
    else if (is_sought(p) && p->sort != SORT_CREATED)
        pg_int(&v, p->after ? p->after_number : p->descending ? INT64_MAX : -1);
    return pg_each_task(s, list_sql(p, mask), &v, each, arg, e);
}

/* -- the line -- */

int postgres_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, max);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_LINE, &v, NULL, e);
    if (!r)
        return -1;
    *count = PQntuples(r);
    for (int i = 0; i < *count; i++)
        rows[i] = (struct line_row){pg_number(r, i, 0), pg_number(r, i, 1)};
    return 0;
}

int postgres_line_pace(struct store *s, struct line_pace *out, struct err *e)
{
    struct pg_values v = {0};
    pg_int(&v, WORKER_KEPT_MS);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_LINE_PACE, &v, NULL, e);
    if (!r)
        return -1;
    *out = (struct line_pace){pg_number(r, 0, 0), (int)pg_number(r, 0, 1), (int)pg_number(r, 0, 2)};
    return 0;
}
