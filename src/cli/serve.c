/* Plan: start the jail while no secret is in memory; open what lies on disk; start workers, then
 * HTTP; say where; wait for a signal; drain workers and HTTP side by side while a second signal can
 * still cut it short; close in reverse. Any step may also end by kill -9: the next start finds
 * everything as the last commit left it. */
#include "auth/auth.h"
#include "cli/cli.h"
#include "cli/notify.h"
#include "cli/parts.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http.h"
#include "jail/jail.h"
#include "task/task.h"
#include "worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* A reel of 20 s at the highest size and rate stays well below this; it is set aside while an
 * attempt runs, so that a full disk shows before the work and not after it. */
enum { REEL_RESERVE_BYTES = 96 << 20, CUT_SHORT_MS = 5000 };

struct service {
    struct parts parts;
    struct jail *jail;
    struct workers *workers;
    struct http *http;
    int logo_fd;
    const char *jail_missing;
};

static void service_clear(struct service *s)
{
    if (s->http)
        http_stop(s->http, 0);
    if (s->workers)
        workers_stop(s->workers, 0);
    workers_free(s->workers);
    jail_close(s->jail);
    parts_clear(&s->parts);
    fd_closep(&s->logo_fd);
}

static int start_workers(struct service *s, const struct cli *c, struct err *e)
{
    const struct conf *conf = &c->conf;
    int cpus = parts_processors();
    struct worker_conf wc = {
        .jobs = conf->workers >= 0 ? (int)conf->workers : (cpus + 1) / 2,
        .limits = media_limits_default(),
        .logo_fd = s->logo_fd,
        .lease_ms = conf->lease_ms,
        .sweep_ms = conf->sweep_ms,
        .attempt_ms = conf->attempt_ms,
        .silence_ms = conf->silence_ms,
        .reel_reserve_bytes =
            conf->child_file < REEL_RESERVE_BYTES ? conf->child_file : REEL_RESERVE_BYTES,
    };
    if (parts_profile(conf, &wc.profile, e) < 0)
        return -1;
    if (workers_start(&s->workers, s->parts.tasks, s->parts.queue, s->jail, &wc, c->log, e) < 0)
        return -1;
    log_info(c->log, "workers started", "attempts_at_once", wc.jobs, "processors", cpus);
    return 0;
}

static int start(struct service *s, const struct cli *c, struct err *e)
{
    const struct conf *conf = &c->conf;
    struct profile profile;
    s->parts.arena = arena_new();
    /* Bad settings are found before anything is started or made. */
    if (parts_profile(conf, &profile, e) < 0 || parts_logo(conf, &s->logo_fd, e) < 0)
        return -1;
    if (parts_open_jail(&s->jail, s->parts.arena, conf, parts_cache(s->parts.arena, conf, true),
                        c->log, &s->jail_missing, e) < 0)
        return -1;
    if (parts_open_store(&s->parts, conf, c->log, e) < 0 ||
        parts_open_tasks(&s->parts, conf, c->log, e) < 0 ||
        parts_open_auth(&s->parts, conf, c->log, e) < 0 || start_workers(s, c, e) < 0)
        return -1;
    const struct http_parts hp = {
        .auth = s->parts.auth,
        .tasks = s->parts.tasks,
        .store = s->parts.store,
        .log = c->log,
        .jail_missing = s->jail_missing,
    };
    return http_start(&s->http, conf, &hp, e);
}

/* "listening on http://127.0.0.1:8000": the address as it was given, with the real port. */
static void announce(const struct service *s, const struct cli *c)
{
    const char *colon = strrchr(c->conf.listen, ':');
    int host = colon ? (int)(colon - c->conf.listen) : (int)strlen(c->conf.listen);
    AUTO(buf_clear) struct buf layers = {0};
    buf_init(&layers, 256);
    unsigned have = jail_layers(s->jail, NULL);
    for (unsigned bit = 1; bit & JAIL_ALL; bit <<= 1)
        if (have & bit)
            buf_printf(&layers, "%s%s", layers.len ? "," : "", jail_layer_name(bit));
    log_info(c->log, "serving", "version", REELGATE_VERSION, "listen", c->conf.listen, "port",
             http_port(s->http), "data", c->conf.data, "jail", layers.len ? layers.p : "none",
             "jail_missing", *s->jail_missing ? s->jail_missing : "none");
    printf("listening on http://%.*s:%d\n", host, c->conf.listen, http_port(s->http));
    fflush(stdout);
    notify("READY=1");
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

static void *drain_http(void *arg)
{
    struct drain *d = arg;
    http_stop(d->service->http, d->drain_ms);
    tell_done(d);
    return NULL;
}

static void wait_for_signal(const struct cli *c)
{
    struct pollfd p = {.fd = c->signal_fd, .events = POLLIN};
    while (!cli_signal(c))
        (void)poll(&p, 1, -1);
}

/* Waits until both have ended, a second signal came (true), or timeout_ms has passed (-1: never).
 */
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

static void drain(struct service *s, const struct cli *c)
{
    notify("STOPPING=1");
    log_info(c->log, "stopping", "attempts_running", workers_busy(s->workers), "remade",
             workers_remade(s->workers), "drain_ms", c->conf.drain_ms);
    struct drain d = {s, c->conf.drain_ms, eventfd(0, EFD_CLOEXEC)};
    pthread_t workers, http;
    if (d.done_fd < 0 || pthread_create(&workers, NULL, drain_workers, &d) != 0)
        return; /* service_clear stops both at once */
    if (pthread_create(&http, NULL, drain_http, &d) != 0) {
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
            /* A request still holds on. Whatever it has not committed was promised to nobody. */
            jail_close(s->jail);
            _exit(CLI_DONE);
        }
    }
    pthread_join(workers, NULL);
    pthread_join(http, NULL);
    s->http = NULL; /* http_stop has freed it */
    close(d.done_fd);
}

enum cli_exit cli_serve(struct cli *c)
{
    /* A core file would hold the secret. */
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    struct err e = {0};
    AUTO(service_clear) struct service s = {.logo_fd = -1, .jail_missing = ""};
    if (start(&s, c, &e) < 0) {
        log_error(c->log, "cannot start", "why", e.text);
        return cli_fail(c, NULL, &e);
    }
    announce(&s, c);
    wait_for_signal(c);
    drain(&s, c);
    log_info(c->log, "stopped");
    return CLI_DONE;
}
