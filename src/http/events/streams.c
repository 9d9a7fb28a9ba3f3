#include "http/events/streams.h"

#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/events/hub.h"
#include "http/server/answer.h"
#include "http/server/request.h"
#include "task/task.h"

/* Reads the id to continue after: the header that browsers send, or a parameter for other clients;
 * -1: none. */
static int read_after(struct request *r, int64_t *after, struct err *e)
{
    const char *name = "Last-Event-ID", *text = request_header(r, "Last-Event-ID");
    if (!text) {
        name = "last_event_id";
        text = request_query(r, "last_event_id");
    }
    *after = -1;
    if (text && *text && !str_int64(str_of(text), 0, INT64_MAX, after))
        return err_parameter(e, name, "a whole number from 0, the id of an event");
    return 0;
}

static void stream(struct request *r, int64_t task_id)
{
    struct err e;
    int64_t after;
    struct MHD_Response *response = NULL;
    if (read_after(r, &after, &e) == 0)
        response = hub_stream(r->http->hub, r->conn, r->watched, &r->caller, task_id, after, &e);
    if (!response) {
        answer_error(r, &e);
        if (e.code == ERR_RATE)
            answer_wait(r, 10);
        return;
    }
    answer_put(r, 200, response);
    r->listens = true;
    METRIC_ADD(r->http->parts.metrics, METRIC_EVENT_STREAMS, 1);
    answer_header(r, "Content-Type", "text/event-stream");
    answer_header(r, "Cache-Control", "no-store");
    answer_header(r, "X-Accel-Buffering", "no"); /* proxies pass each event on at once */
}

void events_all(struct request *r)
{
    stream(r, 0);
}

void events_task(struct request *r)
{
    struct task_row t;
    struct err e;
    int64_t id;
    if (!str_int64((struct str){r->rest, strcspn(r->rest, "/")}, 1, INT64_MAX, &id))
        err_msg(&e, MSG_TASK_NOT_FOUND, "no such task");
    else if (task_get(r->http->parts.tasks, r->arena, id, r->caller.user_id, &t, &e) == 0) {
        stream(r, id);
        return;
    } else if (e.code == ERR_MISSING)
        err_msg(&e, MSG_TASK_NOT_FOUND, "no such task");
    answer_error(r, &e);
}
