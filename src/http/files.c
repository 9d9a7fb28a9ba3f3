/* Plan: who may have the file (signed link, or the owner's token); the conditions of RFC 9110, 13
 * (If-None-Match, If-Range) on a strong ETag; one range of RFC 9110, 14; then the descriptor goes
 * to the library, which sends it with sendfile. */
#include "http/http_impl.h"

#include "core/fd.h"
#include "core/mem.h"

#include <ctype.h>
#include <unistd.h>

const char *files_link(struct request *r, const char *kind, const char *public_name)
{
    const char *path = arena_printf(r->arena, "/api/video/%s/%s", kind, public_name);
    const char *base = r->http->conf.public_url;
    const char *query = auth_link_sign(r->http->parts.auth, r->arena, path);
    if (*base) {
        size_t n = strlen(base);
        return arena_printf(r->arena, "%.*s%s?%s", (int)(base[n - 1] == '/' ? n - 1 : n), base,
                            path, query);
    }
    const char *host = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Host");
    size_t ok = host ? strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789.-:[]_")
                     : 0;
    if (!host || !*host || host[ok])
        return arena_printf(r->arena, "%s?%s", path, query);
    return arena_printf(r->arena, "http://%s%s?%s", host, path, query);
}

static bool listed(const char *header, const char *etag)
{
    const char *found = header ? strstr(header, etag) : NULL;
    return header && (found || strcmp(header, "*") == 0);
}

/* "bytes=a-b", "bytes=a-" or "bytes=-n"; -1: to be ignored, 0: a range, 416: beyond the end. */
static int range_of(const char *header, int64_t size, int64_t *from, int64_t *len)
{
    if (!header || strncmp(header, "bytes=", 6) != 0 || strchr(header, ','))
        return -1;
    const char *p = header + 6, *dash = strchr(p, '-');
    if (!dash)
        return -1;
    int64_t a = 0, b = size - 1;
    struct str left = {p, (size_t)(dash - p)}, right = str_of(dash + 1);
    if (left.len == 0 && !str_int64(right, 0, INT64_MAX, &b))
        return -1;
    if (left.len == 0) {
        a = b < size ? size - b : 0;
        if (b == 0)
            return 416;
        b = size - 1;
    } else if (!str_int64(left, 0, INT64_MAX, &a) ||
               (right.len && !str_int64(right, 0, INT64_MAX, &b)) || (right.len && b < a)) {
        return -1;
    }
    if (a >= size)
        return 416;
    *from = a;
    *len = (b < size ? b + 1 : size) - a;
    return 0;
}

/* RFC 6266 with RFC 8187 for what ASCII cannot say. */
static const char *disposition(struct request *r, const struct task_row *t, bool attach,
                               const char *ending)
{
    struct buf plain, star;
    buf_init(&plain, 300);
    buf_init(&star, 1200);
    const char *dot = strrchr(t->file_name, '.');
    size_t n = dot && dot != t->file_name ? (size_t)(dot - t->file_name) : strlen(t->file_name);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)t->file_name[i];
        bool tame = isascii(c) && (isalnum(c) || strchr(".-_ ", c));
        buf_printf(&plain, "%c", tame ? c : '_');
        if (isascii(c) && (isalnum(c) || strchr(".-_", c)))
            buf_printf(&star, "%c", c);
        else
            buf_printf(&star, "%%%02X", c);
    }
    const char *out = arena_printf(r->arena, "%s; filename=\"%s%s\"; filename*=UTF-8''%s%s",
                                   attach ? "attachment" : "inline", plain.p ? plain.p : "reel",
                                   ending, star.p ? star.p : "reel", ending);
    buf_clear(&plain);
    buf_clear(&star);
    return out;
}

static bool allowed(struct request *r, const struct caller *caller, const struct task_row *t)
{
    (void)r;
    return !caller || caller->user_id == t->user_id;
}

static void send_range(struct request *r, int fd, int64_t size, const char *etag)
{
    const char *range = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Range");
    const char *if_range = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "If-Range");
    if (if_range && strcmp(if_range, etag) != 0)
        range = NULL;
    int64_t from = 0, len = size;
    int kind = range_of(range, size, &from, &len);
    if (kind == 416) {
        close(fd);
        r->answer = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        r->status = 416;
        answer_header(r, "Content-Range", arena_printf(r->arena, "bytes */%lld", (long long)size));
        return;
    }
    r->answer = MHD_create_response_from_fd_at_offset64((uint64_t)len, fd, (uint64_t)from);
    r->status = kind == 0 ? 206 : 200;
    r->answer_bytes = len;
    if (kind == 0)
        answer_header(r, "Content-Range",
                      arena_printf(r->arena, "bytes %lld-%lld/%lld", (long long)from,
                                   (long long)(from + len - 1), (long long)size));
}

static void give(struct request *r, enum task_part what, const char *type, const char *ending)
{
    struct err e;
    struct caller caller, *owner = NULL;
    const char *sig = MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, "sig");
    const char *exp = MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, "exp");
    const char *token = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Authorization");
    if (token && !sig) {
        if (auth_check(r->http->parts.auth, r->arena, token, &caller, &e) < 0) {
            answer_error(r, &e);
            return;
        }
        owner = &caller;
    } else if (auth_link_check(r->http->parts.auth, r->path, exp, sig, &e) < 0) {
        answer_error(r, &e);
        return;
    }
    AUTO(fd_closep) int fd = -1;
    int64_t size;
    struct task_row t;
    if (task_open(r->http->parts.tasks, r->arena, what, r->rest, &t, &fd, &size, &e) < 0 ||
        !allowed(r, owner, &t)) {
        if (fd >= 0 || e.code == ERR_MISSING || e.code == ERR_INPUT)
            err_set(&e, ERR_MISSING, "no such file, or not the caller's");
        answer_error(r, &e);
        return;
    }
    const char *name = strrchr(r->rest, '/');
    const char *etag = arena_printf(r->arena, "\"%s\"", name ? name + 1 : r->rest);
    if (listed(MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "If-None-Match"), etag)) {
        r->answer = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        r->status = 304;
    } else {
        send_range(r, fd_take(&fd), size, etag);
    }
    const char *attach = MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, "download");
    answer_header(r, "ETag", etag);
    answer_header(r, "Content-Type", type);
    answer_header(r, "Accept-Ranges", "bytes");
    answer_header(r, "Cache-Control", "private, max-age=3600");
    answer_header(r, "Content-Disposition",
                  disposition(r, &t, attach && strcmp(attach, "1") == 0, ending));
}

void files_reel(struct request *r)
{
    give(r, TASK_PART_REEL, "video/mp4", ".mp4");
}

void files_poster(struct request *r)
{
    give(r, TASK_PART_POSTER, "image/jpeg", ".jpg");
}
