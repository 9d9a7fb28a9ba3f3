#include "store/key.h"

#include "core/err.h"
#include "store/sql_impl.h"

#include <inttypes.h>

int store_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                  int64_t *expires_ms, struct err *e)
{
    struct sql_values v = {0};
    int64_t made[3];
    sql_int(&v, k->user_id);
    sql_text(&v, k->name);
    sql_text(&v, k->hash);
    sql_text(&v, k->hint);
    sql_int(&v, k->scopes);
    sql_int(&v, k->for_ms);
    sql_int(&v, KEYS_MAX);
    int rc = sql_numbers(s, SQL_API_KEY_ADD, &v, made, 3, e);
    if (rc == 0)
        return err_msg(e, MSG_KEYS_LIMITED, "the user has %d keys", KEYS_MAX);
    if (rc < 0)
        return -1;
    *id = made[0];
    *created_ms = made[1];
    *expires_ms = made[2];
    return 0;
}

struct key_read {
    struct arena *arena;
    struct key_row *out;
};

static int read_key(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct key_read *x = arg;
    key_row_read(r, x->arena, x->out);
    return 1;
}

int store_key_get(struct store *s, struct arena *a, int64_t id, struct key_row *out, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    int rc = sql_ask(s, SQL_API_KEY_GET, &v, read_key, &(struct key_read){a, out}, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no such key");
    return rc < 0 ? -1 : 0;
}

struct key_each {
    int (*each)(void *arg, const struct key_row *k);
    void *arg;
};

static int give_key(void *arg, const struct sql_row *r, struct err *e)
{
    (void)e;
    const struct key_each *x = arg;
    struct key_row k;
    key_row_read(r, NULL, &k);
    return x->each(x->arg, &k) != 0;
}

int store_key_list(struct store *s, int64_t user_id,
                   int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, user_id);
    int rc = sql_ask(s, SQL_API_KEY_LIST, &v, give_key, &(struct key_each){each, arg}, e);
    return rc < 0 ? -1 : 0;
}

int store_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    sql_int(&v, user_id);
    int rc = sql_ask(s, SQL_API_KEY_REMOVE, &v, NULL, NULL, e);
    if (rc == 0)
        return err_set(e, ERR_MISSING, "there is no key %" PRId64 " of theirs", id);
    return rc < 0 ? -1 : 0;
}

int store_key_used(struct store *s, int64_t id, struct err *e)
{
    struct sql_values v = {0};
    sql_int(&v, id);
    return sql_ask(s, SQL_API_KEY_USED, &v, NULL, NULL, e);
}
