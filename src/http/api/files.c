/* Plan: check the right to read the file (signed link, or the owner's token); check the conditions
 * of RFC 9110, 13 (If-None-Match, If-Range) on a strong ETag; find one range of RFC 9110, 14; then
 * hand the descriptor to the library, which sends it with sendfile, or let carry.c fetch the bytes
 * from remote storage. When a proxy sends the file itself (X-Accel-Redirect), or the client is
 * redirected to the storage (presigned-downloads), the proxy or the storage handles conditions,
 * ranges and the ETag. */
#include "http/api/api.h"

#include "blob/blob.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/server/answer.h"
#include "http/server/carry.h"
#include "http/server/field.h"
#include "http/server/request.h"
#include "task/task.h"

#include <fcntl.h>

/* Sends the bytes of a local file. */
static int send_descriptor(struct request *r, int file_fd, int64_t from, int64_t len, struct err *e)
{
    AUTO(fd_closep) int fd = fcntl(file_fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
        r->answer = MHD_create_response_from_fd_at_offset64((uint64_t)len, fd, (uint64_t)from);
    if (!r->answer)
        return err_set(e, ERR_SYSTEM, "no memory for an answer");
    (void)fd_take(&fd);
    return 0;
}

static void send_range(struct request *r, struct blob_reader **file, const char *etag)
{
    struct err e = {0};
    /* a range needs GET (RFC 9110, 14.2), and If-Range must match */
    const char *range = strcmp(r->method, "GET") == 0 ? request_header(r, "Range") : NULL;
    const char *if_range = request_header(r, "If-Range");
    if (if_range && strcmp(if_range, etag) != 0)
        range = NULL;
    int64_t size = blob_reader_size(*file), from = 0, len = size;
    enum range_kind kind = range_read(range, size, &from, &len);
    if (kind == RANGE_BEYOND) {
        answer_empty(r, 416);
        answer_header(r, "Content-Range", arena_printf(r->arena, "bytes */%lld", (long long)size));
        return;
    }
    int fd = blob_reader_fd(*file);
    if ((fd >= 0 ? send_descriptor(r, fd, from, len, &e) : carry_answer(r, file, from, len, &e)) <
        0) {
        answer_error(r, &e);
        return;
    }
    r->status = kind == RANGE_PART ? 206 : 200;
    r->answer_bytes = len;
    if (kind == RANGE_PART)
        answer_header(r, "Content-Range",
                      arena_printf(r->arena, "bytes %lld-%lld/%lld", (long long)from,
                                   (long long)(from + len - 1), (long long)size));
}

/* Checks the conditions, then finds the range. */
static void send_file(struct request *r, struct blob_reader **file)
{
    const char *name = strrchr(r->rest, '/');
    const char *etag = arena_printf(r->arena, "\"%s\"", name ? name + 1 : r->rest);
    const char *if_match = request_header(r, "If-Match");
    if (if_match && !etag_listed(if_match, etag, false))
        answer_empty(r, 412);
    else if (etag_listed(request_header(r, "If-None-Match"), etag, true))
        answer_empty(r, 304);
    else
        send_range(r, file, etag);
    if (!r->answer || r->status >= 500)
        return;
    answer_header(r, "ETag", etag);
    answer_header(r, "Accept-Ranges", "bytes");
}

/* Lets the proxy send the bytes; it reads the same storage. */
static void files_hand_over(struct request *r, const char *blob)
{
    answer_empty(r, 200);
    if (r->answer)
        answer_header(r, "X-Accel-Redirect",
                      arena_printf(r->arena, "%s%s", r->http->conf.accel_redirect, blob));
}

/* A signed link admits everybody, a token admits the owner; *owner is 0 for a link. */
static int may_read(struct request *r, int64_t *owner, struct err *e)
{
    const char *sig = request_query(r, "sig");
    const char *exp = request_query(r, "exp");
    const char *token = request_header(r, "Authorization");
    *owner = 0;
    if (!token || sig)
        return auth_link_check(r->http->parts.auth, r->path, exp, sig, e);
    if (auth_check(r->http->parts.auth, r->arena, token, &r->caller, e) < 0 ||
        auth_may(&r->caller, SCOPE_READ, e) < 0)
        return -1;
    *owner = r->caller.user_id;
    return 0;
}

/* How the bytes are served: media type, file name, and how long caches may keep them. The bytes of
 * a link never change, but the suggested file name may. */
struct manner {
    const char *type, *disposition, *cache_control;
};
static struct manner manner_of(struct request *r, const struct task_row *t, const char *type,
                               const char *ending)
{
    const char *download = request_query(r, "download");
    bool saved = download && strcmp(download, "1") == 0;
    return (struct manner){type, disposition_make(r->arena, t->title, t->file_name, saved, ending),
                           saved ? "private, no-cache" : "private, max-age=3600"};
}

/* Redirects the client to a link of the storage, valid as long as our own links, at most LEAST_MS.
 */
static int send_away(struct request *r, const char *blob, const struct manner *m, struct err *e)
{
    enum { LEAST_MS = 3600 * 1000 }; /* a player asks again and again while it plays */
    int64_t ms = r->http->conf.link_ms;
    const struct blob_link how = {.valid_ms = ms < LEAST_MS ? ms : LEAST_MS,
                                  .type = m->type,
                                  .disposition = m->disposition,
                                  .cache_control = m->cache_control};
    AUTO(buf_clear) struct buf url;
    buf_init(&url, URI_MAX);
    if (blob_link(r->http->parts.blob, blob, &how, &url, e) < 0)
        return -1;
    answer_empty(r, 307);
    answer_header(r, "Location", url.p);
    answer_header(r, "Cache-Control", "private, no-store");
    return 0;
}

/* Finds the caller's file, or anybody's for the holder of a link. */
static int files_find(struct request *r, enum task_part what, struct task_row *t, const char **blob,
                      struct err *e)
{
    int64_t owner;
    if (may_read(r, &owner, e) < 0)
        return -1;
    if (task_find(r->http->parts.tasks, r->arena, what, r->rest, t, blob, e) < 0) {
        if (e->code != ERR_INPUT && e->code != ERR_MISSING)
            return -1;
    } else if (!owner || owner == t->user_id) {
        return 0;
    }
    /* another user's file, an impossible name and a missing file look alike */
    return err_set(e, ERR_MISSING, "no such file, or not the caller's");
}

/* Puts the bytes, or a link to them, into the answer. */
static int answer_with(struct request *r, const char *blob, const struct manner *m, struct err *e)
{
    if (r->proxied && *r->http->conf.accel_redirect) {
        files_hand_over(r, blob);
        return 0;
    }
    if (r->http->conf.presigned_downloads && strcmp(r->method, "GET") == 0)
        return send_away(r, blob, m, e);
    AUTO(blob_reader_closep) struct blob_reader *file = NULL;
    if (blob_read(r->http->parts.blob, blob, &file, e) < 0)
        return -1;
    send_file(r, &file);
    return 0;
}

/* The policy of a file that is opened by itself. A browser makes a page around the file, which
 * shows it and runs nothing. The page of a film loads the film once more as a part of it: `sandbox`
 * would give that part another origin, and the tab would stay black. */
static const char *files_policy(enum task_part what)
{
    return what == TASK_PART_REEL
               ? "default-src 'none'; media-src 'self'; base-uri 'none'; form-action 'none'"
               : "default-src 'none'; img-src 'self'; sandbox";
}

static void files_give(struct request *r, enum task_part what, const char *type, const char *ending)
{
    struct err e = {0};
    struct task_row t;
    const char *blob;
    if (files_find(r, what, &t, &blob, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    const struct manner m = manner_of(r, &t, type, ending);
    if (answer_with(r, blob, &m, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    if (!r->answer) {
        err_set(&e, ERR_SYSTEM, "no memory for an answer");
        answer_error(r, &e);
    }
    if (r->status == 307 || r->status >= 500)
        return;
    answer_header(r, "Content-Type", m.type);
    /* the holder of a link may also show the reel in a page or frame */
    answer_header(r, "Content-Security-Policy", files_policy(what));
    answer_header(r, "Cache-Control", m.cache_control);
    answer_header(r, "Content-Disposition", m.disposition);
}

void files_reel(struct request *r)
{
    files_give(r, TASK_PART_REEL, "video/mp4", ".mp4");
}

void files_poster(struct request *r)
{
    files_give(r, TASK_PART_POSTER, "image/jpeg", ".jpg");
}
