/* Plan: how reels are made, for admins: show, change and preview the profile; store logos. Each
 * change makes the next version. Two concurrent changes are made one after the other; the second
 * applies to the result of the first. */
#include "http/api/api.h"

#include "core/mem.h"
#include "core/profile.h"
#include "core/profile_json.h"
#include "http/body/kept.h"
#include "http/server/answer.h"
#include "http/server/request.h"
#include "task/profile.h"

enum { TRIES = 5 };
static const char LOGO_ALLOWED[] = "the id of a logo that was sent to /api/admin/logos, or null";

/* Whether there is another logo than the built-in mark, as this process has its settings. */
static bool has_logo(const struct request *r, const struct profile_row *p)
{
    return p->logo_kind == LOGO_OWN || (p->logo_kind == LOGO_SETTING && *r->http->conf.logo);
}

static json_t *profile_object(const struct request *r, const struct profile_row *p)
{
    json_t *o = profile_json(&p->profile);
    bool own = p->logo_kind == LOGO_OWN;
    json_object_set_new(o, "version", json_integer((json_int_t)p->version));
    json_object_set_new(o, "logo", json_boolean(has_logo(r, p)));
    json_object_set_new(o, "logo_id", own ? json_string(p->logo) : json_null());
    json_object_set_new(o, "created", json_time(p->created_ms));
    return o;
}

void profile_get(struct request *r)
{
    struct tasks *t = r->http->parts.tasks;
    struct profile_row p;
    struct err e;
    int64_t version = 0;
    const char *asked = request_query(r, "version");
    if (request_number(r, "version", 0, INT64_MAX, &version, &e) < 0 ||
        (asked ? task_profile_get(t, r->arena, version, &p, &e)
               : task_profile_newest(t, r->arena, &p, &e)) < 0) {
        answer_error(r, &e);
    } else {
        json_t *o = profile_object(r, &p);
        json_object_set_new(o, "ranges", profile_ranges_json());
        answer_json(r, 200, o);
    }
}

/* "logo": an id; null or false: the built-in one. Absent, or as returned by GET: unchanged. */
static int read_logo(const struct request *r, const json_t *v, struct profile_row *p, struct err *e)
{
    if (!v || json_is_true(v) || (json_is_false(v) && !has_logo(r, p)))
        return 0;
    if (!json_is_string(v) && !json_is_null(v) && !json_is_false(v))
        return err_wrong(e, MSG_FIELD_TYPE, "logo", "%s", LOGO_ALLOWED);
    p->logo_kind = json_is_string(v) ? LOGO_OWN : LOGO_MARK;
    p->logo = json_is_string(v) ? json_string_value(v) : "";
    if (p->logo_kind == LOGO_OWN && (!*p->logo || strlen(p->logo) > LOGO_ID_MAX))
        return err_msg(e, MSG_LOGO_NOT_FOUND, "no logo has such an id");
    return 0;
}

/* Reads the newest version and applies the values of o; *newest is the version before the change.
 * The logo's id lives as long as o. */
static int profile_read_change(struct request *r, const json_t *o, struct profile_row *newest,
                               struct profile_row *p, struct err *e)
{
    if (task_profile_newest(r->http->parts.tasks, r->arena, newest, e) < 0)
        return -1;
    *p = *newest;
    return profile_from_json(o, &p->profile, e) < 0
               ? -1
               : read_logo(r, json_object_get(o, "logo"), p, e);
}

static bool profile_row_same(const struct profile_row *a, const struct profile_row *b)
{
    return profile_same(&a->profile, &b->profile) && a->logo_kind == b->logo_kind &&
           strcmp(a->logo, b->logo) == 0;
}

/* *made false: nothing is different, and the newest version stays. */
static int profile_change(struct request *r, const json_t *o, struct profile_row *p, bool *made,
                          struct err *e)
{
    for (int i = 0; i < TRIES; i++) {
        struct profile_row newest;
        struct err why;
        if (profile_read_change(r, o, &newest, p, e) < 0)
            return -1;
        *made = !profile_row_same(p, &newest);
        if (!*made || task_profile_add(r->http->parts.tasks, p, &why) == 0)
            return 0;
        if (why.code != ERR_CONFLICT) {
            *e = why;
            return -1;
        }
    }
    return err_set(e, ERR_BUSY, "the profile is being changed by others all the time");
}

/* The store reports only that the logo does not exist; it may have been deleted just now. */
static void profile_refuse(struct request *r, struct err *e)
{
    if (e->msg == MSG_LOGO_NOT_FOUND)
        err_field(e, "logo", "%s", LOGO_ALLOWED);
    answer_error(r, e);
}

void profile_put(struct request *r)
{
    struct profile_row p;
    struct err e;
    bool made;
    json_t *o = body_object(r, &e);
    if (!o || profile_change(r, o, &p, &made, &e) < 0)
        profile_refuse(r, &e);
    else
        answer_json(r, made ? 201 : 200, profile_object(r, &p));
    json_decref(o);
}

void profile_preview(struct request *r)
{
    const struct http_parts *h = &r->http->parts;
    struct profile_row newest, p;
    struct err e;
    void *jpeg = NULL;
    size_t n = 0;
    json_t *o = body_object(r, &e);
    if (!o || profile_read_change(r, o, &newest, &p, &e) < 0 ||
        h->logo_show(h->logos, &p, &jpeg, &n, &e) < 0) {
        profile_refuse(r, &e);
    } else {
        r->answer_bytes = (int64_t)n;
        answer_put(r, 200, MHD_create_response_from_buffer(n, jpeg, MHD_RESPMEM_MUST_FREE));
        answer_header(r, "Content-Type", "image/jpeg");
        answer_header(r, "Cache-Control", "no-store");
    }
    json_decref(o);
}

/* The media type without its parameters. */
static bool is_type(const char *header, const char *type)
{
    size_t n = strlen(type);
    return header && strncasecmp(header, type, n) == 0 && (!header[n] || strchr("; \t", header[n]));
}

static int take_logo(struct request *r, char id[ID_SIZE], struct err *e)
{
    const struct http_parts *h = &r->http->parts;
    const char *type = request_header(r, "Content-Type");
    if (!is_type(type, "image/png") && !is_type(type, "image/jpeg"))
        return err_wrong(e, MSG_LOGO_TYPE, "Content-Type", "image/png, image/jpeg");
    struct str picture = body_bytes(r);
    if (!picture.len)
        return err_msg(e, MSG_EMPTY_FILE, "logo: no bytes");
    if (h->logo_look(h->logos, picture.p, picture.len, e) < 0)
        return -1;
    return task_logo_add(h->tasks, picture.p, picture.len, id, e);
}

void profile_logo(struct request *r)
{
    char id[ID_SIZE];
    struct err e;
    if (take_logo(r, id, &e) < 0)
        answer_error(r, &e);
    else
        answer_json(r, 201, json_pack("{s:s}", "logo", id));
}
