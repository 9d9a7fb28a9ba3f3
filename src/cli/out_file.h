/* cli/out_file: a file that appears whole or not at all. Room-internal. One thread. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

struct err;

struct out_file {
    int fd;       /* read-write, empty; -1 when closed */
    int folder;   /* descriptor of the folder that it will be in */
    char *path;   /* as it was named, or what a link there leads to */
    char *name;   /* last part of path; points into it */
    char *hidden; /* name of the unfinished file, where the file system has no O_TMPFILE */
};
/* Starts the file that will be `path`, in its folder. `input` is never overwritten: ERR_INPUT when
 * path is the same file. What exists must be a regular file, and stays until out_file_commit. */
int out_file_begin(struct out_file *o, const char *path, const struct stat *input, struct err *e);
/* Syncs the bytes and puts them in place of path, for good when 0 is returned. */
int out_file_commit(struct out_file *o, struct err *e);
/* Forgets what was not committed; nothing is left behind. */
void out_file_clear(struct out_file *o);
