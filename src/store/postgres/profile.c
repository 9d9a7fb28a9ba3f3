#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/postgres/postgres_impl.h"
#include "store/profile_impl.h"

#include <inttypes.h>

static struct postgres *of(struct store *s)
{
    return (struct postgres *)s;
}

static void profile_row(const PGresult *r, struct arena *a, struct profile_row *out)
{
    *out = (struct profile_row){
        .version = pg_number(r, 0, 0),
        .profile = profile_default(),
        .logo_kind = (enum logo_kind)pg_number(r, 0, 9),
        .logo = pg_string(r, 0, 10, a),
        .created_ms = pg_number(r, 0, 11),
    };
    struct profile *p = &out->profile;
    p->bumper_us = pg_number(r, 0, 1);
    p->longest_us = pg_number(r, 0, 2);
    p->fit = (enum fit)pg_number(r, 0, 3);
    p->max_width = (int)pg_number(r, 0, 4);
    p->max_height = (int)pg_number(r, 0, 5);
    p->max_fps = (int)pg_number(r, 0, 6);
    p->shape_tolerance = (int)pg_number(r, 0, 12);
    p->crf = (int)pg_number(r, 0, 7);
    str_copy(p->preset, sizeof(p->preset), pg_string(r, 0, 8, NULL));
}

static int profile_get(struct store *s, struct arena *a, int64_t version, struct profile_row *out,
                       struct err *e)
{
    struct pg_values v = {0};
    if (version)
        pg_int(&v, version);
    AUTO(pg_clearp)
    PGresult *r = pg_ask(of(s), version ? PG_PROFILE_GET : PG_PROFILE_NEWEST, &v, NULL, e);
    if (!r)
        return -1;
    if (PQntuples(r) == 0)
        return err_set(e, ERR_MISSING, "there is no version %" PRId64 " of the profile", version);
    profile_row(r, a, out);
    return 0;
}

static int newer(int64_t newest, struct err *e)
{
    return err_set(e, ERR_CONFLICT, "version %" PRId64 " of the profile is not the newest", newest);
}

static int profile_add(struct store *s, const struct profile_row *row, int64_t newest,
                       int64_t *created_ms, struct err *e)
{
    const struct profile *p = &row->profile;
    struct pg_values v = {0};
    struct err why = {0};
    char state[6];
    pg_int(&v, newest);
    pg_int(&v, p->bumper_us);
    pg_int(&v, p->longest_us);
    pg_int(&v, p->fit);
    pg_int(&v, p->max_width);
    pg_int(&v, p->max_height);
    pg_int(&v, p->max_fps);
    pg_int(&v, p->crf);
    pg_text(&v, p->preset);
    pg_int(&v, row->logo_kind);
    pg_text(&v, row->logo_kind == LOGO_OWN ? row->logo : NULL);
    pg_int(&v, p->shape_tolerance);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_PROFILE_ADD, &v, state, &why);
    if (!r && strcmp(state, "23505") == 0) /* unique_violation: two at the same moment */
        return newer(newest, e);
    if (!r && strcmp(state, "23503") == 0) /* foreign_key_violation */
        return err_msg(e, MSG_LOGO_NOT_FOUND, "there is no logo %s", row->logo);
    if (!r) {
        if (e)
            *e = why;
        return -1;
    }
    if (PQntuples(r) == 0)
        return newer(newest, e);
    *created_ms = pg_number(r, 0, 0);
    return 0;
}

/* -- logos -- */

static int logo_add(struct store *s, const char *id, int64_t bytes, struct err *e)
{
    struct pg_values v = {0};
    pg_text(&v, id);
    pg_int(&v, bytes);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_LOGO_ADD, &v, NULL, e);
    return r ? 0 : -1;
}

static int logo_known(struct store *s, const char *id, bool *known, struct err *e)
{
    struct pg_values v = {0};
    pg_text(&v, id);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_LOGO_KNOWN, &v, NULL, e);
    if (!r)
        return -1;
    *known = PQntuples(r) > 0;
    return 0;
}

static int logo_trim(struct store *s, int64_t keep_ms, struct err *e)
{
    struct pg_values v = {0};
    char state[6];
    struct err why = {0};
    pg_int(&v, keep_ms);
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_LOGO_TRIM, &v, state, &why);
    if (r || strcmp(state, "23503") == 0) /* a version was made that names one: the next time */
        return 0;
    if (e)
        *e = why;
    return -1;
}

static int logo_list(struct store *s, int (*each)(void *arg, const char *id, int64_t bytes),
                     void *arg, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = pg_ask(of(s), PG_LOGO_LIST, NULL, NULL, e);
    if (!r)
        return -1;
    for (int i = 0; i < PQntuples(r); i++)
        if (each(arg, pg_string(r, i, 0, NULL), pg_number(r, i, 1)))
            break;
    return 0;
}

const struct profile_ops profile_postgres_ops = {
    .get = profile_get,
    .add = profile_add,
    .logo_add = logo_add,
    .logo_known = logo_known,
    .logo_trim = logo_trim,
    .logo_list = logo_list,
};
