#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/profile_impl.h"
#include "store/sqlite/sqlite_impl.h"

#include <inttypes.h>

static void profile_row(sqlite3_stmt *st, struct arena *a, struct profile_row *out)
{
    *out = (struct profile_row){
        .version = sqlite3_column_int64(st, 0),
        .profile = profile_default(),
        .logo_kind = (enum logo_kind)sqlite3_column_int(st, 9),
        .logo = sq_column(st, 10, a),
        .created_ms = sqlite3_column_int64(st, 11),
    };
    struct profile *p = &out->profile;
    p->bumper_us = sqlite3_column_int64(st, 1);
    p->longest_us = sqlite3_column_int64(st, 2);
    p->fit = (enum fit)sqlite3_column_int(st, 3);
    p->max_width = sqlite3_column_int(st, 4);
    p->max_height = sqlite3_column_int(st, 5);
    p->max_fps = sqlite3_column_int(st, 6);
    p->shape_tolerance = sqlite3_column_int(st, 12);
    p->crf = sqlite3_column_int(st, 7);
    str_copy(p->preset, sizeof(p->preset), sq_column(st, 8, NULL));
}

static int get(struct sq_conn *c, struct arena *a, int64_t version, struct profile_row *out,
               struct err *e)
{
    AUTO(sq_endp)
    sqlite3_stmt *st = sq_get(c, version ? SQL_PROFILE_GET : SQL_PROFILE_NEWEST, e);
    if (!st)
        return -1;
    if (version)
        sq_int(st, 1, version);
    int rc = sq_step(st, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no version %" PRId64 " of the profile", version);
    if (rc > 0)
        profile_row(st, a, out);
    return rc < 0 ? -1 : 0;
}

static int profile_get(struct store *base, struct arena *a, int64_t version,
                       struct profile_row *out, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = get(c, a, version, out, e);
    sq_reader_back(s, c);
    return rc;
}

/* The first number of a statement that is given a text; *out is as it was when there is none. */
static int number_of(struct sq_conn *c, enum sq_sql which, const char *text, int64_t *out,
                     struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, which, e);
    if (!st)
        return -1;
    if (text)
        sq_text(st, 1, text);
    int rc = sq_step(st, e);
    if (rc > 0)
        *out = sqlite3_column_int64(st, 0);
    return rc < 0 ? -1 : 0;
}

struct add {
    const struct profile_row *p;
    int64_t newest, created_ms;
};

static int check_add(struct sq_conn *c, const struct add *x, struct err *e)
{
    int64_t newest = 0, known = 0;
    if (number_of(c, SQL_PROFILE_NEWEST, NULL, &newest, e) < 0)
        return -1;
    if (newest != x->newest)
        return err_set(e, ERR_CONFLICT, "version %" PRId64 " of the profile is there already",
                       newest);
    if (x->p->logo_kind != LOGO_OWN)
        return 0;
    if (number_of(c, SQL_LOGO_KNOWN, x->p->logo, &known, e) < 0)
        return -1;
    return known ? 0 : err_msg(e, MSG_LOGO_NOT_FOUND, "there is no logo %s", x->p->logo);
}

static int add(struct sq_conn *c, void *arg, struct err *e)
{
    struct add *x = arg;
    const struct profile *p = &x->p->profile;
    if (check_add(c, x, e) < 0)
        return -1;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_PROFILE_ADD, e);
    if (!st)
        return -1;
    x->created_ms = clock_now_ms();
    sq_int(st, 1, x->newest + 1);
    sq_int(st, 2, p->bumper_us);
    sq_int(st, 3, p->longest_us);
    sq_int(st, 4, p->fit);
    sq_int(st, 5, p->max_width);
    sq_int(st, 6, p->max_height);
    sq_int(st, 7, p->max_fps);
    sq_int(st, 8, p->crf);
    sq_text(st, 9, p->preset);
    sq_int(st, 10, x->p->logo_kind);
    sq_text(st, 11, x->p->logo_kind == LOGO_OWN ? x->p->logo : NULL);
    sq_int(st, 12, x->created_ms);
    sq_int(st, 13, p->shape_tolerance);
    return sq_run(st, e);
}

static int profile_add(struct store *s, const struct profile_row *p, int64_t newest,
                       int64_t *created_ms, struct err *e)
{
    struct add x = {p, newest, 0};
    if (sq_write((struct sqlite *)s, add, &x, e) < 0)
        return -1;
    *created_ms = x.created_ms;
    return 0;
}

/* -- logos -- */

struct logo {
    const char *id;
    int64_t bytes;
};

static int add_logo(struct sq_conn *c, void *arg, struct err *e)
{
    const struct logo *l = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_LOGO_ADD, e);
    if (!st)
        return -1;
    sq_text(st, 1, l->id);
    sq_int(st, 2, l->bytes);
    sq_int(st, 3, clock_now_ms());
    return sq_run(st, e);
}

static int logo_add(struct store *s, const char *id, int64_t bytes, struct err *e)
{
    struct logo l = {id, bytes};
    return sq_write((struct sqlite *)s, add_logo, &l, e);
}

static int logo_known(struct store *base, const char *id, bool *known, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int64_t n = 0;
    int rc = number_of(c, SQL_LOGO_KNOWN, id, &n, e);
    sq_reader_back(s, c);
    if (rc == 0)
        *known = n != 0;
    return rc;
}

static int trim(struct sq_conn *c, void *arg, struct err *e)
{
    const int64_t *keep_ms = arg;
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_LOGO_TRIM, e);
    if (!st)
        return -1;
    sq_int(st, 1, clock_now_ms() - *keep_ms);
    return sq_run(st, e);
}

static int logo_trim(struct store *s, int64_t keep_ms, struct err *e)
{
    return sq_write((struct sqlite *)s, trim, &keep_ms, e);
}

static int list(struct sq_conn *c, int (*each)(void *arg, const char *id, int64_t bytes), void *arg,
                struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_LOGO_LIST, e);
    if (!st)
        return -1;
    int rc;
    while ((rc = sq_step(st, e)) > 0)
        if (each(arg, sq_column(st, 0, NULL), sqlite3_column_int64(st, 1)))
            return 0;
    return rc;
}

static int logo_list(struct store *base, int (*each)(void *arg, const char *id, int64_t bytes),
                     void *arg, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    int rc = list(c, each, arg, e);
    sq_reader_back(s, c);
    return rc;
}

const struct profile_ops profile_sqlite_ops = {
    .get = profile_get,
    .add = profile_add,
    .logo_add = logo_add,
    .logo_known = logo_known,
    .logo_trim = logo_trim,
    .logo_list = logo_list,
};
