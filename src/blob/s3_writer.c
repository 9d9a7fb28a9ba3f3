/* Plan: a buffer of S3_PART_BYTES collects the bytes. A full buffer is sent as
 *   a part of a multipart upload, when the name was known at the beginning (or when there is a
 * local file, which is read only when its name is known); a piece (s3_pieces.c), when the name is
 * not known: S3 cannot rename. Bytes that fit into the buffer become one object at the end. The
 * name is given last, and only if no object has it: by If-None-Match, or by a look-up before, when
 * the server does not support it.
 *
 * An answer may be lost after the server did the work. So every object stores its writer's id, and
 * a name that our own object has taken is a success. */
#include "blob/s3_impl.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { ANSWER_BYTES = 16 << 10 };

struct s3_writer {
    struct blob_writer base;
    char id[ID_SIZE]; /* of the writer and of its pieces */
    bool broken;      /* a write failed: these bytes must not get a name */
    int64_t reserved_bytes;
    char final[BLOB_NAME_MAX + 1]; /* "": not known yet */
    char *upload;                  /* of the multipart upload under way, escaped */
    char (*etags)[S3_ETAG_SIZE];   /* of its parts */
    int parts;                     /* of the upload, or pieces: what has left */
    char *part;                    /* what gathers */
    size_t have, room;
    char parked[BLOB_NAME_MAX + 1];
};

static struct s3_blob *blob_of(const struct s3_writer *w)
{
    return (struct s3_blob *)w->base.blob;
}

static int64_t bytes_of(const struct s3_writer *w)
{
    return (int64_t)w->parts * S3_PART_BYTES + (int64_t)w->have;
}

/* -- multipart uploads -- */

static int upload_begin(struct s3_writer *w, struct err *e)
{
    char key[S3_KEY_SIZE], answer[ANSWER_BYTES], id[1024], by[64];
    s3_key(blob_of(w), key, "", w->final);
    snprintf(by, sizeof(by), "x-amz-meta-writer: %s", w->id);
    struct s3_request q = {.method = "POST",
                           .key = key,
                           .query = "uploads=",
                           .headers = {"Content-Type: application/octet-stream", by},
                           .into = answer,
                           .into_bytes = sizeof(answer)};
    const struct s3_field field = {"UploadId", id, sizeof(id)};
    if (s3_do(blob_of(w), &q, e) < 0 ||
        s3_xml_fields((struct str){answer, q.got}, &field, 1, e) < 0)
        return -1;
    if (!*id)
        return err_set(e, ERR_SYSTEM, "s3: %s: an upload without an id", key);
    char *escaped = curl_easy_escape(NULL, id, 0);
    w->upload = mem_strdup(escaped ? escaped : "");
    curl_free(escaped);
    if (!w->etags)
        w->etags = mem_new((size_t)S3_PARTS_MAX * sizeof(*w->etags));
    return 0;
}

static void part_query(const struct s3_writer *w, int i, struct buf *query)
{
    buf_printf(query, "partNumber=%d&uploadId=%s", i + 1, w->upload);
}

static int upload_part(struct s3_writer *w, int i, const void *data, size_t len, struct err *e)
{
    char key[S3_KEY_SIZE];
    AUTO(buf_clear) struct buf query;
    buf_init(&query, 4096);
    part_query(w, i, &query);
    s3_key(blob_of(w), key, "", w->final);
    struct s3_request q = {
        .method = "PUT", .key = key, .query = query.p, .body = data, .body_bytes = len};
    if (s3_do(blob_of(w), &q, e) < 0)
        return -1;
    memcpy(w->etags[i], q.etag, S3_ETAG_SIZE);
    return *q.etag ? 0 : err_set(e, ERR_SYSTEM, "s3: %s: a part without an etag", key);
}

/* A piece becomes a part, without coming by here. All of it: what may be longer than it counts is
 * the last, which is in memory. (libcurl 7.88 would sign the header of a range wrongly beside the
 * one of the source, of which it is the longer.) */
static int copy_piece(void *arg, int i, struct err *e)
{
    struct s3_writer *w = arg;
    struct s3_blob *s = blob_of(w);
    char key[S3_KEY_SIZE], from[S3_KEY_SIZE], source[2 * S3_KEY_SIZE], name[64],
        answer[ANSWER_BYTES];
    AUTO(buf_clear) struct buf query;
    buf_init(&query, 4096);
    part_query(w, i, &query);
    snprintf(name, sizeof(name), "%s/%05d", w->id, i);
    s3_key(s, from, S3_PIECES, name);
    snprintf(source, sizeof(source), "x-amz-copy-source: /%s/%s", s->bucket, from);

    s3_key(s, key, "", w->final);
    struct s3_request q = {.method = "PUT",
                           .key = key,
                           .query = query.p,
                           .headers = {source},
                           .joins = true,
                           .into = answer,
                           .into_bytes = sizeof(answer)};
    const struct s3_field etag = {"ETag", w->etags[i], S3_ETAG_SIZE};
    if (s3_do(s, &q, e) < 0 || s3_xml_fields((struct str){answer, q.got}, &etag, 1, e) < 0)
        return -1;
    return *w->etags[i] ? 0 : err_set(e, ERR_SYSTEM, "s3: %s: a part without an etag", key);
}

static void upload_forget(struct s3_writer *w)
{
    char key[S3_KEY_SIZE];
    AUTO(buf_clear) struct buf query;
    buf_init(&query, 4096);
    if (!w->upload)
        return;
    buf_printf(&query, "uploadId=%s", w->upload);
    s3_key(blob_of(w), key, "", w->final);
    struct s3_request q = {.method = "DELETE",
                           .key = key,
                           .query = query.p,
                           .once = true, /* the sweep tries again */
                           .missing_is_fine = true};
    (void)s3_do(blob_of(w), &q, NULL);
    free(TAKE(w->upload));
}

/* -- names -- */

static bool is_ours(struct s3_writer *w, const char *key)
{
    char writer[ID_SIZE];
    int64_t size;
    return s3_head(blob_of(w), key, &size, writer, NULL) == 0 && strcmp(writer, w->id) == 0;
}

static int taken(const struct s3_writer *w, struct err *e)
{
    return err_set(e, ERR_CONFLICT, "blob: %s is taken", w->final);
}

/* Does the request that gives the name. */
static int name_by(struct s3_writer *w, struct s3_request *q, struct err *e)
{
    struct s3_blob *s = blob_of(w);
    struct err why = {0};
    int64_t size;
    for (int condition = 0; condition < (int)LEN(q->headers); condition++) {
        if (q->headers[condition])
            continue;
        if (!s->no_conditions) {
            q->headers[condition] = "If-None-Match: *";
            if (s3_do(s, q, &why) == 0)
                return 0;
            q->headers[condition] = NULL;
            if (q->status == 501)
                s->no_conditions = true;
        }
        break;
    }
    if (s->no_conditions && (why.code == ERR_NONE || q->status == 501)) {
        if (s3_head(s, q->key, &size, NULL, &why) == 0)
            return taken(w, e);
        if (why.code == ERR_MISSING && s3_do(s, q, &why) == 0)
            return 0;
    }
    /* done, and the answer was lost: then the name is taken, or the upload gone */
    bool open = q->tries > 1 || why.code == ERR_BUSY || why.code == ERR_MISSING;
    if (open && is_ours(w, q->key))
        return 0;
    if (why.code == ERR_CONFLICT)
        return taken(w, e);
    return err_pass(e, &why);
}

static int put_whole(struct s3_writer *w, struct err *e)
{
    char key[S3_KEY_SIZE], by[64];
    s3_key(blob_of(w), key, "", w->final);
    snprintf(by, sizeof(by), "x-amz-meta-writer: %s", w->id);
    struct s3_request q = {.method = "PUT",
                           .key = key,
                           .headers = {"Content-Type: application/octet-stream", by},
                           .body = w->part,
                           .body_bytes = w->have};
    return name_by(w, &q, e);
}

/* What was sent in parts becomes one object. */
static int upload_end(struct s3_writer *w, int parts, struct err *e)
{
    char key[S3_KEY_SIZE], code[64];
    AUTO(freep) char *answer = mem_new(ANSWER_BYTES);
    AUTO(buf_clear) struct buf query, body;
    buf_init(&query, 4096);
    buf_init(&body, 4 << 20);
    buf_printf(&query, "uploadId=%s", w->upload);
    buf_puts(&body, "<CompleteMultipartUpload>");
    for (int i = 0; i < parts; i++)
        buf_printf(&body, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i + 1,
                   w->etags[i]);
    buf_puts(&body, "</CompleteMultipartUpload>");
    s3_key(blob_of(w), key, "", w->final);
    struct s3_request q = {.method = "POST",
                           .key = key,
                           .query = query.p,
                           .headers = {"Content-Type: application/xml"},
                           .joins = true,
                           .body = body.p,
                           .body_bytes = body.len,
                           .into = answer,
                           .into_bytes = ANSWER_BYTES};
    if (name_by(w, &q, e) < 0)
        return -1;
    /* such an answer may begin before its end is known, and may have none: the object tells */
    const struct s3_field fault = {"Code", code, sizeof(code)};
    struct err why = {0};
    int rc = s3_xml_fields((struct str){answer, q.got}, &fault, 1, &why);
    if ((rc < 0 || *code) && !is_ours(w, key))
        return err_msg(e, MSG_UNAVAILABLE, "s3: %s: %s", key, *code ? code : why.text);
    free(TAKE(w->upload));
    return 0;
}

/* -- bytes -- */

/* The full buffer leaves. */
static int part_leaves(struct s3_writer *w, struct err *e)
{
    if (w->parts == S3_PARTS_MAX - 1)
        return err_set(e, ERR_TOO_LARGE, "s3: over %d parts", S3_PARTS_MAX);
    if (!*w->final) {
        if (s3_piece_put(blob_of(w), w->id, w->parts, w->part, w->have, e) < 0)
            return -1;
    } else if ((!w->upload && upload_begin(w, e) < 0) ||
               upload_part(w, w->parts, w->part, w->have, e) < 0) {
        return -1;
    }
    w->parts++;
    w->have = 0;
    return 0;
}

/* Room for more, up to a part; small uploads take little memory. */
static void make_room(struct s3_writer *w, size_t more)
{
    enum { STEP = 256 << 10 };
    size_t want = w->have + more, room = w->room ? w->room : STEP;
    while (room < want)
        room *= 2;
    if (room > S3_PART_BYTES)
        room = S3_PART_BYTES;
    if (room <= w->room)
        return;
    char *part = mem_new(room);
    if (w->have)
        memcpy(part, w->part, w->have);
    free(w->part);
    w->part = part;
    w->room = room;
}

static int gather(struct s3_writer *w, const char *data, size_t len, struct err *e)
{
    while (len) {
        /* it leaves when more comes, so that the last is never empty */
        if (w->have == S3_PART_BYTES && part_leaves(w, e) < 0)
            return -1;
        size_t room = S3_PART_BYTES - w->have, n = len < room ? len : room;
        make_room(w, n);
        memcpy(w->part + w->have, data, n);
        w->have += n;
        data += n;
        len -= n;
    }
    return 0;
}

int s3_write(struct blob_writer *base, const void *data, size_t len_bytes, struct err *e)
{
    struct s3_writer *w = (struct s3_writer *)base;
    if (w->broken)
        return err_set(e, ERR_SYSTEM, "blob: an earlier write of these bytes failed");
    int rc = w->base.fd >= 0 ? fd_write_all(w->base.fd, data, len_bytes, e)
                             : gather(w, data, len_bytes, e);
    w->broken = rc < 0;
    return rc;
}

/* -- writers -- */

static void writer_freep(struct s3_writer **pw)
{
    struct s3_writer *w = *pw;
    if (!w)
        return;
    struct s3_blob *s = blob_of(w);
    pthread_mutex_lock(&s->lock);
    s->reserved_bytes -= w->reserved_bytes;
    pthread_mutex_unlock(&s->lock);
    upload_forget(w);
    if (!*w->parked && !*w->final && w->parts)
        (void)s3_pieces_remove(s, w->id, NULL);
    fd_closep(&w->base.fd);
    free(w->etags);
    free(w->part);
    free(w);
    *pw = NULL;
}

static struct s3_writer *writer_new(struct blob *b)
{
    struct s3_writer *w = mem_new(sizeof(*w));
    w->base = (struct blob_writer){.blob = b, .fd = -1};
    id_make(w->id);
    return w;
}

/* A local file, and room for it on the local disk. */
static int open_file(struct s3_writer *w, int64_t reserve_bytes, struct err *e)
{
    struct s3_blob *s = blob_of(w);
    struct statvfs v;
    w->base.fd = blob_scratch_file(&s->base, e);
    if (w->base.fd < 0)
        return -1;
    if (fstatvfs(w->base.fd, &v) < 0)
        return err_set(e, ERR_SYSTEM, "free space: %s", strerror(errno));
    pthread_mutex_lock(&s->lock);
    int64_t room = (int64_t)(v.f_bavail * v.f_frsize) - s->floor_bytes - s->reserved_bytes;
    bool fits = room >= reserve_bytes && room > 0;
    if (fits)
        s->reserved_bytes += reserve_bytes;
    pthread_mutex_unlock(&s->lock);
    if (!fits)
        return err_msg(e, MSG_DISK_FULL, "%lld bytes are wanted, %lld are free above the floor",
                       (long long)reserve_bytes, (long long)room);
    w->reserved_bytes = reserve_bytes;
    return 0;
}

int s3_begin(struct blob *b, const char *name, int64_t reserve_bytes, bool with_fd,
             struct blob_writer **out, struct err *e)
{
    AUTO(writer_freep) struct s3_writer *w = writer_new(b);
    if (with_fd && open_file(w, reserve_bytes, e) < 0)
        return -1;
    str_copy(w->final, sizeof(w->final), name);
    *out = &TAKE(w)->base;
    return 0;
}

int s3_resume(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
              struct blob_writer **out, struct err *e)
{
    (void)reserve_bytes;
    struct s3_blob *s = (struct s3_blob *)b;
    char id[ID_SIZE];
    int64_t size;
    if (s3_parked_get(s, name, id, &size, e) < 0)
        return -1;
    if (size < at_bytes)
        return err_set(e, ERR_MISSING, "blob: %lld bytes are parked as %s, not %lld",
                       (long long)size, name, (long long)at_bytes);
    if (size > at_bytes && s3_parked_put(s, name, id, at_bytes, false, e) < 0)
        return -1;
    AUTO(writer_freep) struct s3_writer *w = writer_new(b);
    memcpy(w->id, id, sizeof(id));
    str_copy(w->parked, sizeof(w->parked), name);
    w->parts = (int)(at_bytes / S3_PART_BYTES);
    size_t begun = (size_t)(at_bytes % S3_PART_BYTES);
    if (begun) {
        make_room(w, begun);
        if (s3_piece_get(s, id, at_bytes - (int64_t)begun, w->part, begun, e) < 0)
            return -1;
        w->have = begun;
    }
    *out = &TAKE(w)->base;
    return 0;
}

/* The local file's bytes, into parts. */
static int read_file(struct s3_writer *w, struct err *e)
{
    enum { READ_BYTES = 256 << 10 };
    AUTO(freep) char *data = mem_new(READ_BYTES);
    for (int64_t at = 0;;) {
        ssize_t n = fd_pread_full(w->base.fd, data, READ_BYTES, at, e);
        if (n <= 0)
            return n < 0 ? -1 : 0;
        if (gather(w, data, (size_t)n, e) < 0)
            return -1;
        at += n;
    }
}

static int finish(struct s3_writer *w, const char *name, struct err *e)
{
    struct s3_blob *s = blob_of(w);
    bool pieces = !*w->final && w->base.fd < 0;
    if (w->broken)
        return err_set(e, ERR_SYSTEM, "blob: %s: a write of its bytes failed", name);
    str_copy(w->final, sizeof(w->final), name);
    if (w->base.fd >= 0 && read_file(w, e) < 0)
        return -1;
    if (!w->parts)
        return put_whole(w, e);
    if (pieces && (upload_begin(w, e) < 0 || s3_each(copy_piece, w, w->parts, e) < 0))
        return -1;
    if (w->have && upload_part(w, w->parts, w->part, w->have, e) < 0)
        return -1;
    if (upload_end(w, w->parts + (w->have > 0), e) < 0)
        return -1;
    if (pieces && !*w->parked && s3_pieces_remove(s, w->id, NULL) < 0)
        log_info(s->log, "pieces stay for the sweep", "id", w->id);
    return 0;
}

int s3_commit(struct blob_writer *base, const char *name, int64_t *size_bytes, struct err *e)
{
    AUTO(writer_freep) struct s3_writer *w = (struct s3_writer *)base;
    struct s3_blob *s = blob_of(w);
    bool pieces = !*w->final && w->base.fd < 0;
    if (finish(w, name, e) < 0) {
        if (pieces) { /* an unnamed one again: its pieces go with it, if it was not parked */
            upload_forget(w);
            *w->final = 0;
        }
        return -1;
    }
    if (*w->parked && s3_parked_remove(s, w->parked, NULL) < 0)
        log_info(s->log, "what was parked stays for the sweep", "name", w->parked);
    if (size_bytes)
        *size_bytes = bytes_of(w);
    return 0;
}

int s3_park(struct blob_writer *base, const char *name, int64_t *size_bytes, struct err *e)
{
    AUTO(writer_freep) struct s3_writer *w = (struct s3_writer *)base;
    bool fresh = !*w->parked;
    if (w->broken)
        return err_set(e, ERR_SYSTEM, "blob: %s: a write of its bytes failed", name);
    if (!fresh && strcmp(w->parked, name) != 0)
        return err_set(e, ERR_INPUT, "blob: it is parked as %s, not as %s", w->parked, name);
    if ((w->have && s3_piece_put(blob_of(w), w->id, w->parts, w->part, w->have, e) < 0) ||
        s3_parked_put(blob_of(w), name, w->id, bytes_of(w), fresh, e) < 0) {
        if (fresh && w->have)
            w->parts++; /* a piece to remove */
        return -1;
    }
    str_copy(w->parked, sizeof(w->parked), name);
    if (size_bytes)
        *size_bytes = bytes_of(w);
    return 0;
}

void s3_abort(struct blob_writer *base)
{
    struct s3_writer *w = (struct s3_writer *)base;
    writer_freep(&w);
}
