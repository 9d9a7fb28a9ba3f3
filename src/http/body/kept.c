/* Bodies that are kept in memory unparsed, up to a limit. */
#include "http/body/kept.h"

#include "core/mem.h"
#include "http/server/request.h"
#include "task/profile.h"

enum { JSON_BODY_MAX = 64 * 1024 };

static int64_t kept_longest_json(const struct http *h)
{
    (void)h;
    return JSON_BODY_MAX;
}

static int64_t kept_longest_logo(const struct http *h)
{
    (void)h;
    return LOGO_BYTES_MAX;
}

static int kept_begin(struct request *r, struct err *e)
{
    (void)e;
    struct buf *b = r->body = mem_new(sizeof(*b));
    buf_init(b, (size_t)r->route->body->longest(r->http));
    return 0;
}

static void kept_feed(struct request *r, const char *data, size_t len_bytes)
{
    struct buf *b = r->body;
    buf_put(b, data, len_bytes);
    if (b->cut && !r->fault.code)
        err_msg(&r->fault, MSG_TOO_LARGE, "body over %lld bytes",
                (long long)r->route->body->longest(r->http));
}

static void kept_free(void *body)
{
    buf_clear(body);
    free(body);
}

const struct body_ops body_json = {.longest = kept_longest_json,
                                   .too_long = MSG_TOO_LARGE,
                                   .begin = kept_begin,
                                   .feed = kept_feed,
                                   .free = kept_free};
const struct body_ops body_logo = {.longest = kept_longest_logo,
                                   .too_long = MSG_TOO_LARGE,
                                   .begin = kept_begin,
                                   .feed = kept_feed,
                                   .free = kept_free};

struct str body_bytes(const struct request *r)
{
    const struct buf *b = r->body;
    return (struct str){b->p ? b->p : "", b->len};
}

json_t *body_object(const struct request *r, struct err *e)
{
    struct str text = body_bytes(r);
    json_error_t where;
    json_t *o = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &where);
    if (json_is_object(o))
        return o;
    err_msg(e, MSG_JSON_BAD, "json: %s", o ? "not an object" : where.text);
    json_decref(o);
    return NULL;
}
