/* core/fd: descriptors, whole reads and whole writes. Thread-safe; a descriptor is the caller's. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* Closes *fd unless it is -1 and sets it to -1; for AUTO. */
void fd_closep(int *fd);
/* The descriptor, and -1 is left behind: TAKE for descriptors. */
int fd_take(int *fd);
/* All of data, through short writes and EINTR; ERR_FULL for ENOSPC/EDQUOT, else ERR_SYSTEM. */
int fd_write_all(int fd, const void *data, size_t len_bytes, struct err *e);
/* Reads up to len_bytes, fewer only at the end of the file; the count, or -1 with ERR_SYSTEM. */
ssize_t fd_read_full(int fd, void *data, size_t len_bytes, struct err *e);
/* As above from an offset, leaving the file position alone. */
ssize_t fd_pread_full(int fd, void *data, size_t len_bytes, int64_t offset, struct err *e);
