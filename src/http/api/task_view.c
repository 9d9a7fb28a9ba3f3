/* Turns a task into JSON: its row, the report of its attempt, and its place in the line. */
#include "http/api/api.h"

#include "auth/auth.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "http/server/request.h"
#include "task/task.h"

#include <string.h>

/* A signed absolute URL of a reel or poster: `kind` is "download" or "poster". */
static const char *link_of(struct request *r, const char *kind, const char *public_name)
{
    const char *path = arena_printf(r->arena, "/api/video/%s/%s", kind, public_name);
    const char *base = r->http->conf.public_url;
    const char *query = auth_link_sign(r->http->parts.auth, r->arena, path);
    if (*base) {
        size_t n = strlen(base);
        return arena_printf(r->arena, "%.*s%s?%s", (int)(base[n - 1] == '/' ? n - 1 : n), base,
                            path, query);
    }
    const char *host = request_header(r, "Host");
    size_t ok = host ? strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789.-:[]_")
                     : 0;
    if (!host || !*host || host[ok])
        return arena_printf(r->arena, "%s?%s", path, query);
    return arena_printf(r->arena, "%s://%s%s?%s", r->secure ? "https" : "http", host, path, query);
}

/* Translates the warnings of a report, which are stored without a language, for the caller. */
static json_t *say_warnings(const struct request *r, const json_t *report)
{
    json_t *all = json_array();
    size_t i;
    const json_t *w;
    json_array_foreach(json_object_get(report, "warnings"), i, w)
    {
        enum msg m;
        const char *code = json_string_value(json_object_get(w, "code"));
        if (code && msg_from_slug(code, &m))
            json_array_append_new(
                all, json_pack("{s:s, s:s}", "code", code, "message", msg_text(m, r->lang)));
    }
    return all;
}

/* What the attempt reported, from the row's JSON. */
static void add_report(const struct request *r, json_t *o, const struct task_row *t)
{
    json_t *report = *t->report ? json_loads(t->report, 0, NULL) : NULL;
    static const char *const names[][2] = {{"clip", "in"},
                                           {"reel", "out"},
                                           {"path", "path"},
                                           {"reason", "reason"},
                                           {"receipt", "receipt"}};
    /* while a reel is made anew, only the clip's facts of the old report are true */
    bool made = t->state == TASK_PROCESSED;
    for (size_t i = 0; i < LEN(names); i++) {
        json_t *v = i == 0 || made ? json_object_get(report, names[i][1]) : NULL;
        json_object_set(o, names[i][0], v ? v : json_null());
    }
    json_object_set_new(o, "warnings", say_warnings(r, made ? report : NULL));
    json_decref(report);
    if (json_is_null(json_object_get(o, "clip")))
        json_object_set_new(o, "clip", json_pack("{s:I}", "bytes", (json_int_t)t->clip_bytes));
}

void task_put_place(struct request *r, const struct task_row *t, json_t *o)
{
    struct task_place p;
    struct err e;
    json_t *queue = NULL;
    if (task_place(r->http->parts.tasks, t, &p, &e) < 0)
        log_warn(r->http->parts.log, "the line could not be read", "task", t->id, "why", e.text);
    else if (p.known)
        queue = json_pack("{s:i, s:o}", "place", p.place, "seconds",
                          p.seconds < 0 ? json_null() : json_integer((json_int_t)p.seconds));
    json_object_set_new(o, "queue", queue ? queue : json_null());
}

/* Why it failed, or null. */
static json_t *error_json(const struct request *r, const struct task_row *t)
{
    enum msg m;
    if (t->state != TASK_FAILED || !msg_from_slug(t->error_slug, &m))
        return json_null();
    json_t *report = *t->report ? json_loads(t->report, 0, NULL) : NULL;
    const char *format = json_string_value(json_object_get(report, "format"));
    char said[MSG_SAID_MAX];
    msg_say(m, r->lang, format, said, sizeof(said));
    json_t *o = json_pack("{s:s, s:s}", "code", t->error_slug, "message", said);
    if (format && m == MSG_CODEC_UNSUPPORTED)
        json_object_set_new(o, "format", json_string(format));
    json_decref(report);
    return o;
}

json_t *task_json(struct request *r, const struct task_row *t)
{
    char when[CLOCK_HTTP_SIZE];
    clock_http(t->created_ms, when);
    bool done = t->state == TASK_PROCESSED;
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:f}", "task_id",
                          (json_int_t)t->id, "timestamp", when, "status", task_state_name(t->state),
                          "file_path", task_public_name(t->clip_blob), "download",
                          done ? link_of(r, "download", task_public_name(t->reel_blob))
                               : msg_text(MSG_NOT_READY, r->lang),
                          "progress", done ? 100 : t->progress, "file_name", t->file_name, "title",
                          t->title, "fit", fit_name(t->fit), "start", (double)t->start_us / 1e6);
    json_object_set_new(o, "profile", json_integer((json_int_t)t->profile));
    bool poster = done && *t->poster_blob;
    json_object_set_new(o, "poster",
                        poster ? json_string(link_of(r, "poster", task_public_name(t->poster_blob)))
                               : json_null());
    json_object_set_new(o, "error", error_json(r, t));
    json_object_set_new(o, "retryable", json_boolean(task_retryable(t)));
    add_report(r, o, t);
    return o;
}
