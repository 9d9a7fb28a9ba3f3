/* Plan: the life of one request. libmicrohttpd calls dispatch_line when the first line is read,
 * then dispatch_access once when the head is read, once for each piece of the body, and once at its
 * end.
 *
 * Head: framing, route, token and declared length are checked (head.c), so that most requests that
 * are refused are refused before their body comes.
 *
 * Pieces: they go to the functions of the route's body; slow bodies are cut off.
 *
 * End: quick handlers run here, slow ones in the pool while the connection is suspended.
 *
 * dispatch_done logs one line and frees the request. */
#include "http/server/dispatch.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/server/answer.h"
#include "http/server/carry.h"
#include "http/server/head.h"
#include "http/server/linger.h"
#include "http/server/pool.h"
#include "http/server/request.h"
#include "http/server/watch.h"

#include <fcntl.h>
#include <string.h>

enum { DRAIN_MAX = 16 << 20 }; /* of a body that is already refused */

static struct watched *watched_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void dispatch_connection(void *cls, struct MHD_Connection *conn, void **context,
                         enum MHD_ConnectionNotificationCode code)
{
    struct http *h = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        METRIC_ADD(h->parts.metrics, METRIC_HTTP_CONNECTIONS, -1);
        watch_leave(*context);
        *context = NULL;
        return;
    }
    METRIC_ADD(h->parts.metrics, METRIC_HTTP_CONNECTIONS, 1);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        *context = watch_enter(h->watch, info->connect_fd);
}

void *dispatch_line(void *cls, const char *uri, struct MHD_Connection *conn)
{
    struct request *r = request_new(cls, conn);
    r->status = head_line_status(uri);
    r->watched = watched_of(conn);
    watch_head_begins(r->watched);
    atomic_fetch_add(&r->http->running, 1);
    METRIC_ADD(r->http->parts.metrics, METRIC_HTTP_RUNNING, 1);
    return r;
}

/* Counts a finished request. All unknown methods and paths count as one. */
static void dispatch_count(const struct request *r, int64_t took_us)
{
    static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    struct metrics *m = r->http->parts.metrics;
    const char *path = r->route ? r->route->pattern : "other",
               *method = r->route ? r->route->method : "other";
    unsigned class = (unsigned)r->status / 100;
    METRIC_ADD(m, METRIC_HTTP_REQUESTS, 1, path, method, classes[class < LEN(classes) ? class : 0]);
    METRIC_ADD(m, METRIC_HTTP_RECEIVED, r->body_bytes);
    METRIC_ADD(m, METRIC_HTTP_SENT, r->answer_bytes);
    if (!r->listens)
        METRIC_SEE(m, METRIC_HTTP_SECONDS, (double)took_us / 1e6, path, method);
    METRIC_ADD(m, METRIC_HTTP_RUNNING, -1);
    METRIC_ADD(m, METRIC_UPLOADS, -r->uploads);
    METRIC_ADD(m, METRIC_EVENT_STREAMS, -r->listens);
}

void dispatch_done(void *cls, struct MHD_Connection *conn, void **con_cls,
                   enum MHD_RequestTerminationCode how)
{
    (void)conn;
    struct http *h = cls;
    struct request *r = *con_cls;
    if (!r)
        return;
    if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK && !r->queued)
        r->status = 0;
    int64_t took_us = clock_mono_us() - r->begun_us;
    bool quiet = r->route && r->route->probe && r->status == 200;
    LOG_AT(h->parts.log, quiet ? LOG_DEBUG : LOG_INFO, "request", "method", r->method, "path",
           r->path, "status", r->status, "bytes", r->answer_bytes, "ms", took_us / 1000, "user",
           r->caller.username, "address", r->address, "request", r->id);
    dispatch_count(r, took_us);
    watch_body(r->watched, false);
    if (r->linger_fd >= 0)
        linger_add(h->linger, r->linger_fd);
    if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        watch_next(r->watched);
    if (r->answer)
        MHD_destroy_response(TAKE(r->answer));
    *con_cls = NULL;
    if (!carry_end(r))
        request_free(r);
    atomic_fetch_sub(&h->running, 1);
}

/* Checks the caller and begins the body; this may ask the store. */
static int admit(struct request *r, struct err *e)
{
    r->admitted = true;
    unsigned scope = r->route->scope;
    if (scope && (auth_check(r->http->parts.auth, r->arena, request_header(r, "Authorization"),
                             &r->caller, e) < 0 ||
                  auth_may(&r->caller, scope & ~(unsigned)SCOPE_ANY, e) < 0))
        return -1;
    return r->route->body ? r->route->body->begin(r, e) : 0;
}

/* Admits in the pool, because event threads never wait for a database in another process. A request
 * without a body is admitted when its handler runs; a request with a body waits here before the
 * body is read. */
static void admit_later(struct request *r)
{
    if (!r->has_body)
        return;
    r->head_again = true;
    MHD_suspend_connection(r->conn);
    if (pool_put(r->http->pool, r))
        return;
    MHD_resume_connection(r->conn);
    r->admitted = true;
    err_set(&r->fault, ERR_STOPPED, "the server is stopping");
}

/* An answer before the end of the body closes the connection, because a body may be on its way. */
static enum MHD_Result answer_early(struct request *r)
{
    int fd = request_socket(r);
    if (fd >= 0 && r->has_body)
        r->linger_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return answer_queue(r);
}

/* Returns whether a step of this cost runs in the pool. */
static bool waits(const struct request *r, enum cost cost)
{
    return cost == SLOW || (cost == ASKS && r->http->far);
}

/* Whether admit() may wait. */
static bool admit_waits(const struct request *r)
{
    return (r->route->scope && waits(r, ASKS)) ||
           (r->route->body && waits(r, r->route->body->begin_cost));
}

static enum MHD_Result on_headers(struct request *r, const char *url, const char *method)
{
    struct err e = {0};
    char allow[ALLOW_SIZE] = "";
    watch_head_ends(r->watched);
    head_read(r, url, method);
    r->window_ms = clock_mono_ms();
    int rc = head_check(r, allow, &e);
    r->uploads = rc == 0 && r->route->body && r->route->body->upload;
    METRIC_ADD(r->http->parts.metrics, METRIC_UPLOADS, r->uploads);
    if (rc == 0 && admit_waits(r)) {
        admit_later(r);
        return MHD_YES;
    }
    if (rc == 0 && admit(r, &e) == 0) {
        watch_body(r->watched, r->has_body);
        return MHD_YES;
    }
    if (e.msg == MSG_METHOD_NOT_ALLOWED && strcmp(method, "OPTIONS") == 0) {
        answer_empty(r, 204);
    } else {
        answer_error(r, &e);
    }
    if (*allow && !r->route)
        answer_header(r, "Allow", allow);
    return answer_early(r);
}

/* -- body -- */

/* Returns whether too few bytes came in a whole window. Called only when bytes come; without any,
 * the library's idle timeout ends the connection. */
static bool too_slow(struct request *r, size_t len_bytes)
{
    const struct conf *c = &r->http->conf;
    r->window_bytes += (int64_t)len_bytes;
    int64_t past = clock_mono_ms() - r->window_ms;
    if (past < c->body_window_ms)
        return false;
    bool slow = r->window_bytes < c->min_body_rate * past / 1000;
    r->window_ms += past;
    r->window_bytes = 0;
    return slow;
}

static enum MHD_Result on_piece(struct request *r, const char *data, size_t len_bytes, bool fed)
{
    struct err e;
    r->body_bytes += (int64_t)len_bytes;
    if (too_slow(r, len_bytes)) {
        err_msg(&e, MSG_BODY_SLOW, "under %lld bytes/s", (long long)r->http->conf.min_body_rate);
        return answer_cut(r, &e);
    }
    if (r->body && !fed)
        r->route->body->feed(r, data, len_bytes);
    /* A refused or unwanted body is read for a while, because most clients look for an answer only
     * after they have sent everything; the amount is limited. */
    bool unread = r->fault.code || !r->route->body;
    int64_t left = r->length_bytes - r->body_bytes;
    if (!unread || ((r->unread_bytes += (int64_t)len_bytes) <= DRAIN_MAX && left <= DRAIN_MAX))
        return MHD_YES;
    if (!r->fault.code)
        err_msg(&r->fault, MSG_TOO_LARGE, "a body where none belongs");
    return answer_cut(r, &r->fault);
}

static bool refuses(const struct request *r)
{
    return r->body && r->route->body->refuse;
}

void dispatch_run(struct request *r)
{
    if (!r->admitted) {
        (void)admit(r, &r->fault);
        if (r->has_body) /* its body is read next; a refused body is drained */
            return;
    }
    if (r->fault.code && refuses(r))
        r->route->body->refuse(r);
    if (r->fault.code)
        answer_error(r, &r->fault);
    else
        r->route->run(r);
    request_drop_body(r); /* here, where it may wait for the disk */
    if (!r->answer) {     /* the connection is resumed for an answer */
        struct err e;
        err_set(&e, ERR_SYSTEM, "a handler gave no answer");
        answer_error(r, &e);
    }
}

static enum MHD_Result on_end(struct request *r)
{
    struct err e;
    watch_body(r->watched, false);
    if (r->body && r->route->body->end)
        r->route->body->end(r);
    if (waits(r, r->route->cost) && (!r->fault.code || refuses(r))) {
        MHD_suspend_connection(r->conn);
        if (pool_put(r->http->pool, r))
            return MHD_YES;
        MHD_resume_connection(r->conn);
        err_set(&e, ERR_STOPPED, "the server is stopping");
        answer_error(r, &e);
        return MHD_YES; /* called again once resumed */
    }
    dispatch_run(r);
    return answer_queue(r);
}

enum MHD_Result dispatch_access(void *cls, struct MHD_Connection *conn, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_bytes, void **con_cls)
{
    (void)cls, (void)conn, (void)version;
    struct request *r = *con_cls;
    if (r->answer)
        return answer_queue(r); /* back from the pool */
    if (!r->method)
        return on_headers(r, url, method);
    if (r->head_again) { /* after a suspension at the head, the library passes the head again */
        r->head_again = false;
        watch_body(r->watched, true);
        return MHD_YES;
    }
    if (*data_bytes) {
        size_t n = *data_bytes;
        bool fed = r->carry == CARRY_PIECE;
        if (carry_piece(r, data, n))
            return MHD_YES;
        /* more bytes may have come behind the carried piece */
        size_t done = fed ? r->piece_bytes : n;
        *data_bytes = n - done;
        return on_piece(r, data, done, fed);
    }
    return on_end(r);
}
