/* Plan: the life of one request. libmicrohttpd calls uri_log when its first line is there, then
 * access_handler once when the headers are, then for each piece of the body, then once at its end.
 *   headers: framing, route, token, declared length: what can be refused is refused before the body
 *   pieces:  go to the functions of the route's body; slow bodies are cut off
 *   end:     quick handlers run here; slow ones in the pool while the connection is suspended
 * request_done logs the one line of a request and frees it. */
#include "http/http_impl.h"

#include "core/clock.h"
#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "http/server/field.h"
#include "task/profile.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <strings.h>

enum { FORWARDED_MAX = 32 * 1024 };

static struct guest *guest_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void request_connection(void *cls, struct MHD_Connection *conn, void **context,
                        enum MHD_ConnectionNotificationCode code)
{
    struct http *h = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        METRIC_ADD(h->parts.metrics, METRIC_HTTP_CONNECTIONS, -1);
        heads_leave(*context);
        *context = NULL;
        return;
    }
    METRIC_ADD(h->parts.metrics, METRIC_HTTP_CONNECTIONS, 1);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        *context = heads_enter(h->heads, info->connect_fd);
}

/* Every path of ours is made of plain parts. A NUL would end it early for us and not for others; an
 * escaped slash is one for us and a letter for others. */
static bool odd_path(const char *uri)
{
    size_t n = strcspn(uri, "?");
    for (const char *p = uri; (p = memchr(p, '%', n - (size_t)(p - uri))); p++)
        if (strncmp(p, "%00", 3) == 0 || strncasecmp(p, "%2f", 3) == 0)
            return true;
    return false;
}

void *request_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
    struct request *r = mem_new(sizeof(*r));
    r->http = cls;
    r->conn = conn;
    r->arena = arena_new();
    id_make(r->id);
    r->begun_us = clock_mono_us();
    r->linger_fd = -1;
    r->status = strlen(uri) > URI_MAX ? 414 : odd_path(uri) ? 404 : 0;
    r->guest = guest_of(conn);
    if (r->guest)
        heads_line(r->guest);
    atomic_fetch_add(&r->http->running, 1);
    METRIC_ADD(r->http->parts.metrics, METRIC_HTTP_RUNNING, 1);
    return r;
}

/* What has ended is counted. Methods and paths that are no route of ours are one. */
static void count(const struct request *r, int64_t took_us)
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

void request_done(void *cls, struct MHD_Connection *conn, void **con_cls,
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
    count(r, took_us);
    if (r->guest)
        heads_body(r->guest, false);
    if (r->linger_fd >= 0)
        parting_add(h->parting, r->linger_fd);
    if (r->guest && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        heads_next(r->guest);
    if (r->answer)
        MHD_destroy_response(TAKE(r->answer));
    *con_cls = NULL;
    if (!carry_end(r))
        request_free(r);
    atomic_fetch_sub(&h->running, 1);
}

static void free_body(struct request *r)
{
    if (r->body)
        r->route->body->free(TAKE(r->body));
}

void request_free(struct request *r)
{
    free_body(r);
    arena_free(r->arena);
    free(r);
}

/* -- headers -- */

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

const char *request_query(struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, name);
}

int request_number(struct request *r, const char *name, int64_t min, int64_t max, int64_t *out,
                   struct err *e)
{
    const char *text;
    size_t len;
    if (MHD_lookup_connection_value_n(r->conn, MHD_GET_ARGUMENT_KIND, name, strlen(name), &text,
                                      &len) != MHD_YES)
        return 0;
    if (text && str_int64((struct str){text, len}, min, max, out))
        return 0;
    return max == INT64_MAX
               ? err_parameter(e, name, "a whole number from %" PRId64, min)
               : err_parameter(e, name, "a whole number from %" PRId64 " to %" PRId64, min, max);
}

static enum MHD_Result join_forwarded(void *cls, enum MHD_ValueKind kind, const char *key,
                                      const char *value)
{
    (void)kind;
    struct buf *b = cls;
    if (value && strcasecmp(key, "X-Forwarded-For") == 0)
        buf_printf(b, "%s%s", b->len ? "," : "", value);
    return MHD_YES;
}

/* The id that a client or a proxy before us gave the request is taken, so that one id leads through
 * everybody's logs. It is written into logs, headers and rows, so it is plain or it is not taken.
 */
static void id_of(struct request *r)
{
    const char *id = request_header(r, "X-Request-Id");
    size_t n = id ? strlen(id) : 0;
    if (n && n <= REQUEST_ID_MAX &&
        strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n)
        str_copy(r->id, sizeof(r->id), id);
}

static void address_of(struct request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *at = info ? info->client_addr : NULL;
    char peer[INET6_ADDRSTRLEN] = "-";
    if (at && at->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)at)->sin6_addr, peer,
                        sizeof(peer));
    else if (at && at->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)at)->sin_addr, peer,
                        sizeof(peer));
    /* a client may send such a field of its own; the proxy's comes behind it, in one line or two */
    AUTO(buf_clear) struct buf forwarded;
    buf_init(&forwarded, FORWARDED_MAX);
    r->proxied = address_is_proxy(peer, r->http->conf.trusted_proxies);
    const char *scheme = r->proxied ? request_header(r, "X-Forwarded-Proto") : NULL;
    r->secure = scheme && strcasecmp(scheme, "https") == 0;
    if (r->proxied)
        (void)MHD_get_connection_values(r->conn, MHD_HEADER_KIND, join_forwarded, &forwarded);
    address_read(r->address, sizeof(r->address), peer, r->http->conf.trusted_proxies,
                 forwarded.cut ? NULL : forwarded.p);
}

struct framing {
    const char *length, *coding;
    int lengths, codings;
    bool long_line;
};

static enum MHD_Result see_framing(void *cls, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
    (void)kind;
    struct framing *f = cls;
    f->long_line |= strlen(key) + (value ? strlen(value) : 0) > HEADER_LINE_MAX;
    if (strcasecmp(key, "Content-Length") == 0) {
        f->lengths++;
        f->length = value;
    } else if (strcasecmp(key, "Transfer-Encoding") == 0) {
        f->codings++;
        f->coding = value;
    }
    return MHD_YES;
}

/* How long the body is must be said once and plainly: what two programs on the way understand
 * differently is how requests are smuggled (RFC 9112, 6.1 and 11.2). */
static int check_framing(struct request *r, struct err *e)
{
    struct framing f = {0};
    (void)MHD_get_connection_values(r->conn, MHD_HEADER_KIND, see_framing, &f);
    if (f.long_line)
        return err_msg(e, MSG_HEADER_TOO_LONG, "a header line of over %d bytes", HEADER_LINE_MAX);
    r->length_bytes = f.codings ? -1 : 0;
    r->has_body = f.codings || (f.length && strcmp(f.length, "0") != 0);
    if (f.lengths + f.codings > 1 || (f.coding && strcasecmp(f.coding, "chunked") != 0) ||
        (f.length && !str_int64(str_of(f.length), 0, INT64_MAX, &r->length_bytes)))
        return err_msg(e, MSG_BAD_REQUEST, "the length of the body is told oddly");
    return 0;
}

static int check_length(const struct request *r, struct err *e)
{
    const struct body_ops *body = r->route->body;
    if (body && r->length_bytes > body->longest(r->http))
        return err_msg(e, body->too_long, "a body of %lld bytes", (long long)r->length_bytes);
    return 0;
}

/* All that can be wrong before the body is read. */
static int check_head(struct request *r, char allow[ALLOW_SIZE], struct err *e)
{
    int odd = r->status;
    r->status = 0;
    if (check_framing(r, e) < 0)
        return -1;
    if (odd == 414)
        return err_msg(e, MSG_URI_TOO_LONG, "an address of over %d bytes", URI_MAX);
    if (odd)
        return err_msg(e, MSG_NOT_FOUND, "a NUL or an escaped slash in the path");
    if (!str_utf8_clean(str_of(r->path))) /* no name of ours, and PostgreSQL takes none of it */
        return err_msg(e, MSG_NOT_FOUND, "the path is no clean UTF-8");
    r->route = route_find(r->http->routes, r->method, r->path, &r->rest, allow);
    if (!r->route)
        return err_msg(e, *allow ? MSG_METHOD_NOT_ALLOWED : MSG_NOT_FOUND, "no such route");
    return check_length(r, e);
}

/* Who asks, and the place for their clip: this may ask the store. */
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

/* Off the event threads, which never wait for a database that is not in this process. A request
 * without a body is admitted when it is run; another waits here, before its body is read. */
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

/* An answer before the body was read ends the connection; a body may be on its way. */
static enum MHD_Result answer_early(struct request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info && r->has_body)
        r->linger_fd = fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0);
    return answer_queue(r);
}

static const char *method_of(const struct request *r, const char *method)
{
    const char *real = request_header(r, "X-HTTP-Method-Override");
    const struct zone *zone = route_zone(r->http->routes, r->path);
    return real && strcmp(method, "POST") == 0 && zone && zone->method_override ? real : method;
}

/* Whether what costs so much is done in the pool. */
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
    if (r->guest)
        heads_whole(r->guest);
    r->path = arena_strdup(r->arena, url);
    r->method = arena_strdup(r->arena, method_of(r, method));
    r->lang = lang_accept(request_header(r, "Accept-Language"));
    id_of(r);
    address_of(r);
    r->window_ms = clock_mono_ms();
    int rc = check_head(r, allow, &e);
    r->uploads = rc == 0 && r->route->body && r->route->body->upload;
    METRIC_ADD(r->http->parts.metrics, METRIC_UPLOADS, r->uploads);
    if (rc == 0 && admit_waits(r)) {
        admit_later(r);
        return MHD_YES;
    }
    if (rc == 0 && admit(r, &e) == 0) {
        if (r->guest)
            heads_body(r->guest, r->has_body);
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

/* Too few bytes in a whole window. Only asked when bytes come: without any, the library's idle time
 * ends the connection. */
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
    /* What is refused already, or not looked at, is read on for a while, as most clients look for
     * an answer only when all is sent; more of it is not let in. */
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

void request_run(struct request *r)
{
    if (!r->admitted) {
        (void)admit(r, &r->fault);
        if (r->has_body) /* which is read now; what was refused is read on for a while */
            return;
    }
    if (r->fault.code && refuses(r))
        r->route->body->refuse(r);
    if (r->fault.code)
        answer_error(r, &r->fault);
    else
        r->route->run(r);
    free_body(r);     /* here, where it may wait for the disk */
    if (!r->answer) { /* the connection is resumed for an answer */
        struct err e;
        err_set(&e, ERR_SYSTEM, "a handler gave no answer");
        answer_error(r, &e);
    }
}

static enum MHD_Result on_end(struct request *r)
{
    struct err e;
    if (r->guest)
        heads_body(r->guest, false);
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
    request_run(r);
    return answer_queue(r);
}

enum MHD_Result request_access(void *cls, struct MHD_Connection *conn, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *data_bytes, void **con_cls)
{
    (void)cls, (void)conn, (void)version;
    struct request *r = *con_cls;
    if (r->answer)
        return answer_queue(r); /* back from the pool */
    if (!r->method)
        return on_headers(r, url, method);
    if (r->head_again) { /* after a pause at the head, the library calls for the head anew */
        r->head_again = false;
        if (r->guest)
            heads_body(r->guest, true);
        return MHD_YES;
    }
    if (*data_bytes) {
        size_t n = *data_bytes;
        bool fed = r->carry == CARRY_PIECE;
        if (carry_piece(r, data, n))
            return MHD_YES;
        /* more may have come behind what was carried */
        size_t done = fed ? r->piece_bytes : n;
        *data_bytes = n - done;
        return on_piece(r, data, done, fed);
    }
    return on_end(r);
}
