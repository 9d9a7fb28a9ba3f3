#include "worker/versions.h"

#include "blob/blob.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "task/task.h"
#include "worker/reel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>

/* Tasks that wait long are few versions old. */
enum { KEPT = 4, BLOCK_BYTES = 64 * 1024 };

struct kept {
    int64_t version; /* 0: an empty place */
    struct profile profile;
    int logo_fd;
};
struct versions {
    struct tasks *tasks;
    struct profile profile;
    int logo_fd;
    pthread_mutex_t lock; /* guards the rest */
    struct kept kept[KEPT];
    unsigned next; /* the place that is given up next */
};

struct versions *versions_new(struct tasks *t, const struct profile *profile, int logo_fd)
{
    struct versions *v = mem_new(sizeof(*v));
    v->tasks = t;
    v->profile = *profile;
    v->logo_fd = logo_fd;
    pthread_mutex_init(&v->lock, NULL);
    for (int i = 0; i < KEPT; i++)
        v->kept[i].logo_fd = -1;
    return v;
}

void versions_free(struct versions *v)
{
    if (!v)
        return;
    for (int i = 0; i < KEPT; i++)
        fd_closep(&v->kept[i].logo_fd);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

static int again(int fd, int *out, struct err *e)
{
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0 && copy < 0)
        return err_set(e, ERR_SYSTEM, "logo: %s", strerror(errno));
    *out = copy;
    return 0;
}

/* Copies remote bytes into a local file that nobody can write any more. */
static int copy_here(struct tasks *t, struct blob_reader *r, int *out, struct err *e)
{
    AUTO(fd_closep) int file = task_scratch_file(t, e);
    AUTO(freep) unsigned char *block = mem_new(BLOCK_BYTES);
    int64_t size = blob_reader_size(r);
    if (file < 0)
        return -1;
    if (size > LOGO_BYTES_MAX)
        return err_set(e, ERR_SYSTEM, "logo: %" PRId64 " bytes are no logo's", size);
    for (int64_t at = 0; at < size;) {
        ssize_t n = blob_pread(r, block, BLOCK_BYTES, at, e);
        if (n < 0 || (n > 0 && fd_write_all(file, block, (size_t)n, e) < 0))
            return -1;
        if (n == 0)
            return err_set(e, ERR_SYSTEM, "logo: it ends after %" PRId64 " bytes", at);
        at += n;
    }
    *out = reel_read_only(file);
    return *out < 0 ? err_set(e, ERR_SYSTEM, "logo: no /proc") : 0;
}

int versions_logo(struct versions *v, const struct profile_row *p, int *logo_fd, struct err *e)
{
    if (p->logo_kind == LOGO_MARK)
        return again(-1, logo_fd, e);
    if (p->logo_kind == LOGO_SETTING)
        return again(v->logo_fd, logo_fd, e);
    AUTO(blob_reader_closep) struct blob_reader *r = NULL;
    if (task_logo_open(v->tasks, p->logo, &r, e) < 0)
        return -1;
    int fd = blob_reader_fd(r);
    return fd >= 0 ? again(fd, logo_fd, e) : copy_here(v->tasks, r, logo_fd, e);
}

static bool find(struct versions *v, int64_t version, struct profile *profile, int *logo_fd,
                 int *rc, struct err *e)
{
    bool found = false;
    pthread_mutex_lock(&v->lock);
    for (int i = 0; i < KEPT && !found; i++)
        if (v->kept[i].version == version) {
            found = true;
            *rc = again(v->kept[i].logo_fd, logo_fd, e);
            *profile = v->kept[i].profile;
        }
    pthread_mutex_unlock(&v->lock);
    return found;
}

/* Two may fetch the same version at once; it is then kept twice, which harms nothing. */
static void keep(struct versions *v, int64_t version, const struct profile *profile, int logo_fd)
{
    int copy;
    if (again(logo_fd, &copy, NULL) < 0)
        return;
    pthread_mutex_lock(&v->lock);
    struct kept *k = &v->kept[v->next++ % KEPT];
    fd_closep(&k->logo_fd);
    *k = (struct kept){version, *profile, copy};
    pthread_mutex_unlock(&v->lock);
}

static int fetch(struct versions *v, int64_t version, struct profile *profile, int *logo_fd,
                 struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct profile_row p;
    struct err why = {0};
    if (task_profile_get(v->tasks, a, version, &p, &why) < 0 ||
        versions_logo(v, &p, logo_fd, &why) < 0) {
        /* what is lost of it is our fault, and no clip's */
        if (why.code == ERR_BUSY || why.code == ERR_FULL)
            return err_set(e, why.code, "profile %" PRId64 ": %s", version, why.text);
        return err_set(e, ERR_SYSTEM, "profile %" PRId64 ": %s", version, why.text);
    }
    *profile = p.profile;
    keep(v, version, profile, *logo_fd);
    return 0;
}

int versions_get(struct versions *v, int64_t version, struct profile *profile, int *logo_fd,
                 struct err *e)
{
    int rc = 0;
    if (version == 0) {
        *profile = v->profile;
        return again(v->logo_fd, logo_fd, e);
    }
    if (find(v, version, profile, logo_fd, &rc, e))
        return rc;
    return fetch(v, version, profile, logo_fd, e);
}
