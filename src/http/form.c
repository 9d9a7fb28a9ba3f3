/* Plan: libmicrohttpd's post processor calls part() with pieces of the body; the piece of the part
 * "file" goes straight on into the upload, fields are kept up to FIELD_MAX bytes. A fault is kept
 * in r->fault and the rest of the body passes unseen. */
#include "http/http_impl.h"

#include "core/mem.h"

static void fail(struct request *r, const struct err *e)
{
    r->fault = *e;
    task_upload_abort(r->upload);
    r->upload = NULL;
}

static void file_piece(struct request *r, const char *name, const char *data, uint64_t off,
                       size_t size)
{
    struct err e;
    if (off == 0 && !r->upload) {
        if (task_upload_begin(r->http->parts.tasks, -1, &r->upload, &e) < 0) {
            fail(r, &e);
            return;
        }
        r->file_name = arena_strdup(r->arena, name ? name : "");
    } else if (off == 0) {
        r->two_files = true;
    }
    if (!r->two_files && size && task_upload_write(r->upload, data, size, &e) < 0)
        fail(r, &e);
}

static void field_piece(struct request *r, const char *key, const char *data, uint64_t off,
                        size_t size)
{
    static const char *const names[] = {"fit", "start", "title"};
    for (size_t i = 0; i < LEN(names); i++) {
        if (strcmp(key, names[i]) != 0)
            continue;
        struct err e;
        if (memchr(data, 0, size) || off + size > FIELD_MAX) {
            err_msg(&e, MSG_PARAMETER_BAD, "field %s is too long or holds a NUL", key);
            fail(r, &e);
            return;
        }
        const char *before = off && r->fields[i] ? r->fields[i] : "";
        r->fields[i] = arena_printf(r->arena, "%s%.*s", before, (int)size, data);
    }
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
    const char *key = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Idempotency-Key");
    r->idempotency_key = key ? arena_strdup(r->arena, key) : NULL;
    r->form = MHD_create_post_processor(r->conn, FORM_BUFFER, part, r);
    return r->form ? 0 : err_msg(e, MSG_NO_FILE_PART, "upload: not multipart/form-data");
}

void form_feed(struct request *r, const char *data, size_t len_bytes)
{
    struct err e;
    if (r->fault.code)
        return;
    if (MHD_post_process(r->form, data, len_bytes) != MHD_YES && !r->fault.code) {
        err_msg(&e, MSG_BAD_REQUEST, "upload: the multipart body is broken");
        fail(r, &e);
    }
}

void form_clear(struct request *r)
{
    if (r->form)
        (void)MHD_destroy_post_processor(TAKE(r->form));
    task_upload_abort(r->upload);
    r->upload = NULL;
}
