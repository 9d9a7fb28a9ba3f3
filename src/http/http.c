/* Plan: libmicrohttpd calls access_handler once when the headers are there, then for each piece of
 * the body, then once at its end.
 *   headers: route, token, declared length: what can be refused is refused before the body is read
 *   pieces:  JSON into a bounded buffer, an upload into the form
 *   end:     quick handlers run here; slow ones in the pool while the connection is suspended
 * request_done logs the one line of a request and frees it. */
#include "http/http_impl.h"

#include "core/clock.h"
#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { POOL_THREADS = 4, CONNECTION_MEMORY = 32 * 1024, STOP_POLL_MS = 10 };

static void address_of(struct request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || getnameinfo(info->client_addr, sizeof(struct sockaddr_in6), r->address,
                             sizeof(r->address), NULL, 0, NI_NUMERICHOST) != 0)
        str_copy(r->address, sizeof(r->address), "-");
}

static void *uri_log(void *cls, const char *uri, struct MHD_Connection *conn)
{
    struct request *r = mem_new(sizeof(*r));
    r->http = cls;
    r->conn = conn;
    r->arena = arena_new();
    id_make(r->id);
    r->begun_ms = clock_mono_ms();
    r->linger_fd = -1;
    /* a NUL would end the path early for us and not for others */
    r->status = strlen(uri) > URI_MAX ? 414 : strstr(uri, "%00") ? 404 : 0;
    atomic_fetch_add(&r->http->running, 1);
    return r;
}

static void request_done(void *cls, struct MHD_Connection *conn, void **con_cls,
                         enum MHD_RequestTerminationCode how)
{
    (void)conn;
    struct http *h = cls;
    struct request *r = *con_cls;
    if (!r)
        return;
    form_clear(r);
    if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK && !r->queued)
        r->status = 0;
    log_info(h->parts.log, "request", "method", r->method, "path", r->path, "status", r->status,
             "bytes", r->answer_bytes, "ms", clock_mono_ms() - r->begun_ms, "user",
             r->caller.username, "address", r->address, "request", r->id);
    if (r->linger_fd >= 0)
        parting_add(h->parting, r->linger_fd);
    if (r->answer)
        MHD_destroy_response(r->answer);
    buf_clear(&r->body);
    arena_free(r->arena);
    free(r);
    *con_cls = NULL;
    atomic_fetch_sub(&h->running, 1);
}

static enum MHD_Result refuse(struct request *r, const struct err *e)
{
    /* a body may be on its way */
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info && r->route && r->route->body != BODY_NONE)
        r->linger_fd = fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0);
    answer_error(r, e);
    return answer_queue(r);
}

/* The declared length, -1 when chunked or not said. */
static int64_t declared(struct request *r)
{
    int64_t n;
    const char *text = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Content-Length");
    return text && str_int64(str_of(text), 0, INT64_MAX, &n) ? n : -1;
}

/* A multipart body is a little longer than its file. */
enum { FORM_EXTRA = 64 * 1024 };

static int check_length(struct request *r, struct err *e)
{
    int64_t n = declared(r);
    if (r->route->body == BODY_CLIP && n > r->http->conf.max_upload + FORM_EXTRA)
        return err_msg(e, MSG_FILE_TOO_LARGE, "upload of %lld bytes", (long long)n);
    if (r->route->body == BODY_JSON && n > JSON_BODY_MAX)
        return err_msg(e, MSG_TOO_LARGE, "body of %lld bytes", (long long)n);
    return 0;
}

static enum MHD_Result on_headers(struct request *r, const char *url, const char *method)
{
    struct err e = {0};
    r->method = arena_strdup(r->arena, method);
    r->path = arena_strdup(r->arena, url);
    r->lang = lang_accept(MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Accept-Language"));
    address_of(r);
    if (r->status) {
        int status = r->status;
        err_msg(&e, status == 404 ? MSG_NOT_FOUND : MSG_BAD_REQUEST, "address too long, or a NUL");
        answer_error(r, &e);
        r->status = status;
        return answer_queue(r);
    }
    char allow[128];
    r->route = route_find(r->method, r->path, &r->rest, allow);
    if (!r->route && strcmp(method, "OPTIONS") == 0 && *allow) {
        r->answer = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        r->status = 204;
        answer_header(r, "Allow", allow);
        return answer_queue(r);
    }
    if (!r->route) {
        err_msg(&e, *allow ? MSG_METHOD_NOT_ALLOWED : MSG_NOT_FOUND, "no such route");
        answer_error(r, &e);
        if (*allow)
            answer_header(r, "Allow", allow);
        return answer_queue(r);
    }
    if (r->route->token &&
        auth_check(r->http->parts.auth, r->arena,
                   MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Authorization"),
                   &r->caller, &e) < 0)
        return refuse(r, &e);
    if (check_length(r, &e) < 0)
        return refuse(r, &e);
    buf_init(&r->body, JSON_BODY_MAX);
    if (r->route->body == BODY_CLIP && form_begin(r, &e) < 0)
        return refuse(r, &e);
    return MHD_YES;
}

static enum MHD_Result on_piece(struct request *r, const char *data, size_t len_bytes)
{
    r->body_bytes += (int64_t)len_bytes;
    if (r->route->body == BODY_CLIP)
        form_feed(r, data, len_bytes);
    else if (r->route->body == BODY_JSON)
        buf_put(&r->body, data, len_bytes);
    /* what is refused already is read on for a while, so that the answer is seen, then cut off */
    bool refused = r->fault.code || r->body.cut || r->route->body == BODY_NONE;
    if (!refused)
        r->answer_bytes = 0;
    else if ((r->answer_bytes += (int64_t)len_bytes) > DRAIN_MAX)
        return MHD_NO;
    return MHD_YES;
}

static void run_slow(struct request *r)
{
    r->route->run(r);
    if (!r->answer) { /* the connection is resumed for an answer */
        struct err e;
        err_set(&e, ERR_SYSTEM, "a handler gave no answer");
        answer_error(r, &e);
    }
}

static enum MHD_Result on_end(struct request *r)
{
    struct err e;
    r->answer_bytes = 0;
    if (r->body.cut) {
        err_msg(&e, MSG_TOO_LARGE, "body over %d bytes", JSON_BODY_MAX);
        return refuse(r, &e);
    }
    /* the last piece of a form is only certain once the post processor has ended */
    if (r->form && MHD_destroy_post_processor(TAKE(r->form)) != MHD_YES && !r->fault.code)
        err_msg(&r->fault, r->upload ? MSG_UPLOAD_CUT : MSG_NO_FILE_PART,
                "upload: the multipart body has no end");
    if (r->route->slow) {
        MHD_suspend_connection(r->conn);
        pool_put(r->http->pool, r);
        return MHD_YES;
    }
    r->route->run(r);
    return answer_queue(r);
}

static enum MHD_Result access_handler(void *cls, struct MHD_Connection *conn, const char *url,
                                      const char *method, const char *version, const char *data,
                                      size_t *data_bytes, void **con_cls)
{
    (void)cls, (void)conn, (void)version;
    struct request *r = *con_cls;
    if (r->answer)
        return answer_queue(r); /* back from the pool */
    if (!r->method)
        return on_headers(r, url, method);
    if (*data_bytes) {
        size_t n = *data_bytes;
        *data_bytes = 0;
        return on_piece(r, data, n);
    }
    return on_end(r);
}

/* -- start and stop -- */

/* "127.0.0.1:8000", "[::1]:8000", "[::]:0" */
static int listen_on(const char *text, int *port, struct err *e)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    int64_t number;
    if (!colon || !str_int64(str_of(colon + 1), 0, 65535, &number))
        return err_set(e, ERR_INPUT, "listen: \"%s\" is not address:port", text);
    size_t n = (size_t)(colon - text);
    bool six = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    snprintf(host, sizeof(host), "%.*s", (int)(six ? n - 2 : n), six ? text + 1 : text);
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int r = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &list);
    if (r != 0)
        return err_set(e, ERR_INPUT, "listen: %s: %s", text, gai_strerror(r));
    const int yes = 1, no = 0;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && list->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof(at);
    bool ok = fd >= 0 && bind(fd, list->ai_addr, list->ai_addrlen) == 0 &&
              listen(fd, SOMAXCONN) == 0 && getsockname(fd, (struct sockaddr *)&at, &size) == 0;
    freeaddrinfo(list);
    if (!ok) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return err_set(e, ERR_SYSTEM, "listen: %s: %s", text, strerror(why));
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname has filled it */
    *port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                           : ((struct sockaddr_in *)&at)->sin_port);
    return fd;
}

int http_start(struct http **out, const struct conf *c, const struct http_parts *parts,
               struct err *e)
{
    AUTO(freep) struct http *h = mem_new(sizeof(*h));
    h->parts = *parts;
    h->conf = *c;
    int fd = listen_on(c->listen, &h->port, e);
    if (fd < 0)
        return -1;
    if (pool_start(&h->pool, POOL_THREADS, run_slow, e) < 0 || parting_start(&h->parting, e) < 0) {
        pool_stop(h->pool);
        close(fd);
        return -1;
    }
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, access_handler, h,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)c->http_threads,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)c->connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((c->idle_ms + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, uri_log, h,
        MHD_OPTION_NOTIFY_COMPLETED, request_done, h, MHD_OPTION_END);
    if (!h->daemon) {
        close(fd);
        pool_stop(h->pool);
        parting_stop(h->parting);
        return err_set(e, ERR_SYSTEM, "http: the server does not start");
    }
    *out = TAKE(h);
    return 0;
}

int http_port(const struct http *h)
{
    return h->port;
}

void http_stop(struct http *h, int64_t drain_ms)
{
    if (!h)
        return;
    MHD_socket fd = MHD_quiesce_daemon(h->daemon);
    int64_t end = clock_mono_ms() + drain_ms;
    while (atomic_load(&h->running) > 0 && clock_mono_ms() < end)
        usleep(STOP_POLL_MS * 1000);
    pool_stop(h->pool); /* every suspended connection is resumed by then */
    MHD_stop_daemon(h->daemon);
    parting_stop(h->parting);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    free(h);
}
