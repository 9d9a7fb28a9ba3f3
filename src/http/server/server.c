/* Plan: the socket that is listened on, and the daemon with its limits. What happens to a request
 * is in request.c; what waits is done in pool.c and carry.c; heads.c and parting.c see to slow and
 * refused ones. */
#include "http/http_impl.h"

#include "blob/blob.h"
#include "core/clock.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/net.h"
#include "http/body/pieces.h"
#include "http/events/hub.h"
#include "http/server/field.h"
#include "store/store.h"

#include <unistd.h>

enum { POOL_THREADS = 4, CONNECTION_MEMORY = 32 * 1024, STOP_POLL_MS = 10, PER_ADDRESS = 100 };

/* What the library has to say is about single connections: for those who look closer. */
__attribute__((format(printf, 2, 0))) static void library_log(void *cls, const char *fmt,
                                                              va_list args)
{
    const struct http *h = cls;
    char text[512];
    vsnprintf(text, sizeof(text), fmt, args);
    text[strcspn(text, "\n")] = 0;
    log_debug(h->parts.log, "libmicrohttpd", "says", text);
}

static struct MHD_Daemon *daemon_start(struct http *h, int fd)
{
    const struct conf *c = &h->conf;
    /* on loopback all clients are one proxy, or at home */
    int64_t per_address = c->connections_per_address;
    if (per_address < 0)
        per_address = h->local ? 0 : PER_ADDRESS;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        request_access, h, MHD_OPTION_EXTERNAL_LOGGER, library_log, h, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)c->http_threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)c->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((c->idle_ms + 999) / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        request_uri, h, MHD_OPTION_NOTIFY_CONNECTION, request_connection, h,
        MHD_OPTION_NOTIFY_COMPLETED, request_done, h, MHD_OPTION_END);
}

static void http_freep(struct http **h)
{
    if (!*h)
        return;
    hub_end((*h)->hub);
    pool_stop((*h)->pool); /* every suspended connection is resumed by then */
    pool_stop((*h)->carriers);
    if ((*h)->daemon)
        MHD_stop_daemon((*h)->daemon);
    pool_free((*h)->pool);
    pool_free((*h)->carriers);
    hub_free((*h)->hub);
    keeper_stop((*h)->keeper); /* of uploads that the end of the daemon cut off, too */
    heads_stop((*h)->heads);
    parting_stop((*h)->parting);
    free(*h);
    *h = NULL;
}

/* A proxy that sends files by itself must be known, and must have files. */
static int check_redirect(const struct conf *c, struct err *e)
{
    const char *p = c->accel_redirect;
    if (!*p)
        return 0;
    if (*p != '/' || p[strlen(p) - 1] != '/' || p[strcspn(p, " \t\r\n?#%")])
        return err_set(e, ERR_INPUT, "accel-redirect: \"%s\" is no prefix such as /internal/", p);
    if (!*c->trusted_proxies)
        return err_set(e, ERR_INPUT, "accel-redirect: trusted-proxies names no proxy");
    if (*c->storage && strncmp(c->storage, "file:", 5) != 0)
        return err_set(e, ERR_INPUT, "accel-redirect: the storage is not a folder");
    return 0;
}

static bool run_in_pool(struct request *r)
{
    request_run(r);
    return true;
}

int http_start(struct http **out, const struct conf *c, const struct http_parts *parts,
               struct err *e)
{
    AUTO(http_freep) struct http *h = mem_new(sizeof(*h));
    h->parts = *parts;
    h->routes = &api_routes;
    h->far = store_shared(parts->store) || blob_is_far(parts->blob);
    h->conf = *c;
    if (address_list_check(c->trusted_proxies, e) < 0)
        return err_wrap(e, "trusted-proxies");
    if (origin_list_check(c->cors_origins, e) < 0)
        return err_wrap(e, "cors-origins");
    if (check_redirect(c, e) < 0)
        return -1;
    if (c->presigned_downloads && !*blob_link_origin(parts->blob))
        return err_set(e, ERR_INPUT, "presigned-downloads: the storage gives no links");
    if (pool_start(&h->pool, POOL_THREADS, run_in_pool, e) < 0 || carry_start(h, e) < 0 ||
        parting_start(&h->parting, e) < 0 ||
        heads_start(&h->heads, c->header_ms, c->idle_ms, e) < 0 ||
        keeper_start(&h->keeper, parts->tasks, parts->log, e) < 0 ||
        hub_start(&h->hub, parts->store, parts->auth, parts->log, c->events_beat_ms,
                  c->events_streams, e) < 0)
        return -1;
    AUTO(fd_closep) int fd = net_listen(c->listen, &h->port, &h->local, e);
    if (fd < 0)
        return -1;
    h->daemon = daemon_start(h, fd);
    if (!h->daemon)
        return err_set(e, ERR_SYSTEM, "http: the server does not start");
    (void)fd_take(&fd); /* the daemon's */
    *out = TAKE(h);
    return 0;
}

int http_port(const struct http *h)
{
    return h->port;
}

bool http_local(const struct http *h)
{
    return h->local;
}

void http_stop(struct http *h, int64_t drain_ms)
{
    if (!h)
        return;
    atomic_store(&h->stopping, true);
    int fd = MHD_quiesce_daemon(h->daemon);
    hub_end(h->hub); /* streams would go on for ever */
    int64_t end = clock_mono_ms() + drain_ms;
    while (atomic_load(&h->running) > 0 && clock_mono_ms() < end)
        usleep(STOP_POLL_MS * 1000);
    http_freep(&h);
    fd_closep(&fd);
}
