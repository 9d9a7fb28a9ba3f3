#include "worker/logo.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/wait.h"
#include "jail/jail.h"
#include "task/task.h"
#include "worker/reel.h"
#include "worker/versions.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CHILD_MS = 10000, /* a picture of the largest size takes a second */
    WAITERS_MAX = 1,  /* callers that may wait; each occupies a thread of the server */
    WAIT_MS = 5000,
    JPEG_BYTES_MAX = 4 << 20,
};

struct logos {
    struct jail *jail;
    struct tasks *tasks;
    struct versions *versions; /* for logos; none of its versions are used */
    pthread_mutex_t lock;      /* guards the rest */
    pthread_cond_t free;
    bool busy;
    int waiters;
};

struct logos *logos_new(struct jail *j, struct tasks *t, int logo_fd)
{
    const struct profile unused = profile_default();
    struct logos *l = mem_new(sizeof(*l));
    l->jail = j;
    l->tasks = t;
    l->versions = versions_new(t, &unused, logo_fd);
    pthread_mutex_init(&l->lock, NULL);
    wait_init(&l->free);
    return l;
}

void logos_free(struct logos *l)
{
    if (!l)
        return;
    pthread_cond_destroy(&l->free);
    pthread_mutex_destroy(&l->lock);
    versions_free(l->versions);
    free(l);
}

static int enter(struct logos *l, struct err *e)
{
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    pthread_mutex_lock(&l->lock);
    if (l->busy && l->waiters < WAITERS_MAX) {
        l->waiters++;
        while (l->busy && wait_until(&l->free, &l->lock, until_ms)) {
        }
        l->waiters--;
    }
    bool mine = !l->busy;
    l->busy = true;
    pthread_mutex_unlock(&l->lock);
    return mine ? 0 : err_set(e, ERR_BUSY, "logos: others are being looked at");
}

static void leave(struct logos *l)
{
    pthread_mutex_lock(&l->lock);
    l->busy = false;
    pthread_cond_signal(&l->free);
    pthread_mutex_unlock(&l->lock);
}

/* What the picture did to its child is its own fault, but the sentences of those ends are about
 * videos. */
static int blame(const struct err *why, struct err *e)
{
    bool own = why->msg == MSG_LOGO_TYPE || why->msg == MSG_LOGO_PIXELS || why->msg == MSG_LOGO_BAD;
    bool input =
        why->code == ERR_INPUT || why->code == ERR_UNSUPPORTED || why->code == ERR_TOO_LARGE;
    if (input && !own)
        return err_msg(e, MSG_LOGO_BAD, "%s", why->text);
    return err_pass(e, why);
}

static int run(struct logos *l, int logo_fd, int jpeg_fd, struct err *e)
{
    const struct render_order order = {
        .op = RENDER_LOGO, .profile = profile_default(), .limits = media_limits_default()};
    const struct jail_job job = {.order = &order,
                                 .clip_fd = -1,
                                 .reel_fd = -1,
                                 .poster_fd = jpeg_fd,
                                 .logo_fd = logo_fd,
                                 .wall_ms = CHILD_MS,
                                 .silence_ms = CHILD_MS}; /* it tells no progress */
    struct render_report report;
    struct err why = {0};
    if (enter(l, e) < 0)
        return -1;
    int rc = jail_run(l->jail, &job, &report, &why);
    leave(l);
    return rc < 0 ? blame(&why, e) : 0;
}

int logos_look(struct logos *l, const void *data, size_t len_bytes, struct err *e)
{
    AUTO(fd_closep) int file = task_scratch_file(l->tasks, e);
    if (file < 0 || fd_write_all(file, data, len_bytes, e) < 0)
        return -1;
    AUTO(fd_closep) int fd = reel_read_only(file);
    if (fd < 0)
        return err_set(e, ERR_SYSTEM, "logo: no /proc");
    return run(l, fd, -1, e);
}

/* What the child wrote; a JPEG by its first bytes. */
static int take(int file, void **jpeg, size_t *len_bytes, struct err *e)
{
    struct stat st;
    if (fstat(file, &st) < 0)
        return err_set(e, ERR_SYSTEM, "logo: %s", strerror(errno));
    if (st.st_size < 3 || st.st_size > JPEG_BYTES_MAX)
        return err_set(e, ERR_SYSTEM, "logo: %lld bytes were drawn", (long long)st.st_size);
    AUTO(freep) unsigned char *data = malloc((size_t)st.st_size);
    if (!data)
        return err_set(e, ERR_SYSTEM, "logo: no memory");
    ssize_t n = fd_pread_full(file, data, (size_t)st.st_size, 0, e);
    if (n < 0)
        return -1;
    if (n != st.st_size || memcmp(data, "\xff\xd8\xff", 3) != 0)
        return err_set(e, ERR_SYSTEM, "logo: what was drawn is no JPEG");
    *jpeg = TAKE(data);
    *len_bytes = (size_t)n;
    return 0;
}

int logos_show(struct logos *l, const struct profile_row *p, void **jpeg, size_t *len_bytes,
               struct err *e)
{
    AUTO(fd_closep) int logo = -1;
    AUTO(fd_closep) int file = task_scratch_file(l->tasks, e);
    if (file < 0 || versions_logo(l->versions, p, &logo, e) < 0 || run(l, logo, file, e) < 0)
        return -1;
    return take(file, jpeg, len_bytes, e);
}
