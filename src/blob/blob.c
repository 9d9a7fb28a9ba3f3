#include "blob/blob.h"

#include "blob/blob_impl.h"
#include "core/engine.h"
#include "core/err.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static const struct back_end {
    const char *scheme;
    const struct blob_ops *ops; /* NULL: in a module */
    const char *module, *symbol;
} back_ends[] = {{"file", &blob_file_ops, NULL, NULL}, {"s3", NULL, "s3", "blob_s3_ops"}};

int blob_open(struct blob **out, const char *url, const char *scratch, int64_t floor_bytes,
              struct log *log, struct err *e)
{
    for (size_t i = 0; i < LEN(back_ends); i++) {
        const struct back_end *x = &back_ends[i];
        size_t n = strlen(x->scheme);
        if (strncmp(url, x->scheme, n) != 0 || url[n] != ':')
            continue;
        const struct blob_ops *ops = x->ops ? x->ops : engine_find(x->module, x->symbol, e);
        struct blob *b;
        if (!ops || ops->open(&b, url + n + 1, floor_bytes > 0 ? floor_bytes : 0, log, e) < 0)
            return err_wrap(e, "storage");
        b->ops = ops;
        b->scratch = mem_strdup(scratch ? scratch : "/var/tmp");
        *out = b;
        return 0;
    }
    /* the rest of a URL may hold a secret */
    return err_set(e, ERR_INPUT,
                   "storage: no such kind: \"%.*s\"; known are file: s3:", (int)strcspn(url, ":"),
                   url);
}

void blob_close(struct blob *b)
{
    if (!b)
        return;
    free(TAKE(b->scratch));
    b->ops->close(b);
}

void blob_closep(struct blob **b)
{
    blob_close(*b);
    *b = NULL;
}

/* -- names -- */

bool blob_part_is_well(const char *text, size_t len)
{
    if (!len || *text == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return true;
}

bool blob_name_is_well(const char *name)
{
    if (strnlen(name, BLOB_NAME_MAX + 1) > BLOB_NAME_MAX)
        return false;
    for (const char *part = name;;) {
        size_t len = strcspn(part, "/");
        if (!blob_part_is_well(part, len))
            return false;
        if (!part[len])
            return true;
        part += len + 1;
    }
}

static int check_name(const char *name, struct err *e)
{
    return blob_name_is_well(name)
               ? 0
               : err_set(e, ERR_INPUT, "blob: \"%.150s\" is no name of ours", name);
}

/* -- writers -- */

static int begin(struct blob *b, const char *name, int64_t reserve_bytes, bool with_fd,
                 struct blob_writer **out, struct err *e)
{
    struct blob_writer *w;
    if (b->ops->begin(b, name, reserve_bytes > 0 ? reserve_bytes : 0, with_fd, &w, e) < 0)
        return -1;
    w->blob = b;
    snprintf(w->name, sizeof(w->name), "%s", name);
    w->with_fd = with_fd;
    *out = w;
    return 0;
}

int blob_begin(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e)
{
    return begin(b, "", reserve_bytes, false, out, e);
}

int blob_begin_named(struct blob *b, const char *name, int64_t reserve_bytes,
                     struct blob_writer **out, struct err *e)
{
    return check_name(name, e) < 0 ? -1 : begin(b, name, reserve_bytes, false, out, e);
}

int blob_begin_file(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e)
{
    return begin(b, "", reserve_bytes, true, out, e);
}

int blob_resume(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
                struct blob_writer **out, struct err *e)
{
    struct blob_writer *w;
    if (check_name(name, e) < 0)
        return -1;
    if (at_bytes < 0)
        return err_set(e, ERR_INPUT, "blob: %s cannot go on at a negative place", name);
    if (b->ops->resume(b, name, at_bytes, reserve_bytes > 0 ? reserve_bytes : 0, &w, e) < 0)
        return -1;
    w->blob = b;
    *out = w;
    return 0;
}

int blob_write(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e)
{
    return w->blob->ops->write(w, data, len_bytes, e);
}

int blob_writer_fd(const struct blob_writer *w)
{
    return w->fd;
}

int blob_commit(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e)
{
    if (check_name(name, e) == 0) {
        if (!*w->name || strcmp(w->name, name) == 0)
            return w->blob->ops->commit(w, name, size_bytes, e);
        (void)err_set(e, ERR_INPUT, "blob: it was begun as %s, not as %s", w->name, name);
    }
    blob_abort(w);
    return -1;
}

int blob_park(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e)
{
    if (check_name(name, e) == 0) {
        if (!*w->name && !w->with_fd)
            return w->blob->ops->park(w, name, size_bytes, e);
        (void)err_set(e, ERR_INPUT, "blob: these bytes are not for parking");
    }
    blob_abort(w);
    return -1;
}

void blob_abort(struct blob_writer *w)
{
    if (w)
        w->blob->ops->abort(w);
}

void blob_abortp(struct blob_writer **w)
{
    blob_abort(*w);
    *w = NULL;
}

/* -- readers -- */

static int open_reader(struct blob *b, enum blob_place place, const char *name,
                       struct blob_reader **out, struct err *e)
{
    struct blob_reader *r;
    if (check_name(name, e) < 0 || b->ops->read(b, place, name, &r, e) < 0)
        return -1;
    r->blob = b;
    *out = r;
    return 0;
}

int blob_read(struct blob *b, const char *name, struct blob_reader **out, struct err *e)
{
    return open_reader(b, BLOB_NAMED, name, out, e);
}

int blob_parked_read(struct blob *b, const char *name, struct blob_reader **out, struct err *e)
{
    return open_reader(b, BLOB_PARKED, name, out, e);
}

int64_t blob_reader_size(const struct blob_reader *r)
{
    return r->size_bytes;
}

int blob_reader_fd(const struct blob_reader *r)
{
    return r->fd;
}

ssize_t blob_pread(struct blob_reader *r, void *data, size_t len_bytes, int64_t at_bytes,
                   struct err *e)
{
    if (at_bytes < 0 || at_bytes >= r->size_bytes)
        return 0;
    if ((uint64_t)len_bytes > (uint64_t)(r->size_bytes - at_bytes))
        len_bytes = (size_t)(r->size_bytes - at_bytes);
    return r->blob->ops->pread(r, data, len_bytes, at_bytes, e);
}

void blob_reader_close(struct blob_reader *r)
{
    if (r)
        r->blob->ops->reader_close(r);
}

void blob_reader_closep(struct blob_reader **r)
{
    blob_reader_close(*r);
    *r = NULL;
}

/* -- the rest -- */

int blob_remove(struct blob *b, const char *name, struct err *e)
{
    return check_name(name, e) < 0 ? -1 : b->ops->remove(b, BLOB_NAMED, name, e);
}

int blob_unpark(struct blob *b, const char *name, struct err *e)
{
    return check_name(name, e) < 0 ? -1 : b->ops->remove(b, BLOB_PARKED, name, e);
}

int blob_list(struct blob *b, blob_each *each, void *arg, struct err *e)
{
    return b->ops->list(b, BLOB_NAMED, each, arg, e);
}

int blob_parked_list(struct blob *b, blob_each *each, void *arg, struct err *e)
{
    return b->ops->list(b, BLOB_PARKED, each, arg, e);
}

int blob_space(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e)
{
    return b->ops->space(b, free_bytes, total_bytes, e);
}

bool blob_is_far(const struct blob *b)
{
    return b->far;
}

static int stop_at_once(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)arg, (void)name, (void)size_bytes, (void)age_ms;
    return 1;
}

int blob_ping(struct blob *b, struct err *e)
{
    return blob_list(b, stop_at_once, NULL, e);
}

int blob_sweep(struct blob *b, int64_t age_ms, int *removed, struct err *e)
{
    *removed = 0;
    return b->ops->sweep(b, age_ms, removed, e);
}

int blob_link(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
              struct err *e)
{
    return check_name(name, e) < 0 ? -1 : b->ops->link(b, name, how, url, e);
}

const char *blob_link_origin(const struct blob *b)
{
    return b->links_at;
}

int blob_scratch_file(const struct blob *b, struct err *e)
{
    int fd = open(b->scratch, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT && mkdir(b->scratch, 0700) == 0)
        fd = open(b->scratch, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd < 0 ? err_set(e, ERR_SYSTEM, "a file in %s: %s", b->scratch, strerror(errno)) : fd;
}
