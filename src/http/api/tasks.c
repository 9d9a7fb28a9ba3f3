#include "http/api/api.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/body/form.h"
#include "http/body/kept.h"
#include "http/server/answer.h"
#include "http/server/request.h"
#include "task/task.h"

/* The number in a path or query; false when it is none. */
static bool tasks_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
    return text && str_int64((struct str){text, len}, min, max, out);
}

static bool task_id(const struct request *r, int64_t *id)
{
    return tasks_number(r->rest, strcspn(r->rest, "/"), 1, INT64_MAX, id);
}

static void no_such(struct request *r)
{
    struct err e;
    err_msg(&e, MSG_TASK_NOT_FOUND, "no such task");
    answer_error(r, &e);
}

/* The fields of the form as a wish. */
static int read_form(const struct request *r, struct task_wish *w, struct err *e)
{
    *w = (struct task_wish){.user_id = r->caller.user_id,
                            .request = r->id,
                            .file_name = form_file_name(r),
                            .title = form_field(r, FIELD_TITLE),
                            .idempotency_key = form_key(r)};
    return task_wish_read(form_field(r, FIELD_FIT), form_field(r, FIELD_START), w, e);
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
    if (start && !(how->start_s >= 0)) /* negative values mean: no start */
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
