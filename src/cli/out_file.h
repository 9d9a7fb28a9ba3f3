/* cli/out_file: an output file that appears whole or not at all. Room-internal. One thread. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

struct err;

struct out_file {
    int fd;       /* read-write, empty; -1 when closed */
    int folder;   /* descriptor of the folder of the file */
    char *path;   /* the given path, or the target of a link at that path */
    char *name;   /* last part of path; points into path */
    char *hidden; /* name of the unfinished file on a file system without O_TMPFILE */
};
/* Starts the file `path`, in its folder. Never overwrites `input`: ERR_INPUT when path is the same
 * file. A file that exists at path must be a regular file; it stays until out_file_commit. */
int out_file_begin(struct out_file *o, const char *path, const struct stat *input, struct err *e);
/* Syncs the bytes and puts the file in place of path. After a return of 0 the file is durable. */
int out_file_commit(struct out_file *o, struct err *e);
/* Drops an uncommitted file and leaves nothing behind. */
void out_file_clear(struct out_file *o);
