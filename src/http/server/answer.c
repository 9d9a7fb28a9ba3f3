/* Plan: the one table that maps errors to statuses; JSON answers; the headers of every answer; and
 * the answer in mid-body, which is written to the socket past the library. */
#include "http/server/answer.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/reel_json.h"
#include "core/str.h"
#include "http/server/cors.h"
#include "http/server/request.h"
#include "http/server/sorry.h"
#include "task/quota.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/socket.h>

enum { CUT_ANSWER_MAX = 4096 };

/* The one table from code to status; a few messages have a status of their own. */
static int status_of(const struct err *e)
{
    static const int table[] = {
        [ERR_NONE] = 200,    [ERR_INPUT] = 400,    [ERR_STRANGER] = 401,  [ERR_DENIED] = 403,
        [ERR_MISSING] = 404, [ERR_CONFLICT] = 409, [ERR_TOO_LARGE] = 413, [ERR_UNSUPPORTED] = 415,
        [ERR_RATE] = 429,    [ERR_BUSY] = 503,     [ERR_FULL] = 507,      [ERR_STOPPED] = 503,
        [ERR_SYSTEM] = 500,
    };
    switch (e->msg) {
    case MSG_METHOD_NOT_ALLOWED:
        return 405;
    case MSG_UPLOAD_GONE:
        return 410;
    case MSG_TUS_VERSION:
        return 412;
    case MSG_UPLOAD_TAKEN:
        return 423;
    case MSG_CHECKSUM_WRONG:
        return 460; /* of tus */
    case MSG_BODY_SLOW:
        return 408;
    case MSG_URI_TOO_LONG:
        return 414;
    case MSG_HEADER_TOO_LONG:
        return 431;
    default:
        return table[e->code];
    }
}

void answer_header(struct request *r, const char *name, const char *value)
{
    (void)MHD_add_response_header(r->answer, name, value);
}

void answer_put(struct request *r, int status, struct MHD_Response *answer)
{
    if (r->answer)
        MHD_destroy_response(r->answer);
    r->answer = answer;
    r->status = status;
}

static void answer_put_text(struct request *r, int status, char *text, const char *type)
{
    size_t n = text ? strlen(text) : 0;
    r->answer_bytes = (int64_t)n;
    answer_put(r, text ? status : 500,
               MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE));
    answer_header(r, "Content-Type", type);
    answer_header(r, "Cache-Control", "no-store");
}

void answer_text(struct request *r, int status, char *text)
{
    answer_put_text(r, status, text, "application/json");
}

void answer_json(struct request *r, int status, json_t *body)
{
    answer_text(r, status, json_dumps(body, JSON_FORM));
    json_decref(body);
}

/* The body of an error; free() it. */
static char *error_text(const struct request *r, const struct err *e)
{
    char text[MSG_SAID_MAX];
    msg_say(e->msg, r->lang, err_named(e), text, sizeof(text));
    json_t *o = json_pack("{s:s, s:s, s:s}", "message", text, "code", msg_slug(e->msg),
                          "request_id", r->id);
    if (e->code == ERR_STRANGER)
        json_object_set_new(o, "msg", json_string(text));
    if (*e->parameter) {
        json_object_set_new(o, "parameter", json_string(e->parameter));
        json_object_set_new(o, "allowed", json_string(e->allowed));
    }
    char *out = json_dumps(o, JSON_FORM);
    json_decref(o);
    return out ? out : mem_strdup("{}");
}

json_t *json_time(int64_t unix_ms)
{
    char when[CLOCK_ISO_SIZE];
    if (!unix_ms)
        return json_null();
    clock_iso(unix_ms, when);
    return json_string(when);
}

void answer_error(struct request *r, const struct err *e)
{
    char *page = sorry_page(r, e, status_of(e));
    if (page) {
        answer_put_text(r, status_of(e), page, "text/html; charset=utf-8");
        answer_header(r, "Content-Security-Policy", SORRY_POLICY);
    } else {
        answer_text(r, status_of(e), error_text(r, e));
    }
    if (sorry_may(r))
        answer_header(r, "Vary", "Accept, Accept-Language");
    if (e->code == ERR_STRANGER)
        answer_header(r, "WWW-Authenticate", "Bearer");
    if (e->code == ERR_BUSY || e->code == ERR_STOPPED)
        answer_wait(r, 2);
    if (e->msg == MSG_TASKS_LIMIT)
        answer_wait(r, (int)task_day_ends_s(r->http->parts.tasks));
    if (e->msg == MSG_UPLOADS_LIMITED)
        answer_wait(r, 60);
    if (r->status >= 500)
        log_error(r->http->parts.log, "request failed", "request", r->id, "code",
                  err_code_name(e->code), "why", e->text);
}

void answer_empty(struct request *r, int status)
{
    r->answer_bytes = 0;
    answer_put(r, status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void answer_wait(struct request *r, int seconds)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", seconds);
    answer_header(r, "Retry-After", text);
}

/* draft-ietf-httpapi-ratelimit-headers-10: lists of one item each. */
void answer_rate(struct request *r, const struct rate *rate)
{
    char text[96];
    snprintf(text, sizeof(text), "\"%s\";q=%" PRId64 ";w=%" PRId64, rate->name, rate->quota,
             rate->window_s);
    answer_header(r, "RateLimit-Policy", text);
    snprintf(text, sizeof(text), "\"%s\";r=%" PRId64 ";t=%" PRId64, rate->name,
             rate->left > 0 ? rate->left : 0, rate->reset_s);
    answer_header(r, "RateLimit", text);
}

void answer_message(struct request *r, int status, enum msg m)
{
    answer_json(r, status, json_pack("{s:s}", "message", msg_text(m, r->lang)));
}

/* What every answer carries beside X-Request-Id. */
static const struct {
    const char *name, *value;
} always[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"},
};

static void put_header(void *cls, const char *name, const char *value)
{
    answer_header(cls, name, value);
}

static void put_line(void *cls, const char *name, const char *value)
{
    buf_printf(cls, "%s: %s\r\n", name, value);
}

enum MHD_Result answer_queue(struct request *r)
{
    if (!r->answer) {
        struct err e;
        err_set(&e, ERR_SYSTEM, "a handler gave no answer");
        answer_error(r, &e);
    }
    answer_header(r, "X-Request-Id", r->id);
    for (size_t i = 0; i < LEN(always); i++)
        if (!MHD_get_response_header(r->answer, always[i].name))
            answer_header(r, always[i].name, always[i].value);
    cors_put(r, put_header, r);
    const struct zone *zone = route_zone(r->http->routes, r->path);
    for (size_t i = 0; zone && i < LEN(zone->headers) && zone->headers[i].name; i++)
        answer_header(r, zone->headers[i].name, zone->headers[i].value);
    if (atomic_load(&r->http->stopping))
        answer_header(r, "Connection", "close");
    enum MHD_Result result = MHD_queue_response(r->conn, (unsigned)r->status, r->answer);
    r->queued = result == MHD_YES;
    MHD_destroy_response(TAKE(r->answer));
    return result;
}

enum MHD_Result answer_cut(struct request *r, const struct err *e)
{
    int fd = request_socket(r);
    AUTO(buf_clear) struct buf b;
    AUTO(freep) char *body = error_text(r, e);
    r->status = status_of(e);
    buf_init(&b, CUT_ANSWER_MAX);
    buf_printf(&b,
               "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\nCache-Control: no-store\r\nX-Request-Id: %s\r\n",
               r->status, MHD_get_reason_phrase_for((unsigned)r->status), strlen(body), r->id);
    for (size_t i = 0; i < LEN(always); i++)
        put_line(&b, always[i].name, always[i].value);
    cors_put(r, put_line, &b);
    buf_printf(&b, "\r\n%s", body);
    /* nothing was sent before, so the socket has space for all of it */
    if (fd >= 0 && !b.cut && send(fd, b.p, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)b.len) {
        r->queued = true;
        r->answer_bytes = (int64_t)strlen(body);
        r->linger_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    return MHD_NO; /* the library closes its end */
}
