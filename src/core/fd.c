#include "core/fd.h"

#include "core/err.h"

#include <errno.h>
#include <unistd.h>

void fd_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fd_take(int *fd)
{
    int f = *fd;
    *fd = -1;
    return f;
}

int fd_write_all(int fd, const void *data, size_t len_bytes, struct err *e)
{
    const char *p = data;
    while (len_bytes) {
        ssize_t n = write(fd, p, len_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            enum err_code code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_SYSTEM;
            return err_set(e, code, "write: %s", strerror(errno));
        }
        p += n;
        len_bytes -= (size_t)n;
    }
    return 0;
}

/* offset < 0: from the file position */
static ssize_t read_some(int fd, char *p, size_t len_bytes, int64_t offset, struct err *e)
{
    size_t got = 0;
    while (got < len_bytes) {
        ssize_t n = offset < 0 ? read(fd, p + got, len_bytes - got)
                               : pread(fd, p + got, len_bytes - got, offset + (int64_t)got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, ERR_SYSTEM, "read: %s", strerror(errno));
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

ssize_t fd_read_full(int fd, void *data, size_t len_bytes, struct err *e)
{
    return read_some(fd, data, len_bytes, -1, e);
}

ssize_t fd_pread_full(int fd, void *data, size_t len_bytes, int64_t offset, struct err *e)
{
    return read_some(fd, data, len_bytes, offset, e);
}
