/* Plan: use O_TMPFILE where the file system has it, so that even kill -9 leaves nothing; elsewhere
 * use a hidden name in the same folder. Commit syncs the file, links or renames it into place, and
 * syncs the folder. */
#include "cli/out_file.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/id.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static enum err_code code_of(int error)
{
    return error == ENOSPC || error == EDQUOT ? ERR_FULL : ERR_SYSTEM;
}

static char *hidden_name(const char *name)
{
    char id[ID_SIZE];
    id_make(id);
    size_t size = strlen(name) + ID_SIZE + 8;
    char *out = mem_new(size);
    /* a name may be as long as the file system allows; the hidden one must not be longer */
    snprintf(out, size, ".%.100s.%.12s.part", name, id);
    return out;
}

static int check_target(const char *path, const struct stat *input, struct err *e)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return errno == ENOENT ? 0 : err_set(e, ERR_SYSTEM, "%s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_SYSTEM, "it is a folder; name the file in it");
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_SYSTEM, "it exists and is not a regular file");
    if (st.st_dev == input->st_dev && st.st_ino == input->st_ino)
        return err_set(e, ERR_CONFLICT, "it is the clip itself, which is never overwritten");
    return 0;
}

static void hand_over(struct out_file *from, struct out_file *to)
{
    *to = *from;
    *from = (struct out_file){.fd = -1, .folder = -1};
}

int out_file_begin(struct out_file *o, const char *path, const struct stat *input, struct err *e)
{
    if (check_target(path, input, e) < 0)
        return -1;
    AUTO(out_file_clear) struct out_file n = {.fd = -1, .folder = -1};
    char *real = realpath(path, NULL); /* NULL when it is new */
    n.path = real ? real : mem_strdup(path);
    char *slash = strrchr(n.path, '/');
    n.name = slash ? slash + 1 : n.path;
    if (!*n.name)
        return err_set(e, ERR_SYSTEM, "it names a folder, not a file");
    AUTO(freep)
    char *folder = slash == n.path ? mem_strdup("/")
                   : slash         ? strndup(n.path, (size_t)(slash - n.path))
                                   : mem_strdup(".");
    n.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (n.folder < 0)
        return err_set(e, ERR_SYSTEM, "folder %s: %s", folder, strerror(errno));
    n.fd = openat(n.folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (n.fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        n.hidden = hidden_name(n.name);
        n.fd = openat(n.folder, n.hidden, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
        if (n.fd < 0)
            freep(&n.hidden);
    }
    if (n.fd < 0)
        return err_set(e, code_of(errno), "folder %s: %s", folder, strerror(errno));
    hand_over(&n, o);
    return 0;
}

/* Gives the nameless file a name: its own when that is free, else a hidden one to rename. */
static int give_name(struct out_file *o, struct err *e)
{
    char self[64];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
    if (linkat(AT_FDCWD, self, o->folder, o->name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno != EEXIST)
        return err_set(e, code_of(errno), "%s", strerror(errno));
    char *hidden = hidden_name(o->name);
    if (linkat(AT_FDCWD, self, o->folder, hidden, AT_SYMLINK_FOLLOW) < 0) {
        int error = errno;
        free(hidden);
        return err_set(e, code_of(error), "%s", strerror(error));
    }
    o->hidden = hidden;
    return 0;
}

int out_file_commit(struct out_file *o, struct err *e)
{
    /* after a failed fsync the bytes may be gone, and another fsync would hide that */
    if (fsync(o->fd) < 0)
        return err_set(e, code_of(errno), "%s", strerror(errno));
    if (!o->hidden && give_name(o, e) < 0)
        return -1;
    if (o->hidden) {
        if (renameat(o->folder, o->hidden, o->folder, o->name) < 0)
            return err_set(e, code_of(errno), "%s", strerror(errno));
        freep(&o->hidden);
    }
    if (fsync(o->folder) < 0)
        return err_set(e, ERR_SYSTEM, "its folder: %s", strerror(errno));
    return 0;
}

void out_file_clear(struct out_file *o)
{
    if (o->hidden && o->folder >= 0)
        unlinkat(o->folder, o->hidden, 0);
    fd_closep(&o->fd);
    fd_closep(&o->folder);
    freep(&o->hidden);
    freep(&o->path);
    o->name = NULL;
}
