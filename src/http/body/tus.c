/* tus 1.0.0 (tus.io/protocols/resumable-upload): the headers of a piece and its bytes; task/resume
 * does the rest. Plan: after the head is read, tus_begin() makes or opens the upload, in the pool;
 * tus_feed() passes the bytes on; the handler, in the pool again, ends the piece by tus_end(). When
 * the client goes away in mid-body, pieces.c keeps the bytes that came. */
#include "http/body/tus.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/body/base64.h"
#include "http/body/pieces.h"
#include "http/server/request.h"
#include "task/resume.h"
#include "task/task.h"

#include <gnutls/crypto.h>
#include <strings.h>

enum { META_MAX = 4096, VALUE_MAX = 1024, SUM_MAX = 32 };

static const struct {
    const char *name;
    gnutls_digest_algorithm_t kind;
} sums[] = {{"sha1", GNUTLS_DIG_SHA1}, {"sha256", GNUTLS_DIG_SHA256}};

struct tus {
    struct task_piece *piece;
    struct pieces_entry *entry;
    struct upload_row row;
    bool made; /* by this request */
    /* Upload-Checksum */
    bool summed;
    gnutls_hash_hd_t sum;
    unsigned char wanted[SUM_MAX];
    size_t wanted_len;
};

/* The upload's id in the path. */
const char *tus_id(struct request *r)
{
    size_t n = strcspn(r->rest, "/");
    char *id = arena_get(r->arena, n + 1);
    memcpy(id, r->rest, n);
    id[n] = 0;
    return id;
}

int tus_check_version(const struct request *r, struct err *e)
{
    const char *version = request_header(r, "Tus-Resumable");
    if (version && strcmp(version, "1.0.0") == 0)
        return 0;
    return err_msg(e, MSG_TUS_VERSION, "Tus-Resumable is %s", version ? version : "not there");
}

/* -- the head -- */

/* The value of a key in Upload-Metadata, in the arena; NULL: not there. */
static int meta(struct request *r, const char *header, const char *key, const char **out,
                struct err *e)
{
    *out = NULL;
    for (const char *p = header; p && *p;) {
        p += strspn(p, " ,");
        size_t name = strcspn(p, " ,"), gap = strspn(p + name, " ");
        size_t value = gap ? strcspn(p + name + gap, " ,") : 0;
        if (name == strlen(key) && strncmp(p, key, name) == 0) {
            size_t len = VALUE_MAX;
            char *text = arena_get(r->arena, VALUE_MAX + 1);
            if (!base64_read((struct str){p + name + gap, value}, text, &len) ||
                memchr(text, 0, len))
                return err_parameter(e, key, "base64 of a text of up to %d bytes without a NUL",
                                     VALUE_MAX);
            text[len] = 0;
            *out = text;
            return 0;
        }
        p += name + gap + value;
    }
    return 0;
}

static int read_wish(struct request *r, struct task_wish *w, struct err *e)
{
    const char *header = request_header(r, "Upload-Metadata"), *fit, *start;
    const char *key = request_header(r, "Idempotency-Key");
    *w = (struct task_wish){.user_id = r->caller.user_id,
                            .request = r->id,
                            .idempotency_key = key ? arena_strdup(r->arena, key) : NULL};
    if (header && strlen(header) > META_MAX)
        return err_parameter(e, "Upload-Metadata", "up to %d bytes", META_MAX);
    if (meta(r, header, "filename", &w->file_name, e) < 0 ||
        meta(r, header, "title", &w->title, e) < 0 || meta(r, header, "fit", &fit, e) < 0 ||
        meta(r, header, "start", &start, e) < 0)
        return -1;
    return task_wish_read(fit, start, w, e);
}

static int tus_read_number(const struct request *r, const char *name, int64_t *out, struct err *e)
{
    const char *text = request_header(r, name);
    if (text && str_int64(str_of(text), 0, INT64_MAX, out))
        return 0;
    return err_parameter(e, name, "a whole number from 0");
}

static int read_checksum(struct request *r, struct tus *u, struct err *e)
{
    const char *text = request_header(r, "Upload-Checksum");
    if (!text)
        return 0;
    size_t n = strcspn(text, " ");
    for (size_t i = 0; i < LEN(sums); i++) {
        if (strlen(sums[i].name) != n || strncmp(text, sums[i].name, n) != 0)
            continue;
        u->wanted_len = SUM_MAX;
        text += n + strspn(text + n, " ");
        if (!base64_read(str_of(text), u->wanted, &u->wanted_len) ||
            u->wanted_len != gnutls_hash_get_len(sums[i].kind))
            break;
        if (gnutls_hash_init(&u->sum, sums[i].kind) < 0)
            return err_set(e, ERR_BUSY, "no memory for a checksum");
        u->summed = true;
        return 0;
    }
    return err_parameter(e, "Upload-Checksum",
                         "sha1 or sha256, a blank and the base64 of that sum");
}

static int open_piece(struct request *r, const char *id, int64_t at_bytes, struct err *e)
{
    struct tus *u = r->body;
    const char *type = request_header(r, "Content-Type");
    if (!type || strcasecmp(type, "application/offset+octet-stream") != 0)
        return err_msg(e, MSG_UNSUPPORTED, "the body is no application/offset+octet-stream");
    if (read_checksum(r, u, e) < 0 || resume_begin(r->http->parts.tasks, r->arena, id,
                                                   r->caller.user_id, at_bytes, &u->piece, e) < 0)
        return -1;
    u->entry = pieces_add(r->http->pieces, u->piece, r->watched);
    return 0;
}

static int64_t tus_longest(const struct http *h)
{
    return h->conf.max_upload;
}

static int tus_begin(struct request *r, struct err *e)
{
    struct tus *u = r->body = mem_new(sizeof(*u));
    *u = (struct tus){0};
    int64_t number;
    if (tus_check_version(r, e) < 0)
        return -1;
    if (strcmp(r->method, "PATCH") == 0)
        return tus_read_number(r, "Upload-Offset", &number, e) < 0
                   ? -1
                   : open_piece(r, tus_id(r), number, e);
    struct task_wish w;
    if (tus_read_number(r, "Upload-Length", &number, e) < 0 || read_wish(r, &w, e) < 0 ||
        resume_add(r->http->parts.tasks, &w, number, r->arena, &u->row, e) < 0)
        return -1;
    u->made = true;
    return r->has_body ? open_piece(r, u->row.id, 0, e) : 0;
}

/* -- the body -- */

static void tus_feed(struct request *r, const char *data, size_t len_bytes)
{
    struct tus *u = r->body;
    if (r->fault.code || !u->piece)
        return;
    if (u->summed)
        (void)gnutls_hash(u->sum, data, len_bytes);
    (void)resume_write(u->piece, data, len_bytes, &r->fault);
}

/* Removes an upload whose creation failed: no client knows its id. */
static void unmake(struct request *r)
{
    struct tus *u = r->body;
    if (u->made)
        (void)resume_remove(r->http->parts.tasks, r->arena, u->row.id, r->caller.user_id, NULL);
    u->made = false;
}

static void tus_refuse(struct request *r)
{
    struct tus *u = r->body;
    struct upload_row row;
    if (u->piece) {
        pieces_forget(TAKE(u->entry));
        (void)resume_end(TAKE(u->piece), !u->summed && !u->made, r->arena, &row, NULL);
    }
    unmake(r);
}

/* When the client goes away in mid-body, pieces.c keeps the received bytes; this never waits. */
static void tus_free(void *body)
{
    struct tus *u = body;
    /* a checksum of an incomplete piece proves nothing */
    enum piece_end end = u->summed ? PIECE_DROP : PIECE_KEEP;
    if (u->piece && u->entry)
        pieces_leave(u->entry, u->made ? PIECE_FORGET : end);
    if (u->sum)
        gnutls_hash_deinit(u->sum, NULL);
    free(u);
}

const struct body_ops body_tus = {.longest = tus_longest,
                                  .too_long = MSG_FILE_TOO_LARGE,
                                  .upload = true,
                                  .begin_cost = SLOW,
                                  .begin = tus_begin,
                                  .feed = tus_feed,
                                  .refuse = tus_refuse,
                                  .free = tus_free};

/* -- the end -- */

static int end_piece(struct request *r, struct upload_row *out, struct err *e)
{
    struct tus *u = r->body;
    bool right = true;
    if (u->summed) {
        unsigned char sum[SUM_MAX];
        gnutls_hash_output(u->sum, sum);
        right = memcmp(sum, u->wanted, u->wanted_len) == 0;
    }
    pieces_forget(TAKE(u->entry));
    if (resume_end(TAKE(u->piece), right, r->arena, out, e) < 0)
        return -1;
    return right ? 0 : err_msg(e, MSG_CHECKSUM_WRONG, "the checksum of a piece is another");
}

int tus_end(struct request *r, struct upload_row *out, struct err *e)
{
    struct tus *u = r->body;
    *out = u->row;
    if (!u->piece || end_piece(r, out, e) == 0)
        return 0;
    unmake(r);
    return -1;
}
