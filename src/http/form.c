/* Plan: the library's post processor calls part() with pieces of the body; the piece of the part
 * "file" goes straight on into the upload, which has its room on the disk since the headers; fields
 * are kept up to FIELD_MAX bytes. A fault is kept in r->fault and the rest of the body passes
 * unseen. */
#include "http/http_impl.h"

#include "core/mem.h"

static const char *const field_names[FORM_FIELDS] = {"fit", "start", "title"};

static void fail(struct request *r, const struct err *e)
{
    r->fault = *e;
    task_upload_abort(TAKE(r->form->upload));
}

static void file_piece(struct request *r, const char *name, const char *data, uint64_t off,
                       size_t size)
{
    struct err e;
    struct form *f = r->form;
    /* a part may begin twice, the first time with no bytes, when its head ended a piece */
    if (off == 0 && f->file_bytes) {
        err_msg(&e, MSG_PARAMETER_BAD, "upload with two files");
        fail(r, &e);
        return;
    }
    f->file_bytes += size;
    if (!f->file_seen) {
        f->file_seen = true;
        f->file_name = arena_strdup(r->arena, name ? name : "");
    }
    if (size && task_upload_write(f->upload, data, size, &e) < 0)
        fail(r, &e);
}

static void field_piece(struct request *r, const char *key, const char *data, uint64_t off,
                        size_t size)
{
    int i = 0;
    while (i < FORM_FIELDS && strcmp(key, field_names[i]) != 0)
        i++;
    if (i == FORM_FIELDS)
        return;
    if ((size && memchr(data, 0, size)) || size > FIELD_MAX || off > FIELD_MAX - size) {
        struct err e;
        err_msg(&e, MSG_PARAMETER_BAD, "field %s is too long or holds a NUL", field_names[i]);
        fail(r, &e);
        return;
    }
    char *text = r->form->fields[i];
    if (size)
        memcpy(text + off, data, size);
    text[off + size] = 0;
    r->form->has[i] = true;
}

static enum MHD_Result part(void *cls, enum MHD_ValueKind kind, const char *key,
                            const char *file_name, const char *content_type,
                            const char *transfer_encoding, const char *data, uint64_t off,
                            size_t size)
{
    (void)kind, (void)content_type, (void)transfer_encoding;
    struct request *r = cls;
    if (r->fault.code || !key)
        return MHD_YES;
    if (strcmp(key, "file") == 0)
        file_piece(r, file_name, data, off, size);
    else
        field_piece(r, key, data, off, size);
    return MHD_YES;
}

int form_begin(struct request *r, struct err *e)
{
    struct form *f = r->form = mem_new(sizeof(*f));
    const char *key = request_header(r, "Idempotency-Key");
    f->idempotency_key = key ? arena_strdup(r->arena, key) : NULL;
    f->parser = MHD_create_post_processor(r->conn, FORM_BUFFER, part, r);
    if (!f->parser)
        return err_msg(e, MSG_NO_FILE_PART, "upload: not multipart/form-data");
    /* the whole body's length: a little more than the file's */
    return task_upload_begin(r->http->parts.tasks, r->length_bytes, &f->upload, e);
}

void form_feed(struct request *r, const char *data, size_t len_bytes)
{
    struct err e;
    if (!r->fault.code && MHD_post_process(r->form->parser, data, len_bytes) != MHD_YES &&
        !r->fault.code) {
        err_msg(&e, r->form->file_seen ? MSG_BAD_REQUEST : MSG_NO_FILE_PART,
                "upload: the multipart body is broken");
        fail(r, &e);
    }
}

void form_end(struct request *r)
{
    /* the last piece of a form is only certain once the post processor has ended */
    if (MHD_destroy_post_processor(TAKE(r->form->parser)) != MHD_YES && !r->fault.code)
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
    if (f->parser)
        (void)MHD_destroy_post_processor(f->parser);
    task_upload_abort(f->upload);
    free(f);
}
