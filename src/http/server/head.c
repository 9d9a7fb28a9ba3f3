/* Plan: the first line; then the client and its wishes (head_read); then framing, path, route and
 * declared length (head_check), so that bad requests are refused before the body is read. */
#include "http/server/head.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/server/field.h"
#include "http/server/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

enum { FORWARDED_MAX = 32 * 1024, HEADER_LINE_MAX = 8 * 1024 };

/* Every path of ours is made of plain characters. A NUL would end the path early for us and not for
 * others; an escaped slash is a slash for us and a letter for others. */
static bool odd_path(const char *uri)
{
    size_t n = strcspn(uri, "?");
    for (const char *p = uri; (p = memchr(p, '%', n - (size_t)(p - uri))); p++)
        if (strncmp(p, "%00", 3) == 0 || strncasecmp(p, "%2f", 3) == 0)
            return true;
    return false;
}

int head_line_status(const char *uri)
{
    return strlen(uri) > URI_MAX ? 414 : odd_path(uri) ? 404 : 0;
}

static const char *method_of(const struct request *r, const char *method)
{
    const char *real = request_header(r, "X-HTTP-Method-Override");
    const struct zone *zone = route_zone(r->http->routes, r->path);
    return real && strcmp(method, "POST") == 0 && zone && zone->method_override ? real : method;
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

/* Takes the request id of a client or proxy, so that one id leads through everybody's logs. The id
 * gets into logs, headers and rows, so only an id of plain characters is taken. */
static void head_request_id(struct request *r)
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
    /* a client may send this field too; the proxy's value comes behind it, in the same line or
     * another */
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

void head_read(struct request *r, const char *url, const char *method)
{
    r->path = arena_strdup(r->arena, url);
    r->method = arena_strdup(r->arena, method_of(r, method));
    r->lang = lang_accept(request_header(r, "Accept-Language"));
    head_request_id(r);
    address_of(r);
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

/* The length of the body must be declared once and clearly: two programs that read it differently
 * allow request smuggling (RFC 9112, 6.1 and 11.2). */
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

static int head_check_length(const struct request *r, struct err *e)
{
    const struct body_ops *body = r->route->body;
    if (body && r->length_bytes > body->longest(r->http))
        return err_msg(e, body->too_long, "a body of %lld bytes", (long long)r->length_bytes);
    return 0;
}

int head_check(struct request *r, char allow[ALLOW_SIZE], struct err *e)
{
    int odd = r->status;
    r->status = 0;
    if (check_framing(r, e) < 0)
        return -1;
    if (odd == 414)
        return err_msg(e, MSG_URI_TOO_LONG, "an address of over %d bytes", URI_MAX);
    if (odd)
        return err_msg(e, MSG_NOT_FOUND, "a NUL or an escaped slash in the path");
    if (!str_utf8_clean(str_of(r->path))) /* no path of ours, and PostgreSQL refuses such text */
        return err_msg(e, MSG_NOT_FOUND, "the path is no clean UTF-8");
    r->route = route_find(r->http->routes, r->method, r->path, &r->rest, allow);
    if (!r->route)
        return err_msg(e, *allow ? MSG_METHOD_NOT_ALLOWED : MSG_NOT_FOUND, "no such route");
    return head_check_length(r, e);
}
