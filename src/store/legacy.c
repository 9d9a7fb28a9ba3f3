/* Plan: call the back end's table. A back end without this table never held data of the old
 * service. */
#include "store/legacy.h"

#include "store/legacy_impl.h"
#include "store/store_impl.h"

int legacy_open(struct legacy **out, struct store *s, struct err *e)
{
    *out = NULL;
    return s->ops->legacy ? s->ops->legacy->open(out, s, e) : 0;
}

void legacy_close(struct legacy *l)
{
    if (l)
        l->ops->close(l);
}

void legacy_closep(struct legacy **l)
{
    legacy_close(*l);
    *l = NULL;
}

int legacy_move(struct legacy *l, struct err *e)
{
    return l->ops->move(l, e);
}

int legacy_ready(struct legacy *l, struct err *e)
{
    return l->ops->ready(l, e);
}

int legacy_user_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_user *out,
                     bool *found, struct err *e)
{
    return l->ops->user_next(l, a, after, out, found, e);
}

int legacy_user_take(struct legacy *l, int64_t id, const char *username, const char *email,
                     const char *password_hash, const char *note, bool *taken, struct err *e)
{
    return l->ops->user_take(l, id, username, email, password_hash, note, taken, e);
}

int legacy_task_next(struct legacy *l, struct arena *a, int64_t after, struct legacy_task *out,
                     bool *found, struct err *e)
{
    return l->ops->task_next(l, a, after, out, found, e);
}

int legacy_task_take(struct legacy *l, int64_t id, const struct legacy_clip *c, const char *note,
                     bool *taken, struct err *e)
{
    return l->ops->task_take(l, id, c, note, taken, e);
}

int legacy_task_note(struct legacy *l, int64_t id, const char *note, struct err *e)
{
    return l->ops->task_note(l, id, note, e);
}

int legacy_forget_passwords(struct legacy *l, struct err *e)
{
    return l->ops->forget_passwords(l, e);
}

int legacy_end(struct legacy *l, int64_t *left, struct err *e)
{
    return l->ops->end(l, left, e);
}
