#include "auth/account.h"

#include "auth/auth_impl.h"
#include "core/err.h"

int auth_user_get(struct auth *a, struct arena *mem, int64_t id, struct user_row *out,
                  struct err *e)
{
    return store_user_by_id(a->store, mem, id, out, e);
}

int auth_user_search(struct auth *a, const char *part, int64_t after, int max,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    return store_user_search(a->store, part, after, max, each, arg, e);
}

/* Passes on the one user that is wanted. */
struct one {
    int64_t id;
    bool found;
    int (*each)(void *arg, const struct user_row *u);
    void *arg;
};

static int pass_one(void *arg, const struct user_row *u)
{
    struct one *o = arg;
    o->found = u->id == o->id;
    return o->found ? o->each(o->arg, u) : 0;
}

int auth_user_change(struct auth *a, int64_t id, const struct user_change *c,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    struct one one = {.id = id, .each = each, .arg = arg};
    if (c->only && store_user_set(a->store, id, c, e) < 0)
        return -1;
    if (c->only & USER_ROLE)
        auth_forget(a, id);
    if (store_user_search(a->store, "", id - 1, 1, pass_one, &one, e) < 0)
        return -1;
    return one.found ? 0 : err_set(e, ERR_MISSING, "there is no user %lld", (long long)id);
}

int auth_key_list(struct auth *a, int64_t user_id, int (*each)(void *arg, const struct key_row *k),
                  void *arg, struct err *e)
{
    return store_key_list(a->store, user_id, each, arg, e);
}
