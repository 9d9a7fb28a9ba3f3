#include "http/http_impl.h"

#include "core/log.h"

/* The one table from code to status; a few messages have a status of their own. */
static int status_of(const struct err *e)
{
    static const int table[] = {
        [ERR_NONE] = 200,    [ERR_INPUT] = 400,    [ERR_STRANGER] = 401,  [ERR_DENIED] = 403,
        [ERR_MISSING] = 404, [ERR_CONFLICT] = 409, [ERR_TOO_LARGE] = 413, [ERR_UNSUPPORTED] = 415,
        [ERR_RATE] = 429,    [ERR_BUSY] = 503,     [ERR_FULL] = 507,      [ERR_STOPPED] = 503,
        [ERR_SYSTEM] = 500,
    };
    return e->msg == MSG_METHOD_NOT_ALLOWED ? 405 : table[e->code];
}

void answer_header(struct request *r, const char *name, const char *value)
{
    (void)MHD_add_response_header(r->answer, name, value);
}

static void put(struct request *r, int status, struct MHD_Response *answer)
{
    if (r->answer)
        MHD_destroy_response(r->answer);
    r->answer = answer;
    r->status = status;
}

void answer_json(struct request *r, int status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    size_t n = text ? strlen(text) : 0;
    r->answer_bytes = (int64_t)n;
    put(r, text ? status : 500, MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE));
    answer_header(r, "Content-Type", "application/json");
    answer_header(r, "Cache-Control", "no-store");
}

void answer_error(struct request *r, const struct err *e)
{
    const char *text = msg_text(e->msg, r->lang);
    json_t *o = json_pack("{s:s, s:s, s:s}", "message", text, "code", msg_slug(e->msg),
                          "request_id", r->id);
    if (e->code == ERR_STRANGER)
        json_object_set_new(o, "msg", json_string(text));
    answer_json(r, status_of(e), o);
    if (e->code == ERR_STRANGER)
        answer_header(r, "WWW-Authenticate", "Bearer");
    if (e->code == ERR_BUSY || e->code == ERR_STOPPED)
        answer_wait(r, 2);
    if (r->status >= 500)
        log_error(r->http->parts.log, "request failed", "request", r->id, "code",
                  err_code_name(e->code), "why", e->text);
}

void answer_wait(struct request *r, int seconds)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", seconds);
    answer_header(r, "Retry-After", text);
}

void answer_message(struct request *r, int status, enum msg m)
{
    answer_json(r, status, json_pack("{s:s}", "message", msg_text(m, r->lang)));
}

enum MHD_Result answer_queue(struct request *r)
{
    if (!r->answer) {
        struct err e;
        err_set(&e, ERR_SYSTEM, "a handler gave no answer");
        answer_error(r, &e);
    }
    answer_header(r, "X-Request-Id", r->id);
    answer_header(r, "X-Content-Type-Options", "nosniff");
    answer_header(r, "Referrer-Policy", "no-referrer");
    if (!MHD_get_response_header(r->answer, "Content-Security-Policy"))
        answer_header(r, "Content-Security-Policy", "default-src 'none'; sandbox");
    enum MHD_Result result = MHD_queue_response(r->conn, (unsigned)r->status, r->answer);
    r->queued = result == MHD_YES;
    MHD_destroy_response(r->answer);
    r->answer = NULL;
    return result;
}
