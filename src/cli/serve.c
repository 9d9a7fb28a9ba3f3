/* Plan: open everything (service.c); start the workers, then HTTP; print the address; wait for a
 * signal; drain; close in reverse order. The process may be killed (kill -9) at any step: the next
 * start finds everything as the last commit left it. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/notify.h"
#include "cli/service.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "hook/hook.h"
#include "http/http.h"
#include "worker/logo.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* What serves beside the workers. */
struct front {
    struct http *http;
    struct hooks *hooks;
    struct control *control;
};

static void stop_front(void *arg, int64_t drain_ms)
{
    struct front *f = arg;
    control_stop(TAKE(f->control));
    http_stop(TAKE(f->http), drain_ms);
    hooks_stop(TAKE(f->hooks));
}

/* Well within the time that a watchdog allows. */
enum { ALIVE_MS = 5000 };
static bool http_answers(void *arg)
{
    const struct front *f = arg;
    return http_alive(f->http, ALIVE_MS);
}

static int start(struct service *s, struct front *f, const struct cli *c, struct err *e)
{
    const struct conf *conf = &c->conf;
    if (service_open(s, c, e) < 0 || parts_open_auth(&s->parts, conf, c->log, e) < 0 ||
        service_work(s, c, conf->workers, e) < 0)
        return -1;
    const struct hook_conf hc = {
        .timeout_ms = conf->hook_timeout_ms,
        .retry_ms = conf->hook_retry_ms,
        .attempts = (int)conf->hook_attempts,
        .private_too = conf->hook_private,
        .kept_ms = conf->events_kept_ms,
        .public_url = conf->public_url,
        .metrics = s->metrics,
    };
    s->stop = stop_front;
    s->arg = f;
    if (hooks_start(&f->hooks, s->parts.store, s->parts.auth, &hc, c->log, e) < 0)
        return -1;
    const struct http_parts hp = {
        .auth = s->parts.auth,
        .tasks = s->parts.tasks,
        .blob = s->parts.blob,
        .hooks = f->hooks,
        .log = c->log,
        .metrics = s->metrics,
        .health = s->health,
        .jail_missing = s->jail_missing,
        .logos = s->logos,
        .logo_look = logos_look,
        .logo_show = logos_show,
    };
    if (http_start(&f->http, conf, &hp, e) < 0)
        return -1;
    s->alive = http_answers;
    return control_start(&f->control, &s->parts, c, e);
}

/* Warns the operator once when other machines can reach the server: an open server needs more. */
static void warn_if_open(const struct http *http, const struct cli *c)
{
    const struct conf *conf = &c->conf;
    if (http_local(http))
        return;
    AUTO(buf_clear) struct buf missing = {0};
    buf_init(&missing, 512);
    if (!*conf->trusted_proxies)
        buf_puts(&missing, "TLS, by a proxy in front (trusted-proxies names it); ");
    if (strncmp(conf->public_url, "https://", 8) != 0)
        buf_puts(&missing, "public-url, the https address of its links; ");
    buf_puts(&missing, "anybody who reaches it may sign up");
    log_warn(c->log, "other machines reach this server", "for_the_internet", missing.p, "see",
             "doc/deploy.md");
}

/* "listening on http://127.0.0.1:8000": the address as it was given, with the real port. */
static void announce(struct service *s, const struct http *http, const struct cli *c)
{
    const char *colon = strrchr(c->conf.listen, ':');
    int host = colon ? (int)(colon - c->conf.listen) : (int)strlen(c->conf.listen);
    log_info(c->log, "serving", "version", REELGATE_VERSION, "listen", c->conf.listen, "port",
             http_port(http), "data", c->conf.data, "jail", service_layers(s), "jail_missing",
             *s->jail_missing ? s->jail_missing : "none");
    printf("listening on http://%.*s:%d\n", host, c->conf.listen, http_port(http));
    fflush(stdout);
    warn_if_open(http, c);
    notify("READY=1");
}

enum cli_exit cli_serve(struct cli *c)
{
    /* A core file would hold the secret. */
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    struct err e = {0};
    struct front front = {0};
    AUTO(service_clear) struct service s = SERVICE_NONE;
    if (start(&s, &front, c, &e) < 0) {
        log_error(c->log, "cannot start", "why", e.text);
        return cli_fail(c, NULL, &e);
    }
    announce(&s, front.http, c);
    service_wait_for_signal(&s, c);
    service_drain(&s, c);
    log_info(c->log, "stopped");
    return CLI_DONE;
}
