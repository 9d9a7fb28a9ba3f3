/* Plan: opening a storage folder, then all that needs no writer. A blob is a file under its own
 * name below the root. Everything else there (other names, links, devices) is ignored. */
#include "blob/file_impl.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* -- open, close -- */

static void file_free(struct file_blob *f)
{
    fd_closep(&f->temp);
    fd_closep(&f->root);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void file_freep(struct file_blob **f)
{
    if (*f)
        file_free(*f);
}

static int open_temp_folder(struct file_blob *f, struct err *e)
{
    if (mkdirat(f->root, FILE_TEMP, 0700) < 0 && errno != EEXIST)
        return file_error(e, errno, FILE_TEMP);
    f->temp = file_open_below(f->root, FILE_TEMP, O_RDONLY | O_DIRECTORY);
    return f->temp < 0 ? file_error(e, errno, FILE_TEMP) : 0;
}

static int file_open(struct blob **out, const char *rest, int64_t floor_bytes, struct log *log,
                     struct err *e)
{
    const char *path = strncmp(rest, "//", 2) == 0 ? rest + 2 : rest;
    if (!*path || (path != rest && *path != '/'))
        return err_set(e, ERR_INPUT, "file:%s: neither file:///folder nor file:folder", rest);
    AUTO(file_freep) struct file_blob *f = mem_new(sizeof(*f));
    f->root = f->temp = -1;
    f->log = log;
    f->floor_bytes = floor_bytes;
    pthread_mutex_init(&f->lock, NULL);
    f->root = file_open_root(path, e);
    if (f->root < 0 || open_temp_folder(f, e) < 0)
        return -1;
    struct stat st;
    bool group = fstat(f->root, &st) == 0 && st.st_mode & S_IRGRP;
    f->file_mode = group ? 0640 : 0600;
    f->folder_mode = group ? 0750 : 0700;
    f->nameless = file_try_nameless(f);
    if (!f->nameless)
        log_info(log, "storage has no nameless files, " FILE_TEMP " is used", "folder", path);
    file_sweep_temp(f);
    *out = &TAKE(f)->base;
    return 0;
}

static void file_close(struct blob *b)
{
    file_free((struct file_blob *)b);
}

/* -- read, remove -- */

void file_path(char out[FILE_PATH_SIZE], enum blob_place place, const char *name)
{
    snprintf(out, FILE_PATH_SIZE, "%s%s", place == BLOB_PARKED ? FILE_PARKED "/" : "", name);
}

static int file_read(struct blob *b, enum blob_place place, const char *name,
                     struct blob_reader **out, struct err *e)
{
    const struct file_blob *f = (struct file_blob *)b;
    char path[FILE_PATH_SIZE];
    struct stat st;
    file_path(path, place, name);
    /* O_NONBLOCK: were it a pipe, nobody must wait for its writer */
    AUTO(fd_closep) int file = file_open_below(f->root, path, O_RDONLY | O_NONBLOCK);
    if (file < 0 && errno != ENOENT && errno != ENOTDIR)
        return file_error(e, errno, name);
    if (file < 0 || fstat(file, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(e, ERR_MISSING, "blob: there is no %s", name);
    struct blob_reader *r = mem_new(sizeof(*r));
    r->size_bytes = st.st_size;
    r->fd = fd_take(&file);
    *out = r;
    return 0;
}

static ssize_t file_pread(struct blob_reader *r, void *data, size_t len_bytes, int64_t at_bytes,
                          struct err *e)
{
    return fd_pread_full(r->fd, data, len_bytes, at_bytes, e);
}

static void file_reader_close(struct blob_reader *r)
{
    fd_closep(&r->fd);
    free(r);
}

int file_remove(struct blob *b, enum blob_place place, const char *name, struct err *e)
{
    char path[FILE_PATH_SIZE];
    const char *last;
    file_path(path, place, name);
    AUTO(fd_closep) int dir = file_folder((struct file_blob *)b, path, &last);
    /* Not synced: should a crash undo it, the sweep finds the bytes again. */
    if ((dir < 0 || unlinkat(dir, last, 0) < 0) && errno != ENOENT && errno != ENOTDIR)
        return file_error(e, errno, name);
    return 0;
}

/* -- list -- */

struct listing {
    blob_each *each;
    void *arg;
    int64_t now_ms;
    char name[BLOB_NAME_MAX + 1]; /* of where the walk is */
    struct err *e;
};

static void dir_closep(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int walk(struct listing *l, int above, const char *part, size_t len);

/* One entry of the folder open as dir: 0 go on, 1 the caller has enough, -1 *l->e. */
static int walk_entry(struct listing *l, int dir, const char *part, size_t len)
{
    struct stat st;
    size_t n = strlen(part), at = len ? len + 1 : 0;
    if (!blob_part_is_well(part, n) || at + n > BLOB_NAME_MAX)
        return 0;
    if (fstatat(dir, part, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : file_error(l->e, errno, part);
    if (len)
        l->name[len] = '/';
    memcpy(l->name + at, part, n + 1);
    if (S_ISDIR(st.st_mode))
        return walk(l, dir, part, at + n);
    if (!S_ISREG(st.st_mode))
        return 0;
    /* The change of status, not of content: getting its name was the last one. */
    int64_t named_ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
    int64_t age_ms = l->now_ms > named_ms ? l->now_ms - named_ms : 0;
    return l->each(l->arg, l->name, st.st_size, age_ms) ? 1 : 0;
}

/* Walks the folder `part` of `above`; l->name[0..len) is its name. The depth is bounded by the
 * length of a name, as is the number of open folders. */
static int walk(struct listing *l, int above, const char *part, size_t len)
{
    int fd = file_open_below(above, part, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return errno == ENOENT ? 0 : file_error(l->e, errno, part);
    AUTO(dir_closep) DIR *d = fdopendir(fd);
    if (!d) {
        int number = errno;
        close(fd);
        return file_error(l->e, number, part);
    }
    for (;;) {
        errno = 0;
        const struct dirent *x = readdir(d);
        if (!x)
            return errno ? file_error(l->e, errno, part) : 0;
        int rc = walk_entry(l, fd, x->d_name, len);
        if (rc)
            return rc;
    }
}

static int file_list(struct blob *b, enum blob_place place, blob_each *each, void *arg,
                     struct err *e)
{
    struct listing l = {.each = each, .arg = arg, .now_ms = clock_now_ms(), .e = e};
    const char *top = place == BLOB_PARKED ? FILE_PARKED : ".";
    return walk(&l, ((struct file_blob *)b)->root, top, 0) < 0 ? -1 : 0;
}

/* -- space -- */

int file_room(const struct file_blob *f, int64_t *room_bytes, int64_t *total_bytes, struct err *e)
{
    struct statvfs v;
    if (fstatvfs(f->root, &v) < 0)
        return file_error(e, errno, "free space");
    *room_bytes = (int64_t)(v.f_bavail * v.f_frsize) - f->floor_bytes;
    *total_bytes = (int64_t)(v.f_blocks * v.f_frsize);
    return 0;
}

static int file_space(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e)
{
    struct file_blob *f = (struct file_blob *)b;
    int64_t room = 0, total = 0;
    pthread_mutex_lock(&f->lock);
    int rc = file_room(f, &room, &total, e);
    int64_t reserved = f->reserved_bytes;
    pthread_mutex_unlock(&f->lock);
    if (rc < 0)
        return -1;
    room -= reserved;
    *free_bytes = room > 0 ? room : 0;
    *total_bytes = total;
    return 0;
}

static int file_sweep(struct blob *b, int64_t age_ms, int *removed, struct err *e)
{
    (void)b, (void)age_ms, (void)removed, (void)e; /* see file_open */
    return 0;
}

static int file_link(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
                     struct err *e)
{
    (void)b, (void)how, (void)url;
    return err_set(e, ERR_UNSUPPORTED, "blob: a folder gives no link to %s", name);
}

const struct blob_ops blob_file_ops = {
    .scheme = "file",
    .open = file_open,
    .close = file_close,
    .begin = file_begin,
    .resume = file_resume,
    .write = file_write,
    .commit = file_commit,
    .park = file_park,
    .abort = file_abort,
    .read = file_read,
    .pread = file_pread,
    .reader_close = file_reader_close,
    .remove = file_remove,
    .list = file_list,
    .space = file_space,
    .sweep = file_sweep,
    .link = file_link,
};
