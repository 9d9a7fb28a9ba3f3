/* Plan: read the body into a row and check it; hook/own does the rest. A secret is shown when it is
 * made and never again. */
#include "http/api/api.h"

#include "core/mem.h"
#include "core/str.h"
#include "hook/own.h"
#include "http/body/kept.h"
#include "http/server/answer.h"
#include "http/server/request.h"

enum { PAGE_MAX = 1000, PAGE_USUAL = 100, DESCRIPTION_MAX = 200 };
/* -- reading -- */

/* The n-th star of the path as an id; 0: it is none, and no row has this id. */
static int64_t hooks_id(const struct request *r, int n)
{
    const char *p = r->rest;
    int64_t id;
    for (; n > 0 && p; n--) {
        p = strchr(p, '/');
        p = p ? strchr(p + 1, '/') : NULL;
        p = p ? p + 1 : NULL;
    }
    if (!p || !str_int64((struct str){p, strcspn(p, "/")}, 1, INT64_MAX, &id))
        return 0;
    return id;
}

static int kinds_bad(struct err *e)
{
    const char *names[EVENT_KINDS + 1] = {0};
    char all[ERR_ALLOWED_MAX];
    for (int i = 0; i < EVENT_KINDS; i++)
        names[i] = hook_event_name(i);
    return err_wrong(e, MSG_HOOK_EVENT_BAD, "events", "one or more of %s",
                     str_names(all, sizeof(all), names));
}

static int read_kinds(const json_t *list, unsigned *kinds, struct err *e)
{
    if (!json_is_array(list))
        return err_wrong(e, MSG_FIELD_TYPE, "events", "a list of texts, or null");
    *kinds = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        int kind = name ? hook_event_kind(name) : -1;
        if (kind < 0)
            return kinds_bad(e);
        *kinds |= 1u << kind;
    }
    return *kinds ? 0 : kinds_bad(e);
}

static int hooks_read_text(struct request *r, const char *name, const json_t *v, const char **out,
                           struct err *e)
{
    if (!json_is_string(v))
        return err_wrong(e, MSG_FIELD_TYPE, name, "a text");
    *out = arena_strdup(r->arena, json_string_value(v));
    return 0;
}

/* Changes what the body names. */
static int hooks_read_fields(struct request *r, const json_t *o, struct hook_row *h, struct err *e)
{
    const json_t *v;
    if ((v = json_object_get(o, "url"))) {
        if (hooks_read_text(r, "url", v, &h->url, e) < 0 ||
            hook_url_check(h->url, r->http->conf.hook_private, e) < 0)
            return -1;
    }
    v = json_object_get(o, "events");
    if (v && !json_is_null(v) && read_kinds(v, &h->kinds, e) < 0)
        return -1;
    v = json_object_get(o, "description");
    if (v && !json_is_null(v)) {
        if (hooks_read_text(r, "description", v, &h->description, e) < 0)
            return -1;
        if (strlen(h->description) > DESCRIPTION_MAX || !str_utf8_clean(str_of(h->description)))
            return err_parameter(e, "description", "up to %d bytes of UTF-8, no control characters",
                                 DESCRIPTION_MAX);
    }
    if ((v = json_object_get(o, "enabled"))) {
        if (!json_is_boolean(v))
            return err_wrong(e, MSG_FIELD_TYPE, "enabled", "true, false");
        h->enabled = json_is_true(v);
    }
    return 0;
}

static int hooks_read_body(struct request *r, struct hook_row *h, struct err *e)
{
    json_t *o = body_object(r, e);
    int rc = o ? hooks_read_fields(r, o, h, e) : -1;
    json_decref(o);
    return rc;
}

/* -- writing -- */

static json_t *hook_json(const struct hook_row *h)
{
    json_t *events = json_array();
    for (int i = 0; i < EVENT_KINDS; i++)
        if (h->kinds >> i & 1)
            json_array_append_new(events, json_string(hook_event_name(i)));
    return json_pack("{s:I, s:s, s:o, s:s, s:b, s:o}", "id", (json_int_t)h->id, "url", h->url,
                     "events", events, "description", h->description, "enabled", h->enabled,
                     "created", json_time(h->created_ms));
}

static int add_hook(void *arg, const struct hook_row *h)
{
    return json_array_append_new(arg, hook_json(h));
}

static int add_delivery(void *arg, const struct delivery_row *d)
{
    static const char *const states[] = {"waiting", "delivered", "dead"};
    bool waits = d->state == DELIVERY_WAITING;
    json_t *o =
        json_pack("{s:I, s:s, s:o, s:s, s:I, s:o, s:s?, s:o, s:o, s:o}", "id", (json_int_t)d->id,
                  "event", hook_event_name(d->kind), "task_id",
                  d->task_id ? json_integer((json_int_t)d->task_id) : json_null(), "state",
                  states[d->state], "attempts", (json_int_t)d->fence, "status",
                  d->status ? json_integer(d->status) : json_null(), "error",
                  *d->error ? d->error : NULL, "created", json_time(d->created_ms), "next_attempt",
                  waits ? json_time(d->next_ms) : json_null(), "ended", json_time(d->ended_ms));
    return json_array_append_new(arg, o);
}

/* -- routes -- */

static struct hooks *hooks_of(const struct request *r)
{
    return r->http->parts.hooks;
}

void hooks_add(struct request *r)
{
    struct err e;
    struct hook_row h = {.user_id = r->caller.user_id,
                         .description = "",
                         .kinds = hook_usual_kinds(),
                         .enabled = true};
    if (hooks_read_body(r, &h, &e) < 0 ||
        (!h.url && err_wrong(&e, MSG_FIELDS_MISSING, "url", "an http or https address") < 0) ||
        hook_add(hooks_of(r), r->arena, &h, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    json_t *o = hook_json(&h);
    json_object_set_new(o, "secret", json_string(h.secret));
    answer_json(r, 201, o);
}

void hooks_list(struct request *r)
{
    struct err e;
    json_t *list = json_array();
    if (hook_list(hooks_of(r), r->caller.user_id, add_hook, list, &e) < 0) {
        json_decref(list);
        answer_error(r, &e);
        return;
    }
    answer_json(r, 200, json_pack("{s:o}", "data", list));
}

static int hooks_find(struct request *r, struct hook_row *h, struct err *e)
{
    return hook_get(hooks_of(r), r->arena, hooks_id(r, 0), r->caller.user_id, h, e);
}

void hooks_get(struct request *r)
{
    struct err e;
    struct hook_row h;
    if (hooks_find(r, &h, &e) < 0)
        answer_error(r, &e);
    else
        answer_json(r, 200, hook_json(&h));
}

void hooks_change(struct request *r)
{
    struct err e;
    struct hook_row h;
    if (hooks_find(r, &h, &e) < 0 || hooks_read_body(r, &h, &e) < 0 ||
        hook_change(hooks_of(r), &h, &e) < 0)
        answer_error(r, &e);
    else
        answer_json(r, 200, hook_json(&h));
}

void hooks_delete(struct request *r)
{
    struct err e;
    if (hook_remove(hooks_of(r), hooks_id(r, 0), r->caller.user_id, &e) < 0)
        answer_error(r, &e);
    else
        answer_empty(r, 204);
}

void hooks_secret(struct request *r)
{
    struct err e;
    char secret[HOOK_SECRET_SIZE];
    if (hook_renew_secret(hooks_of(r), hooks_id(r, 0), r->caller.user_id, secret, &e) < 0)
        answer_error(r, &e);
    else
        answer_json(r, 200, json_pack("{s:s}", "secret", secret));
}

void hooks_test(struct request *r)
{
    struct err e;
    int64_t delivery;
    if (hook_test(hooks_of(r), hooks_id(r, 0), r->caller.user_id, &delivery, &e) < 0)
        answer_error(r, &e);
    else
        answer_json(r, 202, json_pack("{s:I}", "delivery", (json_int_t)delivery));
}

void hooks_deliveries(struct request *r)
{
    struct err e;
    int64_t max = PAGE_USUAL, after = 0;
    if (request_number(r, "max", 0, INT64_MAX, &max, &e) < 0 ||
        request_number(r, "after", 0, INT64_MAX, &after, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    json_t *list = json_array();
    if (hook_deliveries(hooks_of(r), hooks_id(r, 0), r->caller.user_id, after,
                        (int)(max < PAGE_MAX ? max : PAGE_MAX), add_delivery, list, &e) < 0) {
        json_decref(list);
        answer_error(r, &e);
        return;
    }
    answer_json(r, 200, json_pack("{s:o}", "data", list));
}

void hooks_replay(struct request *r)
{
    struct err e;
    int64_t delivery = hooks_id(r, 1);
    if (hook_replay(hooks_of(r), hooks_id(r, 0), r->caller.user_id, delivery, &e) < 0)
        answer_error(r, &e);
    else
        answer_json(r, 202, json_pack("{s:I}", "delivery", (json_int_t)delivery));
}
