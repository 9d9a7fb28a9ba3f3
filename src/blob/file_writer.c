/* Plan: one lock guards the count of free space: free space on the disk, minus the floor, minus the
 * reservations of other writers. A writer without a reservation reserves its bytes just before it
 * writes them, so concurrent writers never pass the floor together.
 *
 * New bytes go into a file without a name (O_TMPFILE), which the kernel drops when the process
 * dies. linkat() then gives it its name and never replaces another file. Where the file system or a
 * missing /proc denies this, the file has a name in FILE_TEMP and a lock, and is renamed. The lock
 * tells the next process whether the file is abandoned.
 *
 * Durable means: fsync of the bytes, then the name, then fsync of the folder. After a failed fsync
 * the kernel may mark the lost pages clean, so a second fsync proves nothing: the file is dropped.
 *
 * Parked bytes are a file with a name in FILE_PARKED, locked while a writer continues it. The
 * writer says where it continues. The bytes behind that point do not count, so an abort need not be
 * durable. */
#include "blob/file_impl.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* Write-back starts each time so much has come, so that the fsync at the end of a large clip finds
 * little left to do. */
enum { WRITE_BACK_BYTES = 8 << 20 };
/* A name in FILE_TEMP that a sweep took before we had the lock; another one is tried. */
enum { TEMP_TRIES = 10 };

struct file_writer {
    struct blob_writer base;
    char temp[ID_SIZE];          /* its name in FILE_TEMP; "" when it has none */
    int64_t left_bytes;          /* set aside and not written yet */
    int64_t bytes;               /* written through file_write */
    int64_t pushed;              /* of these, on their way to the disk */
    int64_t from_bytes;          /* of what is parked under `parked`, those that stay at an abort */
    char parked[FILE_PATH_SIZE]; /* where the bytes lie already; "": nowhere */
    bool broken;                 /* a write failed: these bytes must not get a name */
};

static struct file_blob *blob_of(const struct file_writer *w)
{
    return (struct file_blob *)w->base.blob;
}

/* -- room -- */

/* Sets aside `more` bytes, when `want` bytes can be written now without touching what others have
 * set aside. */
static int reserve(struct file_blob *f, struct file_writer *w, int64_t more, int64_t want,
                   struct err *e)
{
    int64_t room, total;
    pthread_mutex_lock(&f->lock);
    int rc = file_room(f, &room, &total, e);
    int64_t others = f->reserved_bytes - w->left_bytes;
    if (rc == 0 && room - others < want)
        rc = err_msg(e, MSG_DISK_FULL,
                     "%lld bytes are wanted; %lld are free above the floor, %lld of them set aside",
                     (long long)want, (long long)room, (long long)others);
    if (rc == 0) {
        f->reserved_bytes += more;
        w->left_bytes += more;
    }
    pthread_mutex_unlock(&f->lock);
    return rc;
}

static void release(struct file_blob *f, struct file_writer *w, int64_t bytes)
{
    pthread_mutex_lock(&f->lock);
    f->reserved_bytes -= bytes;
    w->left_bytes -= bytes;
    pthread_mutex_unlock(&f->lock);
}

/* -- a file without a name -- */

static int open_nameless(const struct file_blob *f)
{
    return openat(f->root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, f->file_mode);
}

static int link_nameless(int fd, int dir, const char *name)
{
    char self[32];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW);
}

bool file_try_nameless(const struct file_blob *f)
{
    char name[ID_SIZE];
    id_make(name);
    AUTO(fd_closep) int fd = open_nameless(f);
    if (fd < 0 || link_nameless(fd, f->temp, name) < 0)
        return false;
    (void)unlinkat(f->temp, name, 0);
    return true;
}

static int open_temp(const struct file_blob *f, char name[ID_SIZE], struct err *e)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        struct stat st;
        id_make(name);
        AUTO(fd_closep)
        int fd = openat(f->temp, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, f->file_mode);
        if (fd < 0)
            return file_error(e, errno, "a new file");
        (void)flock(fd, LOCK_EX | LOCK_NB); /* without locks its age protects it */
        if (fstat(fd, &st) == 0 && st.st_nlink > 0)
            return fd_take(&fd);
    }
    return err_set(e, ERR_BUSY, "a new file: sweeps were faster %d times", TEMP_TRIES);
}

/* From the name old in the folder from. NFS and others lack RENAME_NOREPLACE; a second name does as
 * well, the first goes later. */
static int rename_new(int from, const char *old, int to, const char *name)
{
    if (renameat2(from, old, to, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL || linkat(from, old, to, name, 0) < 0)
        return -1;
    (void)unlinkat(from, old, 0);
    return 0;
}

/* Gives the bytes their name; -1 and errno. */
static int give_name(struct file_writer *w, int dir, const char *name)
{
    struct file_blob *f = blob_of(w);
    const char *last;
    if (*w->parked) {
        AUTO(fd_closep) int from = file_folder(f, w->parked, &last);
        if (from < 0 || rename_new(from, last, dir, name) < 0)
            return -1;
        *w->parked = 0;
        return 0;
    }
    if (!*w->temp)
        return link_nameless(w->base.fd, dir, name);
    if (rename_new(f->temp, w->temp, dir, name) < 0)
        return -1;
    *w->temp = 0;
    return 0;
}

/* -- slots -- */

static void writer_freep(struct file_writer **pw)
{
    struct file_writer *w = *pw;
    if (!w)
        return;
    struct file_blob *f = blob_of(w);
    release(f, w, w->left_bytes);
    if (*w->temp)
        (void)unlinkat(f->temp, w->temp, 0);
    if (*w->parked)
        (void)!ftruncate(w->base.fd, w->from_bytes);
    fd_closep(&w->base.fd);
    free(w);
    *pw = NULL;
}

int file_begin(struct blob *b, const char *name, int64_t reserve_bytes, bool with_fd,
               struct blob_writer **out, struct err *e)
{
    (void)name, (void)with_fd; /* it has one in any case */
    struct file_blob *f = (struct file_blob *)b;
    AUTO(writer_freep) struct file_writer *w = mem_new(sizeof(*w));
    w->base.blob = b;
    w->base.fd = -1;
    if (reserve(f, w, reserve_bytes, reserve_bytes ? reserve_bytes : 1, e) < 0)
        return -1;
    if (!f->nameless) {
        w->base.fd = open_temp(f, w->temp, e);
        if (w->base.fd < 0)
            *w->temp = 0;
    } else if ((w->base.fd = open_nameless(f)) < 0) {
        file_error(e, errno, "a new file");
    }
    if (w->base.fd < 0)
        return -1;
    *out = &TAKE(w)->base;
    return 0;
}

int file_write(struct blob_writer *base, const void *data, size_t len_bytes, struct err *e)
{
    struct file_writer *w = (struct file_writer *)base;
    struct file_blob *f = blob_of(w);
    int64_t len = (int64_t)len_bytes, lacks = len > w->left_bytes ? len - w->left_bytes : 0;
    if (!len)
        return 0;
    if (w->broken)
        return err_set(e, ERR_SYSTEM, "blob: an earlier write of these bytes failed");
    if (reserve(f, w, lacks, len, e) < 0 || fd_write_all(w->base.fd, data, len_bytes, e) < 0) {
        w->broken = true;
        return -1;
    }
    release(f, w, len);
    w->bytes += len;
    if (w->bytes - w->pushed >= WRITE_BACK_BYTES) {
        /* Only begins: whether it went well is told by the fsync. */
        (void)sync_file_range(w->base.fd, w->pushed, w->bytes - w->pushed, SYNC_FILE_RANGE_WRITE);
        w->pushed = w->bytes;
    }
    return 0;
}

/* The parked file, locked for us, and its size; -1. */
static int open_parked(const struct file_blob *f, const char *path, const char *name,
                       int64_t *size_bytes, struct err *e)
{
    struct stat st;
    AUTO(fd_closep) int fd = file_open_below(f->root, path, O_RDWR | O_NONBLOCK);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return file_error(e, errno, name);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return err_set(e, ERR_BUSY, "blob: somebody writes on what is parked as %s", name);
    /* the one that had the lock may have committed it */
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink == 0)
        return err_set(e, ERR_MISSING, "blob: nothing is parked as %s", name);
    *size_bytes = st.st_size;
    return fd_take(&fd);
}

int file_resume(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
                struct blob_writer **out, struct err *e)
{
    struct file_blob *f = (struct file_blob *)b;
    AUTO(writer_freep) struct file_writer *w = mem_new(sizeof(*w));
    char path[FILE_PATH_SIZE];
    int64_t size = 0;
    w->base.blob = b;
    file_path(path, BLOB_PARKED, name);
    w->base.fd = open_parked(f, path, name, &size, e);
    if (w->base.fd < 0 || reserve(f, w, reserve_bytes, reserve_bytes ? reserve_bytes : 1, e) < 0)
        return -1;
    if (size < at_bytes)
        return err_set(e, ERR_MISSING, "blob: %lld bytes are parked as %s, not %lld",
                       (long long)size, name, (long long)at_bytes);
    if ((size > at_bytes && ftruncate(w->base.fd, at_bytes) < 0) ||
        lseek(w->base.fd, at_bytes, SEEK_SET) < 0)
        return file_error(e, errno, name);
    memcpy(w->parked, path, sizeof(w->parked));
    w->from_bytes = w->bytes = w->pushed = at_bytes;
    *out = &TAKE(w)->base;
    return 0;
}

/* Bytes, name and folder, in this order. */
static int make_durable(struct file_writer *w, const char *path, const char *name,
                        int64_t *size_bytes, struct err *e)
{
    struct stat st;
    const char *last;
    if (w->broken)
        return err_set(e, ERR_SYSTEM, "blob: %s: a write of its bytes failed", name);
    if (fstat(w->base.fd, &st) < 0 || fsync(w->base.fd) < 0) {
        int number = errno;
        if (*w->parked)
            (void)file_remove(w->base.blob, BLOB_PARKED, w->parked + strlen(FILE_PARKED "/"), NULL);
        *w->parked = 0;
        return file_error(e, number, "fsync");
    }
    if (strcmp(w->parked, path) != 0) {
        AUTO(fd_closep) int dir = file_safe_folder(blob_of(w), path, &last, e);
        if (dir < 0)
            return -1;
        if (give_name(w, dir, last) < 0) {
            if (errno == EEXIST)
                return err_set(e, ERR_CONFLICT, "blob: %s is taken", name);
            return file_error(e, errno, name);
        }
        if (fsync(dir) < 0) {
            int number = errno;
            (void)unlinkat(dir, last, 0);
            return file_error(e, number, "fsync of a folder");
        }
    }
    *w->parked = 0; /* nothing to cut off any more */
    if (size_bytes)
        *size_bytes = st.st_size;
    return 0;
}

int file_commit(struct blob_writer *base, const char *name, int64_t *size_bytes, struct err *e)
{
    AUTO(writer_freep) struct file_writer *w = (struct file_writer *)base;
    return make_durable(w, name, name, size_bytes, e);
}

int file_park(struct blob_writer *base, const char *name, int64_t *size_bytes, struct err *e)
{
    AUTO(writer_freep) struct file_writer *w = (struct file_writer *)base;
    char path[FILE_PATH_SIZE];
    file_path(path, BLOB_PARKED, name);
    if (*w->parked && strcmp(w->parked, path) != 0)
        return err_set(e, ERR_INPUT, "blob: it is parked as %s, not as %s",
                       w->parked + strlen(FILE_PARKED "/"), name);
    return make_durable(w, path, name, size_bytes, e);
}

void file_abort(struct blob_writer *base)
{
    struct file_writer *w = (struct file_writer *)base;
    writer_freep(&w);
}
