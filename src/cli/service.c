/* Plan: open the parts in the order of trust; start the workers; drain everything concurrently, so
 * that a second signal can still cut it short. */
#include "cli/service.h"

#include "cli/cli.h"
#include "cli/notify.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/profile.h"
#include "core/str.h"
#include "health/health.h"
#include "jail/jail.h"
#include "store/store.h"
#include "worker/logo.h"
#include "worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A reel of 20 s at the highest size and rate stays well below this. The space is reserved while an
 * attempt runs, so that a full disk fails the attempt before the work, not after it. */
enum { REEL_RESERVE_BYTES = 96 << 20, CUT_SHORT_MS = 5000 };

static int open_health(struct service *s, const struct cli *c, struct err *e)
{
    int port;
    const char *at = c->conf.metrics_listen;
    const struct health_parts hp = {
        .store = s->parts.store,
        .blob = s->parts.blob,
        .queue = s->parts.queue,
        .metrics = s->metrics,
        .log = c->log,
        .role = c->command->name,
    };
    if (health_start(&s->health, &hp, e) < 0)
        return -1;
    if (!*at)
        return 0;
    if (health_listen(s->health, at, &port, e) < 0)
        return -1;
    log_info(c->log, "telling metrics", "listen", at, "port", port);
    printf("metrics on http://%.*s:%d/metrics\n", (int)(strrchr(at, ':') - at), at, port);
    return 0;
}

int service_open(struct service *s, const struct cli *c, struct err *e)
{
    const struct conf *conf = &c->conf;
    struct profile profile;
    if (!s->parts.arena)
        s->parts.arena = arena_new();
    s->metrics = metrics_new();
    /* Find bad settings before anything is started or made. */
    if (profile_of_conf(conf, &profile, e) < 0 || parts_logo(conf, &s->logo_fd, e) < 0)
        return -1;
    if (parts_open_jail(&s->jail, s->parts.arena, conf, parts_cache(s->parts.arena, conf, true),
                        c->log, &s->jail_missing, e) < 0)
        return -1;
    jail_count(s->jail, s->metrics);
    if (parts_open_store(&s->parts, conf, c->log, e) < 0 ||
        parts_open_tasks(&s->parts, conf, c->log, e) < 0)
        return -1;
    s->logos = logos_new(s->jail, s->parts.tasks, s->logo_fd);
    return open_health(s, c, e);
}

int service_work(struct service *s, const struct cli *c, int64_t jobs, struct err *e)
{
    const struct conf *conf = &c->conf;
    int cpus = parts_processors();
    struct worker_conf wc = {
        .jobs = jobs >= 0 ? (int)jobs : (cpus + 1) / 2,
        .limits = media_limits_default(),
        .logo_fd = s->logo_fd,
        .lease_ms = conf->lease_ms,
        .metrics = s->metrics,
        .sweep_ms = conf->sweep_ms,
        .attempt_ms = conf->attempt_ms,
        .silence_ms = conf->silence_ms,
        .reel_reserve_bytes =
            conf->child_file < REEL_RESERVE_BYTES ? conf->child_file : REEL_RESERVE_BYTES,
    };
    if (profile_of_conf(conf, &wc.profile, e) < 0)
        return -1;
    if (workers_start(&s->workers, s->parts.tasks, s->parts.queue, s->jail, &wc, c->log, e) < 0)
        return -1;
    log_info(c->log, "workers started", "attempts_at_once", wc.jobs, "processors", cpus);
    return 0;
}

const char *service_layers(struct service *s)
{
    AUTO(buf_clear) struct buf layers = {0};
    buf_init(&layers, 256);
    unsigned have = jail_layers(s->jail, NULL);
    for (unsigned bit = 1; bit & JAIL_ALL; bit <<= 1)
        if (have & bit)
            buf_printf(&layers, "%s%s", layers.len ? "," : "", jail_layer_name(bit));
    return arena_strdup(s->parts.arena, layers.len ? layers.p : "none");
}

/* -- the end -- */

struct drain {
    struct service *service;
    int64_t drain_ms;
    int done_fd; /* eventfd, counts what has ended */
};

static void tell_done(const struct drain *d)
{
    const uint64_t one = 1;
    (void)fd_write_all(d->done_fd, &one, sizeof(one), NULL);
}

static void *drain_workers(void *arg)
{
    struct drain *d = arg;
    workers_stop(d->service->workers, d->drain_ms);
    tell_done(d);
    return NULL;
}

static void *drain_rest(void *arg)
{
    struct drain *d = arg;
    if (d->service->stop)
        d->service->stop(d->service->arg, d->drain_ms);
    tell_done(d);
    return NULL;
}

/* An error from the database is no reason for a restart: a restart would not repair it, and the
 * service continues when the database is back. A database that never answers, as behind a lock that
 * is never released, blocks this function; the watchdog exists for that. */
static bool lives(const struct service *s)
{
    struct err ignored;
    (void)store_ping(s->parts.store, &ignored);
    return !s->alive || s->alive(s->arg);
}

void service_wait_for_signal(struct service *s, const struct cli *c)
{
    struct pollfd p = {.fd = c->signal_fd, .events = POLLIN};
    int interval_ms = notify_interval_ms();
    while (!cli_signal(c))
        if (poll(&p, 1, interval_ms) == 0) {
            if (lives(s))
                notify("WATCHDOG=1");
            else
                log_error(c->log, "no answer from the service itself; the watchdog is not told");
        }
}

/* Returns true when a second signal comes; false when both have ended or timeout_ms has passed (-1:
 * no timeout). */
static bool wait_drained(const struct cli *c, const struct drain *d, uint64_t *ended,
                         int timeout_ms)
{
    struct pollfd p[2] = {{.fd = d->done_fd, .events = POLLIN},
                          {.fd = c->signal_fd, .events = POLLIN}};
    while (*ended < 2) {
        int n = poll(p, 2, timeout_ms);
        if (n == 0)
            return false;
        if (n < 0 && errno != EINTR)
            return true;
        uint64_t count;
        if (n > 0 && p[0].revents && read(d->done_fd, &count, sizeof(count)) == sizeof(count))
            *ended += count;
        if (n > 0 && p[1].revents && cli_signal(c))
            return true;
    }
    return false;
}

void service_drain(struct service *s, const struct cli *c)
{
    notify("STOPPING=1");
    health_stopping(s->health);
    log_info(c->log, "stopping", "attempts_running", workers_busy(s->workers), "remade",
             workers_remade(s->workers), "drain_ms", c->conf.drain_ms);
    struct drain d = {s, c->conf.drain_ms, eventfd(0, EFD_CLOEXEC)};
    pthread_t workers, rest;
    if (d.done_fd < 0 || pthread_create(&workers, NULL, drain_workers, &d) != 0)
        return; /* service_clear stops both at once */
    if (pthread_create(&rest, NULL, drain_rest, &d) != 0) {
        pthread_join(workers, NULL);
        close(d.done_fd);
        return;
    }
    uint64_t ended = 0;
    if (wait_drained(c, &d, &ended, -1)) {
        log_warn(c->log, "stopping at once");
        workers_stop(s->workers, 0);
        wait_drained(c, &d, &ended, CUT_SHORT_MS);
        if (ended < 2) {
            /* Something still hangs. Nobody was promised what it has not committed. */
            jail_close(s->jail);
            _exit(CLI_DONE);
        }
    }
    pthread_join(workers, NULL);
    pthread_join(rest, NULL);
    s->stop = NULL;
    close(d.done_fd);
}

void service_clear(struct service *s)
{
    if (s->stop)
        s->stop(s->arg, 0);
    if (s->workers)
        workers_stop(s->workers, 0);
    workers_free(s->workers);
    logos_free(s->logos);
    jail_close(s->jail);
    health_free(s->health);
    metrics_free(s->metrics);
    parts_clear(&s->parts);
    fd_closep(&s->logo_fd);
}
