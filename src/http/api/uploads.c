/* Uploads in pieces, by tus 1.0.0: the answers. body/tus.c reads the headers and bytes of a piece.
 */
#include "http/api/api.h"

#include "core/clock.h"
#include "core/mem.h"
#include "http/body/base64.h"
#include "http/body/tus.h"
#include "http/server/answer.h"
#include "http/server/request.h"
#include "task/resume.h"

static void put_number(struct request *r, const char *name, int64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)n);
    answer_header(r, name, text);
}

static void put_state(struct request *r, const struct upload_row *u)
{
    char when[CLOCK_HTTP_SIZE];
    clock_http(u->expires_ms, when);
    put_number(r, "Upload-Offset", u->offset_bytes);
    answer_header(r, "Upload-Expires", when);
    answer_header(r, "Cache-Control", "no-store");
    if (u->task_id)
        put_number(r, "Reelgate-Task", u->task_id);
}

void uploads_patch(struct request *r)
{
    struct upload_row row;
    struct err e;
    if (tus_end(r, &row, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    answer_empty(r, 204);
    put_state(r, &row);
}

void uploads_create(struct request *r)
{
    struct upload_row row;
    struct err e;
    if (tus_end(r, &row, &e) < 0) {
        answer_error(r, &e);
        if (e.msg == MSG_TASKS_LIMIT)
            answer_tasks_left(r);
        return;
    }
    answer_empty(r, 201);
    answer_tasks_left(r);
    answer_header(r, "Location", arena_printf(r->arena, "/api/uploads/%s", row.id));
    put_state(r, &row);
}

static void uploads_missing(struct request *r, struct err *e)
{
    if (e->code == ERR_MISSING && e->msg != MSG_UPLOAD_GONE)
        err_msg(e, MSG_NOT_FOUND, "no such upload");
    answer_error(r, e);
}

static void put_meta(struct request *r, const char **all, const char *key, const char *text)
{
    if (*text)
        *all = arena_printf(r->arena, "%s%s%s %s", *all, **all ? "," : "", key,
                            base64_write(r->arena, text, strlen(text)));
}

/* Writes the stored Upload-Metadata, which tus requires in answers. */
static void put_wish(struct request *r, const struct upload_row *u)
{
    const char *all = "";
    char start[32];
    snprintf(start, sizeof(start), "%.6f", (double)u->start_us / 1e6);
    put_meta(r, &all, "filename", u->file_name);
    put_meta(r, &all, "title", u->title);
    put_meta(r, &all, "fit", u->fit == (enum fit)FIT_UNSAID ? "" : fit_name(u->fit));
    put_meta(r, &all, "start", start);
    answer_header(r, "Upload-Metadata", all);
}

void uploads_head(struct request *r)
{
    struct upload_row row;
    struct err e;
    if (tus_check_version(r, &e) < 0 ||
        resume_get(r->http->parts.tasks, r->arena, tus_id(r), r->caller.user_id, &row, &e) < 0) {
        uploads_missing(r, &e);
        return;
    }
    answer_empty(r, 200);
    put_number(r, "Upload-Length", row.length_bytes);
    put_wish(r, &row);
    put_state(r, &row);
}

void uploads_delete(struct request *r)
{
    struct err e;
    if (tus_check_version(r, &e) < 0 ||
        resume_remove(r->http->parts.tasks, r->arena, tus_id(r), r->caller.user_id, &e) < 0) {
        uploads_missing(r, &e);
        return;
    }
    answer_empty(r, 204);
}

void uploads_options(struct request *r)
{
    answer_empty(r, 204);
    put_number(r, "Tus-Max-Size", r->http->conf.max_upload);
    answer_header(r, "Tus-Extension",
                  "creation,creation-with-upload,termination,checksum,expiration");
    answer_header(r, "Tus-Checksum-Algorithm", "sha1,sha256");
}
