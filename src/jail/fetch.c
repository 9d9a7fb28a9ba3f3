#include "jail/fetch.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "jail/cache.h"
#include "jail/jail.h"

enum { MAKE_MS = 60000 };

static int tick(void *arg, int permille)
{
    struct fetch *f = arg;
    (void)permille; /* of the bumper: the waiting job makes no progress */
    if (!f->stopped && f->job->tick && f->job->tick(f->job->arg, f->permille))
        f->stopped = true;
    return f->stopped;
}

static int make(struct fetch *f, const struct bumper_shape *shape, int fd, struct err *e)
{
    const struct render_order order = {
        .op = RENDER_BUMPER,
        .profile = f->job->order->profile,
        .limits = f->job->order->limits,
        .bumper = *shape,
    };
    int64_t wall_ms = f->wall_ms < MAKE_MS ? f->wall_ms : MAKE_MS;
    const struct jail_job job = {
        .order = &order,
        .clip_fd = -1,
        .reel_fd = fd,
        .poster_fd = -1,
        .logo_fd = f->job->logo_fd,
        .wall_ms = wall_ms,
        .silence_ms = wall_ms, /* it tells no progress */
        .tick = tick,
        .arg = f,
        .request = f->job->request,
    };
    struct render_report report;
    return jail_run(f->jail, &job, &report, e);
}

static int make_and_keep(struct fetch *f, const struct bumper_shape *shape,
                         const struct cache_key *key, int *fd, struct err *e)
{
    struct cache_file file;
    struct cache_key after;
    int64_t began_ms = clock_mono_ms();
    if (cache_begin(f->cache, &file, e) < 0)
        return -1;
    if (make(f, shape, file.fd, e) < 0 ||
        cache_key_make(shape, f->job->logo_fd, f->media, &after, e) < 0) {
        cache_give_up(f->cache, &file, e->code == ERR_FULL);
        return -1;
    }
    /* the logo changed meanwhile: it is unknown which version the bumper shows */
    if (strcmp(after.name, key->name) != 0) {
        cache_give_up(f->cache, &file, false);
        return err_set(e, ERR_CONFLICT, "the logo was changed meanwhile");
    }
    if (cache_keep(f->cache, &file, key, fd, e) < 0) {
        cache_give_up(f->cache, &file, e->code == ERR_FULL);
        return -1;
    }
    log_info(f->log, "a bumper was made and is kept", "width", shape->width, "height",
             shape->height, "fps_num", shape->fps_num, "fps_den", shape->fps_den, "ms",
             clock_mono_ms() - began_ms, "request", f->job->request);
    return 0;
}

int fetch_bumper(struct fetch *f, const struct bumper_shape *shape)
{
    struct cache_key key;
    struct err e = {0};
    if (!f->cache)
        return -1;
    if (cache_key_make(shape, f->job->logo_fd, f->media, &key, &e) < 0)
        return -1;
    int fd = cache_get(f->cache, &key);
    const char *result = fd >= 0                                       ? "hit"
                         : make_and_keep(f, shape, &key, &fd, &e) == 0 ? "miss"
                                                                       : "none";
    METRIC_ADD(f->metrics, METRIC_BUMPERS, 1, result);
    if (fd >= 0)
        return fd;
    if (!f->stopped && e.code != ERR_BUSY)
        log_warn(f->log, "no bumper could be kept; each child makes its own", "why", e.text,
                 "request", f->job->request);
    return -1;
}
