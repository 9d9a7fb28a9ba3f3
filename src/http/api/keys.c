/* Plan: show the caller (/api/me) and what they may still do; make, list and delete their keys. */
#include "http/api/api.h"

#include "auth/account.h"
#include "core/mem.h"
#include "core/reel.h"
#include "core/sniff.h"
#include "core/str.h"
#include "http/body/kept.h"
#include "http/server/answer.h"
#include "http/server/request.h"
#include "task/profile.h"
#include "task/quota.h"

enum { EXPIRES_MAX_S = 10 * 366 * 24 * 3600 };

static json_t *json_scopes(unsigned scopes)
{
    json_t *a = json_array();
    for (unsigned bit = SCOPE_READ; bit <= SCOPE_ADMIN; bit <<= 1)
        if (scopes & bit)
            json_array_append_new(a, json_string(auth_scope_name(bit)));
    return a;
}

/* 0: no limit. */
static json_t *keys_limit(int64_t n)
{
    return n > 0 ? json_integer((json_int_t)n) : json_null();
}

/* The parts of the profile that a user must know: how much of a clip is shown, and how. */
static json_t *made_json(const struct profile *p)
{
    return json_pack("{s:f, s:f, s:s}", "bumper_s", (double)p->bumper_us / 1e6, "longest_s",
                     (double)p->longest_us / 1e6, "fit", fit_name(p->fit));
}

/* What to offer where a clip is chosen. */
static json_t *accept_json(void)
{
    json_t *a = json_array();
    for (const char *const *p = sniff_offers(); *p; p++)
        json_array_append_new(a, json_string(*p));
    return a;
}

void keys_me(struct request *r)
{
    struct user_row u;
    struct profile_row newest;
    struct err e;
    struct task_quota q;
    if (auth_user_get(r->http->parts.auth, r->arena, r->caller.user_id, &u, &e) < 0) {
        if (e.code == ERR_MISSING)
            err_msg(&e, MSG_TOKEN_BAD, "the user is gone");
        answer_error(r, &e);
        return;
    }
    if (task_profile_newest(r->http->parts.tasks, r->arena, &newest, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    task_quota_of(r->http->parts.tasks, &u, &q);
    json_t *quota = json_pack("{s:I, s:o, s:I, s:o}", "bytes_used", (json_int_t)q.bytes_used,
                              "bytes_limit", keys_limit(q.bytes_limit), "tasks_today",
                              (json_int_t)q.tasks_today, "tasks_limit", keys_limit(q.tasks_limit));
    json_t *limits =
        json_pack("{s:I, s:I, s:I}", "upload_bytes", (json_int_t)r->http->conf.max_upload,
                  "quota_bytes", (json_int_t)q.bytes_limit, "used_bytes", (json_int_t)q.bytes_used);
    answer_json(r, 200,
                json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)u.id,
                          "username", u.username, "email", u.email, "role",
                          u.admin ? "admin" : "user", "scopes", json_scopes(r->caller.scopes),
                          "quota", quota, "limits", limits, "profile", made_json(&newest.profile),
                          "accept", accept_json()));
}

void answer_tasks_left(struct request *r)
{
    struct user_row u;
    if (auth_user_get(r->http->parts.auth, r->arena, r->caller.user_id, &u, NULL) < 0)
        return;
    struct task_quota q;
    task_quota_of(r->http->parts.tasks, &u, &q);
    const struct rate rate = {"tasks", q.tasks_limit, TASK_DAY_S, q.tasks_limit - q.tasks_today,
                              task_day_ends_s(r->http->parts.tasks)};
    if (q.tasks_limit > 0)
        answer_rate(r, &rate);
}

struct key_options {
    const char *name;
    unsigned scopes;
    int64_t for_s; /* 0: for ever */
};

static int read_key(const json_t *o, struct key_options *w, struct err *e)
{
    const json_t *name = json_object_get(o, "name"), *scopes = json_object_get(o, "scopes"),
                 *expires = json_object_get(o, "expires_in"), *one;
    size_t i;
    *w = (struct key_options){.name = json_string_value(name)};
    if (!name || !scopes)
        return err_wrong(e, MSG_FIELDS_MISSING, name ? "scopes" : "name",
                         name ? "a list of texts" : "a text");
    if (!w->name)
        return err_wrong(e, MSG_FIELD_TYPE, "name", "a text");
    if (!json_is_array(scopes))
        return err_wrong(e, MSG_FIELD_TYPE, "scopes", "a list of texts");
    if (expires && !json_is_null(expires) && !json_is_integer(expires))
        return err_wrong(e, MSG_FIELD_TYPE, "expires_in", "a whole number, or null");
    json_array_foreach(scopes, i, one)
    {
        unsigned scope;
        if (!json_is_string(one))
            return err_wrong(e, MSG_FIELD_TYPE, "scopes", "a list of texts");
        if (!auth_scope_from_name(json_string_value(one), &scope))
            return auth_scopes_bad(e);
        w->scopes |= scope;
    }
    if (json_is_integer(expires)) {
        w->for_s = json_integer_value(expires);
        if (w->for_s < 1 || w->for_s > EXPIRES_MAX_S)
            return err_parameter(e, "expires_in", "1 to %d (seconds), or null", EXPIRES_MAX_S);
    }
    return 0;
}

void keys_add(struct request *r)
{
    struct err e;
    struct key_options w;
    struct auth_key key;
    json_t *o = body_object(r, &e);
    if (!o || read_key(o, &w, &e) < 0 ||
        auth_key_add(r->http->parts.auth, r->arena, &r->caller, w.name, w.scopes, w.for_s, &key,
                     &e) < 0) {
        answer_error(r, &e);
    } else {
        answer_json(r, 201,
                    json_pack("{s:I, s:s, s:o, s:o, s:o, s:s, s:s}", "id", (json_int_t)key.id,
                              "name", w.name, "scopes", json_scopes(w.scopes), "created",
                              json_time(key.created_ms), "expires", json_time(key.expires_ms),
                              "prefix", key.prefix, "key", key.text));
    }
    json_decref(o);
}

struct key_list {
    struct request *r;
    json_t *rows;
};

static int keys_add_row(void *arg, const struct key_row *k)
{
    struct key_list *l = arg;
    json_array_append_new(l->rows,
                          json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:s}", "id", (json_int_t)k->id,
                                    "name", k->name, "scopes", json_scopes(k->scopes), "created",
                                    json_time(k->created_ms), "expires", json_time(k->expires_ms),
                                    "last_used", json_time(k->used_ms), "prefix",
                                    auth_key_prefix(l->r->arena, k->id, k->hint)));
    return 0;
}

void keys_list(struct request *r)
{
    struct err e;
    struct key_list l = {r, json_array()};
    if (auth_key_list(r->http->parts.auth, r->caller.user_id, keys_add_row, &l, &e) < 0) {
        json_decref(l.rows);
        answer_error(r, &e);
        return;
    }
    answer_json(r, 200, json_pack("{s:o}", "data", l.rows));
}

void keys_delete(struct request *r)
{
    struct err e;
    int64_t id;
    if (!str_int64(str_of(r->rest), 1, INT64_MAX, &id))
        err_msg(&e, MSG_KEY_NOT_FOUND, "key: not a number");
    else if (auth_key_remove(r->http->parts.auth, id, r->caller.user_id, &e) == 0) {
        answer_empty(r, 204);
        return;
    }
    answer_error(r, &e);
}
