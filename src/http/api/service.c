/* The routes for machines: is the service alive, is it ready, what are its metrics. */
#include "http/api/api.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "health/health.h"
#include "http/server/answer.h"
#include "http/server/request.h"

enum { READY_MAX = 64 * 1024 };

void service_pong(struct request *r)
{
    answer_message(r, 200, MSG_PONG);
}

void service_ping(struct request *r)
{
    answer_message(r, 200, MSG_OK);
}

void service_health(struct request *r)
{
    struct err e;
    if (health_database(r->http->parts.health, &e) < 0) {
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

void service_ready(struct request *r)
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

void service_metrics(struct request *r)
{
    struct buf b;
    buf_init(&b, HEALTH_TEXT_MAX);
    health_metrics(r->http->parts.health, &b);
    r->answer_bytes = (int64_t)b.len;
    answer_put(r, 200, MHD_create_response_from_buffer(b.len, TAKE(b.p), MHD_RESPMEM_MUST_FREE));
    answer_header(r, "Content-Type", metrics_type);
    answer_header(r, "Cache-Control", "no-store");
}
