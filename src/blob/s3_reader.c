/* Plan: a large read is one ranged request into the caller's memory. Small reads come from a
 * buffer, which grows while the reads are sequential. */
#include "blob/s3_impl.h"
#include "core/err.h"
#include "core/mem.h"

enum { WINDOW_LEAST = 256 << 10, WINDOW_MOST = 4 << 20 };

struct s3_reader {
    struct blob_reader base;
    char key[S3_KEY_SIZE];
    char id[ID_SIZE]; /* of pieces; "": one object */
    char *window;
    size_t room, have; /* of the window */
    int64_t at;        /* its first byte */
};

int s3_head(struct s3_blob *s, const char *key, int64_t *size_bytes, char writer[ID_SIZE],
            struct err *e)
{
    struct s3_request q = {.method = "HEAD", .key = key};
    if (s3_do(s, &q, e) < 0)
        return -1;
    if (q.length < 0)
        return err_set(e, ERR_SYSTEM, "s3: %s has no length", key);
    *size_bytes = q.length;
    if (writer)
        memcpy(writer, q.writer, ID_SIZE);
    return 0;
}

int s3_read(struct blob *b, enum blob_place place, const char *name, struct blob_reader **out,
            struct err *e)
{
    struct s3_blob *s = (struct s3_blob *)b;
    AUTO(freep) struct s3_reader *r = mem_new(sizeof(*r));
    r->base = (struct blob_reader){.blob = b, .fd = -1};
    s3_key(s, r->key, "", name);
    int rc = place == BLOB_PARKED ? s3_parked_get(s, name, r->id, &r->base.size_bytes, e)
                                  : s3_head(s, r->key, &r->base.size_bytes, NULL, e);
    if (rc < 0)
        return -1;
    *out = &TAKE(r)->base;
    return 0;
}

/* All of the range, which lies inside. */
static int get(struct s3_reader *r, void *data, size_t len, int64_t at, struct err *e)
{
    struct s3_blob *s = (struct s3_blob *)r->base.blob;
    if (*r->id)
        return s3_piece_get(s, r->id, at, data, len, e);
    struct s3_request q = {.method = "GET",
                           .key = r->key,
                           .from = at,
                           .len = (int64_t)len,
                           .into = data,
                           .into_bytes = len};
    return s3_do(s, &q, e);
}

/* Moves the window to at. */
static int look(struct s3_reader *r, int64_t at, struct err *e)
{
    int64_t left = r->base.size_bytes - at;
    bool follows = r->have && at == r->at + (int64_t)r->have;
    size_t want = follows ? r->room * 2 : WINDOW_LEAST;
    if (want > WINDOW_MOST)
        want = WINDOW_MOST;
    if (want > r->room) {
        free(r->window);
        r->window = mem_new(want);
        r->room = want;
    }
    r->have = 0;
    if ((int64_t)want > left)
        want = (size_t)left;
    if (get(r, r->window, want, at, e) < 0)
        return -1;
    r->at = at;
    r->have = want;
    return 0;
}

ssize_t s3_pread(struct blob_reader *base, void *data, size_t len_bytes, int64_t at_bytes,
                 struct err *e)
{
    struct s3_reader *r = (struct s3_reader *)base;
    char *to = data;
    size_t done = 0;
    while (done < len_bytes) {
        size_t left = len_bytes - done;
        int64_t at = at_bytes + (int64_t)done;
        if (at >= r->at && at < r->at + (int64_t)r->have) {
            size_t from = (size_t)(at - r->at), n = r->have - from < left ? r->have - from : left;
            memcpy(to + done, r->window + from, n);
            done += n;
        } else if (left >= WINDOW_LEAST) {
            if (get(r, to + done, left, at, e) < 0)
                return -1;
            done += left;
        } else if (look(r, at, e) < 0) {
            return -1;
        }
    }
    return (ssize_t)done;
}

void s3_reader_close(struct blob_reader *base)
{
    struct s3_reader *r = (struct s3_reader *)base;
    free(r->window);
    free(r);
}
