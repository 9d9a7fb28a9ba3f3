/* Plan: the names of things in the data folder; then the openers. Each opener stores what it opened
 * in struct parts, so that one parts_clear closes everything in the right order. */
#include "cli/parts.h"

#include "auth/auth.h"
#include "blob/blob.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/profile.h"
#include "queue/queue.h"
#include "store/store.h"
#include "task/resume.h"
#include "task/task.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int parts_folder(const struct conf *c, struct err *e)
{
    if (mkdir(c->data, 0700) < 0 && errno != EEXIST)
        return err_set(e, ERR_SYSTEM, "data folder %s: %s", c->data, strerror(errno));
    struct stat st;
    if (stat(c->data, &st) < 0)
        return err_set(e, ERR_SYSTEM, "data folder %s: %s", c->data, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_set(e, ERR_SYSTEM, "data folder %s: it is not a folder", c->data);
    if (access(c->data, R_OK | W_OK | X_OK) < 0)
        return err_set(e, ERR_SYSTEM, "data folder %s: %s", c->data, strerror(errno));
    return 0;
}

const char *parts_secret_file(struct arena *a, const struct conf *c)
{
    return *c->secret_file ? c->secret_file : arena_printf(a, "%s/secret", c->data);
}

/* sqlite:///abs/reelgate.db or sqlite:rel/reelgate.db; the same for file: */
static const char *url_below(struct arena *a, const char *scheme, const char *data,
                             const char *name)
{
    return arena_printf(a, "%s:%s%s/%s", scheme, *data == '/' ? "//" : "", data, name);
}

const char *parts_database(struct arena *a, const struct conf *c)
{
    return *c->database ? c->database : url_below(a, "sqlite", c->data, "reelgate.db");
}

const char *parts_storage(struct arena *a, const struct conf *c)
{
    return *c->storage ? c->storage : url_below(a, "file", c->data, "blobs");
}

const char *parts_path(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);
    if (strncmp(url, scheme, n) != 0)
        return NULL;
    return strncmp(url + n, "//", 2) == 0 ? url + n + 2 : url + n;
}

int parts_open_store(struct parts *p, const struct conf *c, struct log *l, struct err *e)
{
    if (!p->arena)
        p->arena = arena_new();
    if (parts_folder(c, e) < 0)
        return -1;
    const char *url = parts_database(p->arena, c);
    if (store_open(&p->store, url, l, e) == 0)
        return 0;
    if (e->code == ERR_BUSY && strncmp(url, "sqlite:", 7) == 0)
        return err_set(e, ERR_BUSY,
                       "%s is open in another process: a server that starts or ends, another "
                       "command, or a server of an older version; try again when it is done",
                       url);
    return -1;
}

int parts_there(const struct conf *c, struct err *e)
{
    struct arena *a = arena_new();
    const char *path = parts_path(parts_database(a, c), "sqlite:");
    int rc = 0;
    if (path && access(path, F_OK) < 0)
        rc = err_set(
            e, ERR_MISSING,
            "%s: %s; --data or --config names the service, `reelgate serve` makes a new one", path,
            strerror(errno));
    arena_free(a);
    return rc;
}

int parts_open_tasks(struct parts *p, const struct conf *c, struct log *l, struct err *e)
{
    struct task_rules rules = {
        .max_upload_bytes = c->max_upload,
        .quota_bytes = c->quota,
        .quota_tasks = c->quota_tasks,
        .lease_ms = c->lease_ms,
        .retry_wait_ms = c->retry_ms,
        .attempts = (int)c->attempts,
        .upload_keep_ms = c->upload_expiry_ms,
        .events_kept_ms = c->events_kept_ms,
        .upload_grace_ms = 3600 * 1000,
    };
    if (profile_of_conf(c, &rules.profile, e) < 0)
        return -1;
    if ((!p->store && parts_open_store(p, c, l, e) < 0) ||
        store_migrate(p->store, NULL, NULL, e) < 0 ||
        blob_open(&p->blob, parts_storage(p->arena, c),
                  arena_printf(p->arena, "%s/scratch", c->data), c->free_floor, l, e) < 0 ||
        queue_open(&p->queue, c->queue, l, e) < 0)
        return -1;
    rules.alone = !store_shared(p->store);
    p->tasks = tasks_new(p->store, p->queue, p->blob, l, &rules);
    return resume_start(p->tasks, e);
}

int parts_open_auth(struct parts *p, const struct conf *c, struct log *l, struct err *e)
{
    const struct auth_conf ac = {
        .secret_file = parts_secret_file(p->arena, c),
        .token_ms = c->token_ms,
        .link_ms = c->link_ms,
        .argon_memory_bytes = c->password_memory,
        .argon_passes = (int)c->password_passes,
        .hash_slots = (int)c->password_slots,
        .login_tries = (int)c->login_tries,
    };
    return auth_open(&p->auth, p->store, &ac, l, e);
}

void parts_borrow(struct parts *p, const struct parts *from)
{
    struct arena *own = p->arena ? p->arena : arena_new();
    *p = *from;
    p->arena = own;
    p->borrowed = true;
}

void parts_clear(struct parts *p)
{
    if (!p->borrowed) {
        tasks_free(p->tasks);
        queue_close(p->queue);
        blob_close(p->blob);
        auth_close(p->auth);
        store_close(p->store);
    }
    arena_free(p->arena);
    *p = (struct parts){0};
}
