/* Plan: multipart.c calls part_begin() and part_data(). The bytes of the part "file" go straight
 * into the upload, whose space on the disk is reserved when the head is read; fields are kept up to
 * FIELD_MAX bytes. After a fault the rest of the body is ignored. */
#include "http/body/form.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/body/multipart.h"
#include "http/server/request.h"
#include "task/task.h"

/* A multipart body is a little longer than its file. */
enum { FORM_EXTRA = 64 * 1024, FIELD_MAX = 1024 };

/* The clip of an upload and what came with it. */
enum { FORM_FILE = FORM_FIELDS + 1 };
struct form {
    struct multipart *parser;
    struct task_upload *upload;
    bool file_seen, has[FORM_FIELDS];
    int now; /* destination of bytes: a field, FORM_FILE, or FORM_FIELDS for none */
    int64_t seen_bytes;
    size_t lengths[FORM_FIELDS];
    char fields[FORM_FIELDS][FIELD_MAX + 1];
    const char *file_name, *idempotency_key; /* in the request's arena; NULL: none */
};

static const char *const field_names[FORM_FIELDS] = {"fit", "start", "title"};

static void form_fail(struct request *r, const struct err *e)
{
    struct form *f = r->body;
    r->fault = *e;
    task_upload_abort(TAKE(f->upload));
}

static void part_begin(void *arg, const char *name, const char *file_name)
{
    struct request *r = arg;
    struct form *f = r->body;
    f->now = FORM_FIELDS;
    if (r->fault.code)
        return;
    if (strcmp(name, "file") == 0) {
        if (f->file_seen) {
            struct err e;
            err_parameter(&e, "file", "one file");
            form_fail(r, &e);
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
        f->now = i; /* a repeated field replaces the first */
        f->has[i] = true;
        f->lengths[i] = 0;
        f->fields[i][0] = 0;
    }
}

static void part_data(void *arg, const char *data, size_t len_bytes)
{
    struct request *r = arg;
    struct form *f = r->body;
    struct err e;
    if (r->fault.code || f->now == FORM_FIELDS)
        return;
    if (f->now == FORM_FILE) {
        if (task_upload_write(f->upload, data, len_bytes, &e) < 0)
            form_fail(r, &e);
        return;
    }
    size_t *n = &f->lengths[f->now];
    if (memchr(data, 0, len_bytes) || len_bytes > FIELD_MAX - *n) {
        err_parameter(&e, field_names[f->now], "up to %d bytes without a NUL", FIELD_MAX);
        form_fail(r, &e);
        return;
    }
    memcpy(f->fields[f->now] + *n, data, len_bytes);
    *n += len_bytes;
    f->fields[f->now][*n] = 0;
}

static int64_t form_longest(const struct http *h)
{
    return h->conf.max_upload + FORM_EXTRA;
}

static int form_begin(struct request *r, struct err *e)
{
    struct form *f = r->body = mem_new(sizeof(*f));
    const char *key = request_header(r, "Idempotency-Key");
    f->idempotency_key = key ? arena_strdup(r->arena, key) : NULL;
    static const struct multipart_calls calls = {part_begin, part_data};
    f->parser = multipart_new(request_header(r, "Content-Type"), &calls, r);
    if (!f->parser)
        return err_msg(e, MSG_NO_FILE_PART, "upload: not multipart/form-data");
    /* the whole body's length: a little more than the file's */
    return task_upload_begin(r->http->parts.tasks, r->length_bytes, &f->upload, e);
}

static void form_feed(struct request *r, const char *data, size_t len_bytes)
{
    struct form *f = r->body;
    struct err e;
    f->seen_bytes += (int64_t)len_bytes;
    if (r->fault.code)
        return;
    if (f->seen_bytes > form_longest(r->http)) {
        err_msg(&e, MSG_FILE_TOO_LARGE, "a form of over %lld bytes",
                (long long)r->http->conf.max_upload);
        form_fail(r, &e);
    } else if (!multipart_feed(f->parser, data, len_bytes) && !r->fault.code) {
        err_msg(&e, f->file_seen ? MSG_BAD_REQUEST : MSG_NO_FILE_PART,
                "upload: the multipart body is broken");
        form_fail(r, &e);
    }
}

static void form_end(struct request *r)
{
    const struct form *f = r->body;
    if (!multipart_ended(f->parser) && !r->fault.code)
        err_msg(&r->fault, f->file_seen ? MSG_UPLOAD_CUT : MSG_NO_FILE_PART,
                "upload: the multipart body has no end");
    if (!r->fault.code && !f->file_seen)
        err_msg(&r->fault, MSG_NO_FILE_PART, "upload without a file");
}

static void form_free(void *body)
{
    struct form *f = body;
    multipart_free(f->parser);
    task_upload_abort(f->upload);
    free(f);
}

/* An upload that is cut off is removed from storage, which may wait where that is far. */
const struct body_ops body_form = {.longest = form_longest,
                                   .too_long = MSG_FILE_TOO_LARGE,
                                   .upload = true,
                                   .begin_cost = ASKS,
                                   .free_cost = ASKS,
                                   .begin = form_begin,
                                   .feed = form_feed,
                                   .end = form_end,
                                   .free = form_free};

const char *form_field(const struct request *r, enum form_field i)
{
    const struct form *f = r->body;
    return f->has[i] ? f->fields[i] : NULL;
}

const char *form_file_name(const struct request *r)
{
    return ((const struct form *)r->body)->file_name;
}

const char *form_key(const struct request *r)
{
    return ((const struct form *)r->body)->idempotency_key;
}

struct task_upload *form_take(const struct request *r)
{
    return TAKE(((struct form *)r->body)->upload);
}
