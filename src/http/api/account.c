#include "http/http_impl.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "health/health.h"
#include "store/store.h"

enum { READY_MAX = 64 * 1024 };

/* The body as an object of texts. Missing fields and nulls come out as NULL. */
static int read_fields(struct request *r, json_t **object, const char *const *names,
                       const char **values, int count, struct err *e)
{
    json_t *o = body_object(r, e);
    if (!o)
        return -1;
    for (int i = 0; i < count; i++) {
        const json_t *v = json_object_get(o, names[i]);
        if (v && !json_is_string(v) && !json_is_null(v)) {
            json_decref(o);
            return err_wrong(e, MSG_FIELD_TYPE, names[i], "a text");
        }
        values[i] = json_string_value(v);
    }
    *object = o;
    return 0;
}

void people_sign_up(struct request *r)
{
    static const char *const names[] = {"username", "email", "password1", "password2"};
    const char *v[4];
    struct err e;
    json_t *o = NULL;
    int64_t id;
    if (read_fields(r, &o, names, v, 4, &e) < 0 ||
        auth_sign_up(r->http->parts.auth, v[0], v[1], v[2], v[3], &id, &e) < 0)
        answer_error(r, &e);
    else
        answer_message(r, 201, MSG_USER_CREATED);
    json_decref(o);
}

static void put_log_ins_left(struct request *r, const char *username)
{
    int of, all_in_s;
    int left = auth_log_ins_left(r->http->parts.auth, username, r->address, &of, &all_in_s);
    answer_rate(r, &(struct rate){"login", of, 60, left, all_in_s});
}

void people_log_in(struct request *r)
{
    static const char *const names[] = {"username", "password"};
    const char *v[2] = {"", ""}, *token;
    struct err e;
    json_t *o = NULL;
    int wait_s = 0;
    if (read_fields(r, &o, names, v, 2, &e) < 0 ||
        auth_log_in(r->http->parts.auth, r->arena, v[0], v[1], r->address, &token, &wait_s, &e) <
            0) {
        answer_error(r, &e);
        if (wait_s)
            answer_wait(r, wait_s);
        if (e.msg == MSG_LOGIN_WRONG || e.msg == MSG_LOGIN_LIMITED)
            put_log_ins_left(r, v[0]);
    } else {
        answer_json(r, 200, json_pack("{s:s}", "token", token));
        put_log_ins_left(r, v[0]);
    }
    json_decref(o);
}

void people_pong(struct request *r)
{
    answer_message(r, 200, MSG_PONG);
}

void people_ping(struct request *r)
{
    answer_message(r, 200, MSG_OK);
}

void people_health(struct request *r)
{
    struct err e;
    if (store_ping(r->http->parts.store, &e) < 0) {
        log_error(r->http->parts.log, "database unreachable", "why", e.text);
        answer_json(r, 503,
                    json_pack("{s:s, s:s, s:s, s:s}", "status", "unhealthy", "database",
                              "disconnected", "error", msg_text(MSG_UNAVAILABLE, r->lang),
                              "request_id", r->id));
        answer_wait(r, 2);
        return;
    }
    json_t *o = json_pack("{s:s, s:s}", "status", "healthy", "database", "connected");
    const char *missing = r->http->parts.jail_missing;
    if (missing && *missing)
        json_object_set_new(o, "jail_missing", json_string(missing));
    answer_json(r, 200, o);
}

void people_ready(struct request *r)
{
    struct health_ready ready;
    struct buf b;
    buf_init(&b, READY_MAX);
    health_ready(r->http->parts.health, &ready);
    health_ready_json(&ready, r->id, &b);
    answer_text(r, ready.ready ? 200 : 503, TAKE(b.p));
    if (!ready.ready)
        answer_wait(r, 2);
}

void people_metrics(struct request *r)
{
    struct buf b;
    buf_init(&b, HEALTH_TEXT_MAX);
    health_metrics(r->http->parts.health, &b);
    r->answer_bytes = (int64_t)b.len;
    answer_put(r, 200, MHD_create_response_from_buffer(b.len, TAKE(b.p), MHD_RESPMEM_MUST_FREE));
    answer_header(r, "Content-Type", metrics_type);
    answer_header(r, "Cache-Control", "no-store");
}
