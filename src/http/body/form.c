/* Plan: multipart.c calls part_begin() and part_data(); the bytes of the part "file" go straight on
 * into the upload, which has its room on the disk since the headers; fields are kept up to
 * FIELD_MAX bytes. A fault is kept in r->fault and the rest of the body passes unseen. */
#include "http/http_impl.h"

#include "core/mem.h"
#include "http/body/multipart.h"

static const char *const field_names[FORM_FIELDS] = {"fit", "start", "title"};

static void fail(struct request *r, const struct err *e)
{
    r->fault = *e;
    task_upload_abort(TAKE(r->form->upload));
}

static void part_begin(void *arg, const char *name, const char *file_name)
{
    struct request *r = arg;
    struct form *f = r->form;
    f->now = FORM_FIELDS;
    if (r->fault.code)
        return;
    if (strcmp(name, "file") == 0) {
        if (f->file_seen) {
            struct err e;
            err_parameter(&e, "file", "one file");
            fail(r, &e);
            return;
        }
        f->file_seen = true;
        f->now = FORM_FILE;
        f->file_name = arena_strdup(r->arena, file_name ? file_name : "");
        return;
    }
    for (int i = 0; i < FORM_FIELDS; i++) {
        if (strcmp(name, field_names[i]) != 0)
            continue;
        f->now = i; /* one that comes again takes the place of the first */
        f->has[i] = true;
        f->lengths[i] = 0;
        f->fields[i][0] = 0;
    }
}

static void part_data(void *arg, const char *data, size_t len_bytes)
{
    struct request *r = arg;
    struct form *f = r->form;
    struct err e;
    if (r->fault.code || f->now == FORM_FIELDS)
        return;
    if (f->now == FORM_FILE) {
        if (task_upload_write(f->upload, data, len_bytes, &e) < 0)
            fail(r, &e);
        return;
    }
    size_t *n = &f->lengths[f->now];
    if (memchr(data, 0, len_bytes) || len_bytes > FIELD_MAX - *n) {
        err_parameter(&e, field_names[f->now], "up to %d bytes without a NUL", FIELD_MAX);
        fail(r, &e);
        return;
    }
    memcpy(f->fields[f->now] + *n, data, len_bytes);
    *n += len_bytes;
    f->fields[f->now][*n] = 0;
}

int form_begin(struct request *r, struct err *e)
{
    struct form *f = r->form = mem_new(sizeof(*f));
    const char *key = request_header(r, "Idempotency-Key");
    f->idempotency_key = key ? arena_strdup(r->arena, key) : NULL;
    static const struct multipart_calls calls = {part_begin, part_data};
    f->parser = multipart_new(request_header(r, "Content-Type"), &calls, r);
    if (!f->parser)
        return err_msg(e, MSG_NO_FILE_PART, "upload: not multipart/form-data");
    /* the whole body's length: a little more than the file's */
    return task_upload_begin(r->http->parts.tasks, r->length_bytes, &f->upload, e);
}

void form_feed(struct request *r, const char *data, size_t len_bytes)
{
    struct err e;
    if (!r->fault.code && !multipart_feed(r->form->parser, data, len_bytes) && !r->fault.code) {
        err_msg(&e, r->form->file_seen ? MSG_BAD_REQUEST : MSG_NO_FILE_PART,
                "upload: the multipart body is broken");
        fail(r, &e);
    }
}

void form_end(struct request *r)
{
    if (!multipart_ended(r->form->parser) && !r->fault.code)
        err_msg(&r->fault, r->form->file_seen ? MSG_UPLOAD_CUT : MSG_NO_FILE_PART,
                "upload: the multipart body has no end");
    if (!r->fault.code && !r->form->file_seen)
        err_msg(&r->fault, MSG_NO_FILE_PART, "upload without a file");
}

const char *form_field(const struct request *r, enum form_field i)
{
    return r->form->has[i] ? r->form->fields[i] : NULL;
}

void form_free(struct form *f)
{
    if (!f)
        return;
    multipart_free(f->parser);
    task_upload_abort(f->upload);
    free(f);
}
