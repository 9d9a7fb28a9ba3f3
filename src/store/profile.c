#include "store/profile.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/profile.h"
#include "core/str.h"
#include "store/sql_impl.h"

#include <assert.h>
#include <inttypes.h>

struct profile_read {
    struct arena *arena;
    struct profile_row *out;
};

static int read_profile(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct profile_read *x = arg;
    *x->out = (struct profile_row){
        .version = sql_number(r, 0),
        .profile = profile_default(),
        .logo_kind = (enum logo_kind)sql_number(r, 9),
        .logo = sql_string(r, 10, x->arena),
        .created_ms = sql_number(r, 11),
    };
    struct profile *p = &x->out->profile;
    p->bumper_us = sql_number(r, 1);
    p->longest_us = sql_number(r, 2);
    p->fit = (enum fit)sql_number(r, 3);
    p->max_width = (int)sql_number(r, 4);
    p->max_height = (int)sql_number(r, 5);
    p->max_fps = (int)sql_number(r, 6);
    p->crf = (int)sql_number(r, 7);
    str_copy(p->preset, sizeof(p->preset), sql_string(r, 8, NULL));
    p->shape_tolerance = (int)sql_number(r, 12);
    return 1;
}

int store_profile_get(struct store *s, struct arena *a, int64_t version, struct profile_row *out,
                      struct err *e)
{
    struct sql_values v = {0};
    struct profile_row p = {0};
    struct err why;
    if (version)
        sql_int(&v, version);
    int rc = sql_ask(s, version ? SQL_PROFILE_GET : SQL_PROFILE_NEWEST, &v, read_profile,
                     &(struct profile_read){a, &p}, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no version %" PRId64 " of the profile", version);
    if (rc < 0)
        return -1;
    bool kind_fine =
        (unsigned)p.logo_kind <= LOGO_OWN && (p.logo_kind == LOGO_OWN) == (*p.logo != 0);
    if (p.version < 1 || !kind_fine || profile_check(&p.profile, &why) < 0)
        return err_set(e, ERR_SYSTEM, "store: version %" PRId64 " of the profile cannot be",
                       p.version);
    *out = p;
    return 0;
}

/* Why the statement added nothing. */
static int refuse_profile(struct store *s, const struct profile_row *row, int64_t newest,
                          struct err *e)
{
    int64_t now = 0;
    if (sql_numbers(s, SQL_PROFILE_NEWEST, NULL, &now, 1, e) < 0)
        return -1;
    if (now != newest)
        return err_set(e, ERR_CONFLICT, "version %" PRId64 " of the profile is not the newest",
                       newest);
    return err_msg(e, MSG_LOGO_NOT_FOUND, "there is no logo %s", row->logo);
}

int store_profile_add(struct store *s, const struct profile_row *row, int64_t newest,
                      int64_t *created_ms, struct err *e)
{
    assert((row->logo_kind == LOGO_OWN) == (*row->logo != 0));
    const struct profile *p = &row->profile;
    if (profile_check(p, e) < 0)
        return -1;
    struct sql_values v = {0};
    struct err why = {0};
    sql_int(&v, newest);
    sql_int(&v, p->bumper_us);
    sql_int(&v, p->longest_us);
    sql_int(&v, p->fit);
    sql_int(&v, p->max_width);
    sql_int(&v, p->max_height);
    sql_int(&v, p->max_fps);
    sql_int(&v, p->crf);
    sql_text(&v, p->preset);
    sql_int(&v, row->logo_kind);
    sql_text(&v, row->logo_kind == LOGO_OWN ? row->logo : NULL);
    sql_int(&v, p->shape_tolerance);
    int rc = sql_numbers(s, SQL_PROFILE_ADD, &v, created_ms, 1, &why);
    if (rc > 0)
        return 0;
    if (rc == 0 || why.code == ERR_CONFLICT) /* the logo went in this moment */
        return refuse_profile(s, row, newest, e);
    return err_pass(e, &why);
}

/* -- logos -- */

int store_logo_add(struct store *s, const char *id, int64_t bytes, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    sql_int(&v, bytes);
    return sql_ask(s, SQL_LOGO_ADD, &v, NULL, NULL, e);
}

int store_logo_known(struct store *s, const char *id, bool *known, struct err *e)
{
    struct sql_values v = {0};
    sql_text(&v, id);
    int rc = sql_ask(s, SQL_LOGO_KNOWN, &v, NULL, NULL, e);
    if (rc < 0)
        return -1;
    *known = rc > 0;
    return 0;
}

int store_logo_trim(struct store *s, int64_t keep_ms, struct err *e)
{
    struct sql_values v = {0};
    struct err why = {0};
    sql_int(&v, keep_ms);
    if (sql_ask(s, SQL_LOGO_TRIM, &v, NULL, NULL, &why) == 0 ||
        why.code == ERR_CONFLICT) /* a version was made that names one: the next time */
        return 0;
    return err_pass(e, &why);
}

struct logo_each {
    int (*each)(void *arg, const char *id, int64_t bytes);
    void *arg;
};

static int give_logo(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct logo_each *x = arg;
    return x->each(x->arg, sql_string(r, 0, NULL), sql_number(r, 1)) != 0;
}

int store_logo_list(struct store *s, int (*each)(void *arg, const char *id, int64_t bytes),
                    void *arg, struct err *e)
{
    int rc = sql_ask(s, SQL_LOGO_LIST, NULL, give_logo, &(struct logo_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}
