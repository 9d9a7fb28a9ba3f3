#include "http/http_impl.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"

/* The number in a path or query; false when it is none. */
static bool number(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
    return text && str_int64((struct str){text, len}, min, max, out);
}

static bool task_id(const struct request *r, int64_t *id)
{
    return number(r->rest, strcspn(r->rest, "/"), 1, INT64_MAX, id);
}

static void no_such(struct request *r)
{
    struct err e;
    err_msg(&e, MSG_TASK_NOT_FOUND, "no such task");
    answer_error(r, &e);
}

int wish_read(const char *fit, const char *start, struct task_wish *w, struct err *e)
{
    w->fit = (enum fit)FIT_UNSAID;
    if (fit && !fit_from_name(fit, &w->fit))
        return task_fit_bad(e);
    if (start && !str_double(str_of(start), 0, TASK_START_MAX_S, &w->start_s))
        return task_start_bad(e);
    return 0;
}

/* The fields of the form as a wish. */
static int read_form(const struct request *r, struct task_wish *w, struct err *e)
{
    *w = (struct task_wish){.user_id = r->caller.user_id,
                            .request = r->id,
                            .file_name = form_file_name(r),
                            .title = form_field(r, FIELD_TITLE),
                            .idempotency_key = form_key(r)};
    return wish_read(form_field(r, FIELD_FIT), form_field(r, FIELD_START), w, e);
}

void tasks_add(struct request *r)
{
    struct err e;
    struct task_wish w;
    struct task_row row;
    bool existed;
    if (read_form(r, &w, &e) < 0 ||
        task_upload_commit(form_take(r), &w, r->arena, &row, &existed, &e) < 0) {
        answer_error(r, &e);
        if (e.msg == MSG_TASKS_LIMIT)
            answer_tasks_left(r);
        return;
    }
    answer_json(r, 201,
                json_pack("{s:o, s:I}", "message", json_sprintf("Video %s uploaded", row.file_name),
                          "task_id", (json_int_t)row.id));
    answer_tasks_left(r);
}

/* The warnings of a report, whose language was nobody's, in the caller's. */
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
    /* one that is made anew has the report of the reel that it had: of that only the clip is true
     */
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
                          done ? files_link(r, "download", task_public_name(t->reel_blob))
                               : msg_text(MSG_NOT_READY, r->lang),
                          "progress", done ? 100 : t->progress, "file_name", t->file_name, "title",
                          t->title, "fit", fit_name(t->fit), "start", (double)t->start_us / 1e6);
    json_object_set_new(o, "profile", json_integer((json_int_t)t->profile));
    bool poster = done && *t->poster_blob;
    json_object_set_new(o, "poster",
                        poster
                            ? json_string(files_link(r, "poster", task_public_name(t->poster_blob)))
                            : json_null());
    json_object_set_new(o, "error", error_json(r, t));
    json_object_set_new(o, "retryable", json_boolean(task_retryable(t)));
    add_report(r, o, t);
    return o;
}

static void answer_task(struct request *r, const struct task_row *t)
{
    json_t *o = task_json(r, t);
    task_put_place(r, t, o);
    answer_json(r, 200, o);
}

void tasks_get(struct request *r)
{
    int64_t id;
    struct task_row t;
    struct err e;
    if (!task_id(r, &id)) {
        no_such(r);
    } else if (task_get(r->http->parts.tasks, r->arena, id, r->caller.user_id, &t, &e) < 0) {
        if (e.code == ERR_MISSING)
            no_such(r);
        else
            answer_error(r, &e);
    } else {
        answer_task(r, &t);
    }
}

static int read_amend(const json_t *o, struct task_amend *how, struct err *e)
{
    const json_t *title = json_object_get(o, "title"), *fit = json_object_get(o, "fit"),
                 *start = json_object_get(o, "start");
    if (title && !json_is_string(title) && !json_is_null(title))
        return err_wrong(e, MSG_FIELD_TYPE, "title", "a text, or null");
    if (fit && !json_is_string(fit))
        return err_wrong(e, MSG_FIELD_TYPE, "fit", "a text");
    if (start && !json_is_number(start))
        return err_wrong(e, MSG_FIELD_TYPE, "start", "a number of seconds");
    *how = (struct task_amend){.title = json_is_null(title) ? "" : json_string_value(title),
                               .fit = (enum fit)FIT_UNSAID,
                               .start_s = start ? json_number_value(start) : -1};
    if (fit && !fit_from_name(json_string_value(fit), &how->fit))
        return task_fit_bad(e);
    if (start && !(how->start_s >= 0)) /* below 0 says that there is none */
        return task_start_bad(e);
    return 0;
}

void tasks_change(struct request *r)
{
    int64_t id;
    struct task_amend how;
    struct task_row t;
    struct err e;
    if (!task_id(r, &id)) {
        no_such(r);
        return;
    }
    json_t *o = body_object(r, &e);
    if (!o || read_amend(o, &how, &e) < 0 ||
        task_amend(r->http->parts.tasks, r->arena, id, r->caller.user_id, &how, &t, &e) < 0) {
        answer_error(r, &e);
    } else {
        answer_task(r, &t);
    }
    json_decref(o);
}

void tasks_delete(struct request *r)
{
    int64_t id;
    struct task_row t;
    struct err e;
    if (!task_id(r, &id)) {
        no_such(r);
    } else if (task_delete(r->http->parts.tasks, r->arena, id, r->caller.user_id, &t, &e) < 0) {
        if (e.code == ERR_MISSING)
            no_such(r);
        else
            answer_error(r, &e);
    } else {
        answer_json(r, 200,
                    json_pack("{s:s, s:s, s:I}", "message", msg_text(MSG_TASK_DELETED, r->lang),
                              "file", t.file_name, "Task", (json_int_t)t.id));
    }
}

void tasks_retry(struct request *r)
{
    int64_t id;
    struct err e;
    if (!task_id(r, &id)) {
        no_such(r);
    } else if (task_retry(r->http->parts.tasks, id, r->caller.user_id, &e) < 0) {
        if (e.code == ERR_MISSING)
            no_such(r);
        else
            answer_error(r, &e);
    } else {
        answer_json(r, 202,
                    json_pack("{s:I, s:s}", "task_id", (json_int_t)id, "status",
                              task_state_name(TASK_UPLOADED)));
    }
}
