/* Plan: opening by name, below the root and through no link; then creating folders. A file is only
 * as safe as every folder on its path: when a folder's own entry was never synced, a power cut
 * loses the acknowledged clip in it. So the whole path is synced once, before this process puts its
 * first file into a folder. The folder is then remembered by its inode. Folders are never removed
 * (three empty ones a day cost nothing), so an inode always means the same folder. */
#include "blob/file_impl.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where locks do not work: no upload takes so long. */
enum { TEMP_AGE_S = 24 * 3600 };

int file_error(struct err *e, int number, const char *doing)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return err_msg(e, MSG_DISK_FULL, "%s: %s", doing, strerror(number));
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return err_set(e, ERR_BUSY, "%s: %s", doing, strerror(number));
    default:
        return err_set(e, ERR_SYSTEM, "%s: %s", doing, strerror(number));
    }
}

int file_open_below(int dir, const char *name, uint64_t flags)
{
    const struct open_how how = {.flags = flags | O_CLOEXEC,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

/* -- the root -- */

/* Syncs the folder that holds path, which was just made. */
static int sync_holder(char *path, struct err *e)
{
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    AUTO(fd_closep)
    int fd = open(!slash ? "." : *path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (slash)
        *slash = '/';
    if (fd < 0 || fsync(fd) < 0)
        return file_error(e, errno, path);
    return 0;
}

int file_open_root(const char *given, struct err *e)
{
    AUTO(freep) char *path = mem_strdup(given);
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = 0;
    for (size_t i = 1; i <= n; i++) {
        char c = path[i];
        if (c && c != '/')
            continue;
        path[i] = 0;
        if (path[i - 1] != '/') { /* "a//b" has nothing between */
            if (mkdir(path, 0700) == 0) {
                if (sync_holder(path, e) < 0)
                    return -1;
            } else if (errno != EEXIST) {
                return file_error(e, errno, path);
            }
        }
        path[i] = c;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? file_error(e, errno, path) : fd;
}

/* -- folders below it -- */

/* Copies the folder part of name ("." when it has none) and points *last behind it. */
static void split(const char *name, char folder[FILE_PATH_SIZE], const char **last)
{
    const char *slash = strrchr(name, '/');
    snprintf(folder, FILE_PATH_SIZE, "%.*s", slash ? (int)(slash - name) : 1, slash ? name : ".");
    *last = slash ? slash + 1 : name;
}

int file_folder(const struct file_blob *f, const char *name, const char **last)
{
    char folder[FILE_PATH_SIZE];
    split(name, folder, last);
    return file_open_below(f->root, folder, O_RDONLY | O_DIRECTORY);
}

static bool is_safe(struct file_blob *f, const struct stat *st)
{
    bool yes = false;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < LEN(f->safe); i++)
        yes = yes || (f->safe[i].ino == st->st_ino && f->safe[i].dev == st->st_dev);
    pthread_mutex_unlock(&f->lock);
    return yes;
}

static void note_safe(struct file_blob *f, const struct stat *st)
{
    pthread_mutex_lock(&f->lock);
    unsigned i = f->safe_next++ % FILE_SAFE_FOLDERS;
    f->safe[i].dev = st->st_dev;
    f->safe[i].ino = st->st_ino;
    pthread_mutex_unlock(&f->lock);
}

/* One step down: part is made when missing, and its entry synced either way, since another process
 * may have made it a moment ago. */
static int step_down(const struct file_blob *f, int *dir, const char *part, struct err *e)
{
    if (mkdirat(*dir, part, f->folder_mode) < 0 && errno != EEXIST)
        return file_error(e, errno, part);
    if (fsync(*dir) < 0)
        return file_error(e, errno, "fsync of a folder");
    int below = file_open_below(*dir, part, O_RDONLY | O_DIRECTORY);
    if (below < 0)
        return file_error(e, errno, part);
    close(*dir);
    *dir = below;
    return 0;
}

int file_safe_folder(struct file_blob *f, const char *name, const char **last, struct err *e)
{
    struct stat st;
    AUTO(fd_closep) int dir = file_folder(f, name, last);
    if (dir >= 0 && fstat(dir, &st) == 0 && is_safe(f, &st))
        return fd_take(&dir);
    fd_closep(&dir);
    char folder[FILE_PATH_SIZE], *rest = folder, *part;
    split(name, folder, last);
    dir = file_open_below(f->root, ".", O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return file_error(e, errno, "the storage folder");
    while (strcmp(folder, ".") != 0 && (part = strsep(&rest, "/")))
        if (step_down(f, &dir, part, e) < 0)
            return -1;
    if (fstat(dir, &st) < 0)
        return file_error(e, errno, folder);
    note_safe(f, &st);
    return fd_take(&dir);
}

/* -- what crashes left -- */

static bool abandoned(int fd)
{
    struct stat st;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK || fstat(fd, &st) < 0)
        return false;
    return st.st_mtime < time(NULL) - TEMP_AGE_S;
}

static void dir_closep(DIR **d)
{
    if (*d)
        closedir(*d);
}

void file_sweep_temp(const struct file_blob *f)
{
    int fd = file_open_below(f->temp, ".", O_RDONLY | O_DIRECTORY);
    AUTO(dir_closep) DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *x; (x = readdir(d));) {
        if (!blob_part_is_well(x->d_name, strlen(x->d_name)))
            continue;
        AUTO(fd_closep) int file = file_open_below(f->temp, x->d_name, O_RDWR | O_NONBLOCK);
        if (file >= 0 && abandoned(file) && unlinkat(f->temp, x->d_name, 0) == 0)
            log_info(f->log, "unfinished bytes removed", "file", x->d_name);
    }
}
