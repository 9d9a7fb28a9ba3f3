#include "task/profile.h"

#include "blob/blob.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "task/task_impl.h"

#include <inttypes.h>

static void of_settings(const struct tasks *t, struct profile_row *out)
{
    *out = (struct profile_row){
        .profile = t->rules.profile, .logo_kind = LOGO_SETTING, .logo = "", .created_ms = 0};
}

int task_profile_get(struct tasks *t, struct arena *a, int64_t version, struct profile_row *out,
                     struct err *e)
{
    if (version != 0)
        return store_profile_get(t->store, a, version, out, e);
    of_settings(t, out);
    return 0;
}

int task_profile_newest(struct tasks *t, struct arena *a, struct profile_row *out, struct err *e)
{
    struct err why;
    if (store_profile_get(t->store, a, 0, out, &why) == 0)
        return 0;
    if (why.code != ERR_MISSING)
        return err_pass(e, &why);
    of_settings(t, out);
    return 0;
}

int task_profile_add(struct tasks *t, struct profile_row *p, struct err *e)
{
    int64_t created_ms;
    if (store_profile_add(t->store, p, p->version, &created_ms, e) < 0)
        return -1;
    p->version++;
    p->created_ms = created_ms;
    log_info(t->log, "the profile was changed", "version", p->version, "logo", p->logo);
    return 0;
}

/* -- logos -- */

/* false: it is no id of ours, and no part of a name. */
static bool blob_name(const char *id, char out[BLOB_NAME_MAX + 1])
{
    if (strlen(id) != ID_SIZE - 1 || strspn(id, "abcdefghijklmnopqrstuvwxyz234567") != ID_SIZE - 1)
        return false;
    snprintf(out, BLOB_NAME_MAX + 1, LOGO_FOLDER "%s", id);
    return true;
}

int task_logo_add(struct tasks *t, const void *data, size_t len_bytes, char id[ID_SIZE],
                  struct err *e)
{
    AUTO(blob_abortp) struct blob_writer *w = NULL;
    char name[BLOB_NAME_MAX + 1], new_id[ID_SIZE];
    int64_t bytes;
    id_make(new_id);
    (void)blob_name(new_id, name);
    if (blob_begin_named(t->blob, name, (int64_t)len_bytes, &w, e) < 0 ||
        blob_write(w, data, len_bytes, e) < 0 || blob_commit(TAKE(w), name, &bytes, e) < 0)
        return err_wrap(e, "logo");
    struct err why = {0};
    if (store_logo_add(t->store, new_id, bytes, &why) < 0) {
        task_undo_blob(t, name, &why);
        return err_pass(e, &why);
    }
    memcpy(id, new_id, ID_SIZE);
    return 0;
}

int task_logo_open(struct tasks *t, const char *id, struct blob_reader **out, struct err *e)
{
    char name[BLOB_NAME_MAX + 1];
    bool known = false;
    if (!blob_name(id, name))
        return err_msg(e, MSG_LOGO_NOT_FOUND, "no logo has such an id");
    if (store_logo_known(t->store, id, &known, e) < 0)
        return -1;
    if (!known)
        return err_msg(e, MSG_LOGO_NOT_FOUND, "there is no logo %s", id);
    return blob_read(t->blob, name, out, e) < 0 ? err_wrap(e, "logo %s", id) : 0;
}
