/* core/fd: file descriptors, whole reads and whole writes. Thread-safe. The caller owns the
 * descriptors. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* Closes *fd unless it is -1, and sets it to -1; for AUTO. */
void fd_closep(int *fd);
/* Returns *fd and sets it to -1; TAKE for descriptors. */
int fd_take(int *fd);
/* Writes all of data, across short writes and EINTR. ERR_FULL for ENOSPC and EDQUOT, otherwise
 * ERR_SYSTEM. */
int fd_write_all(int fd, const void *data, size_t len_bytes, struct err *e);
/* Reads len_bytes, or fewer at the end of the file. Returns the count, or -1 with ERR_SYSTEM. */
ssize_t fd_read_full(int fd, void *data, size_t len_bytes, struct err *e);
/* Reads from an offset in the same way and does not move the file position. */
ssize_t fd_pread_full(int fd, void *data, size_t len_bytes, int64_t offset, struct err *e);
