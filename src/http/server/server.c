/* Plan: the listening socket, and the daemon with its limits. dispatch.c handles requests; pool.c
 * and carry.c do work that waits; watch.c and linger.c handle slow and refused clients. */
#include "http/server/server.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/net.h"
#include "http/server/carry.h"
#include "http/server/dispatch.h"
#include "http/server/linger.h"
#include "http/server/pool.h"
#include "http/server/request.h"
#include "http/server/watch.h"

#include <unistd.h>

enum { POOL_THREADS = 4, CONNECTION_MEMORY = 32 * 1024, STOP_POLL_MS = 10, PER_ADDRESS = 100 };

/* The library's messages concern single connections, so they are logged at debug level. */
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
        dispatch_access, h, MHD_OPTION_EXTERNAL_LOGGER, library_log, h, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)c->http_threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)c->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((c->idle_ms + 999) / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        dispatch_line, h, MHD_OPTION_NOTIFY_CONNECTION, dispatch_connection, h,
        MHD_OPTION_NOTIFY_COMPLETED, dispatch_done, h, MHD_OPTION_END);
}

static bool run_in_pool(struct request *r)
{
    dispatch_run(r);
    return true;
}

int server_start(struct http *h, struct err *e)
{
    const struct conf *c = &h->conf;
    if (pool_start(&h->pool, POOL_THREADS, run_in_pool, e) < 0 || carry_start(h, e) < 0 ||
        linger_start(&h->linger, e) < 0 || watch_start(&h->watch, c->header_ms, c->idle_ms, e) < 0)
        return -1;
    return 0;
}

int server_listen(struct http *h, struct err *e)
{
    AUTO(fd_closep) int fd = net_listen(h->conf.listen, &h->port, &h->local, e);
    if (fd < 0)
        return -1;
    h->daemon = daemon_start(h, fd);
    if (!h->daemon)
        return err_set(e, ERR_SYSTEM, "http: the server does not start");
    (void)fd_take(&fd); /* the daemon's */
    return 0;
}

int server_quiesce(struct http *h)
{
    atomic_store(&h->stopping, true);
    return MHD_quiesce_daemon(h->daemon);
}

void server_drain(struct http *h, int64_t drain_ms)
{
    int64_t end = clock_mono_ms() + drain_ms;
    while (atomic_load(&h->running) > 0 && clock_mono_ms() < end)
        usleep(STOP_POLL_MS * 1000);
}

void server_stop(struct http *h)
{
    pool_stop(h->pool); /* every suspended connection is resumed by then */
    pool_stop(h->carriers);
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    pool_free(h->pool);
    pool_free(h->carriers);
}

void server_clear(struct http *h)
{
    watch_stop(h->watch);
    linger_stop(h->linger);
}
