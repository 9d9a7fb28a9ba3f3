#include "auth/auth_impl.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/id.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

/* The secret gets its name by link(2), whole and synced: of two processes that start at once one
 * wins and the other reads what the winner made. */
static int make(const char *path, struct err *e)
{
    char tmp[4200], id[ID_SIZE];
    unsigned char key[KEY_BYTES];
    id_make(id);
    snprintf(tmp, sizeof(tmp), "%.4096s.%s", path, id);
    AUTO(fd_closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, ERR_SYSTEM, "%s: %s", tmp, strerror(errno));
    id_random(key, sizeof(key));
    int r = fd_write_all(fd, key, sizeof(key), e);
    sodium_memzero(key, sizeof(key));
    if (r == 0 && fsync(fd) < 0)
        r = err_set(e, ERR_SYSTEM, "%s: %s", tmp, strerror(errno));
    if (r == 0 && link(tmp, path) < 0 && errno != EEXIST)
        r = err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    unlink(tmp);
    if (r < 0)
        return -1;
    AUTO(freep) char *folder = mem_strdup(path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
    AUTO(fd_closep) int dir = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsync(dir) < 0)
        return err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    return 0;
}

/* Nobody's link is followed, and a pipe or device is not waited for. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK };

int auth_secret(const char *path, unsigned char out[KEY_BYTES], struct err *e)
{
    AUTO(fd_closep) int fd = open(path, OPEN_FLAGS);
    if (fd < 0 && errno == ENOENT) {
        if (make(path, e) < 0)
            return -1;
        fd = open(path, OPEN_FLAGS);
    }
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(e, ERR_SYSTEM, "secret %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_SYSTEM, "secret %s: not a plain file", path);
    if (st.st_mode & 077)
        return err_set(e, ERR_SYSTEM, "secret %s: others may read it; chmod 600 it", path);
    ssize_t n = fd_read_full(fd, out, KEY_BYTES, e);
    if (n < 0)
        return err_wrap(e, "secret %s", path);
    if (n < KEY_BYTES)
        return err_set(e, ERR_SYSTEM, "secret %s: shorter than %d bytes", path, KEY_BYTES);
    return 0;
}
