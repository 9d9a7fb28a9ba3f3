#include "store/profile.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/profile.h"
#include "store/profile_impl.h"
#include "store/store_impl.h"

#include <assert.h>
#include <inttypes.h>

int store_profile_get(struct store *s, struct arena *a, int64_t version, struct profile_row *out,
                      struct err *e)
{
    struct profile_row p = {0};
    struct err why;
    if (s->ops->profiles->get(s, a, version, &p, e) < 0)
        return -1;
    bool kind_fine =
        (unsigned)p.logo_kind <= LOGO_OWN && (p.logo_kind == LOGO_OWN) == (*p.logo != 0);
    if (p.version < 1 || !kind_fine || profile_check(&p.profile, &why) < 0)
        return err_set(e, ERR_SYSTEM, "store: version %" PRId64 " of the profile cannot be",
                       p.version);
    *out = p;
    return 0;
}

int store_profile_add(struct store *s, const struct profile_row *p, int64_t newest,
                      int64_t *created_ms, struct err *e)
{
    assert((p->logo_kind == LOGO_OWN) == (*p->logo != 0));
    return profile_check(&p->profile, e) < 0 ? -1
                                             : s->ops->profiles->add(s, p, newest, created_ms, e);
}

int store_logo_add(struct store *s, const char *id, int64_t bytes, struct err *e)
{
    return s->ops->profiles->logo_add(s, id, bytes, e);
}

int store_logo_known(struct store *s, const char *id, bool *known, struct err *e)
{
    return s->ops->profiles->logo_known(s, id, known, e);
}

int store_logo_trim(struct store *s, int64_t keep_ms, struct err *e)
{
    return s->ops->profiles->logo_trim(s, keep_ms, e);
}

int store_logo_list(struct store *s, int (*each)(void *arg, const char *id, int64_t bytes),
                    void *arg, struct err *e)
{
    return s->ops->profiles->logo_list(s, each, arg, e);
}
