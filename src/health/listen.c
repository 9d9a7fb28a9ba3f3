/* The small HTTP server for a metrics scraper and a load balancer: two paths, few connections. */
#include "health/health_impl.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/net.h"
#include "core/str.h"

#include <microhttpd.h>
#include <stdint.h>

enum { CONNECTIONS = 32, IDLE_S = 15, THREADS = 2 };

/* Takes text, which came from malloc. */
static enum MHD_Result reply(struct MHD_Connection *conn, unsigned status, char *text,
                             const char *type)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        free(text);
        return MHD_NO;
    }
    (void)MHD_add_response_header(r, "Content-Type", type);
    (void)MHD_add_response_header(r, "Cache-Control", "no-store");
    (void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (status == 405)
        (void)MHD_add_response_header(r, "Allow", "GET, HEAD");
    if (status == 503)
        (void)MHD_add_response_header(r, "Retry-After", "2");
    enum MHD_Result result = MHD_queue_response(conn, status, r);
    MHD_destroy_response(r);
    return result;
}

static char *take(struct buf *b)
{
    return b->p ? TAKE(b->p) : mem_strdup("");
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *conn, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_bytes, void **con_cls)
{
    (void)version, (void)data;
    static int seen;
    struct health *h = cls;
    if (*con_cls !=
        &seen) { /* the head alone; the answer follows the body, of which none is read */
        *con_cls = &seen;
        return MHD_YES;
    }
    if (*data_bytes)
        return MHD_NO;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return reply(conn, 405, mem_strdup("GET is what is answered here\n"), "text/plain");
    struct buf b;
    buf_init(&b, HEALTH_TEXT_MAX);
    if (strcmp(url, "/metrics") == 0) {
        health_metrics(h, &b);
        return reply(conn, 200, take(&b), metrics_type);
    }
    if (strcmp(url, "/api/ready") == 0) {
        struct health_ready r;
        health_ready(h, &r);
        health_ready_json(&r, NULL, &b);
        return reply(conn, r.ready ? 200 : 503, take(&b), "application/json");
    }
    return reply(conn, 404, mem_strdup("/metrics and /api/ready are here\n"), "text/plain");
}

int health_listen(struct health *h, const char *address, int *port, struct err *e)
{
    bool local;
    AUTO(fd_closep) int fd = net_listen(address, port, &local, e);
    if (fd < 0)
        return err_wrap(e, "metrics-listen");
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, h, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
    if (!h->daemon)
        return err_set(e, ERR_SYSTEM, "metrics-listen: the server does not start");
    (void)fd_take(&fd); /* the daemon's */
    return 0;
}

void health_deafen(struct health *h)
{
    if (h->daemon)
        MHD_stop_daemon(TAKE(h->daemon));
}
