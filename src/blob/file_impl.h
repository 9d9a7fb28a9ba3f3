/* file_impl: what the files of the file back end share. Room-internal.
 *
 *   file.c         open, close, read, remove, list, space, and the table of slots
 *   file_dir.c     folders: opening below the root, making them durable, leftovers of crashes
 *   file_writer.c  writers: free space, bytes, names */
#pragma once
#include "blob/blob_impl.h"

#include <pthread.h>
#include <sys/stat.h>

/* Number of folders known to be durable, with all their parents. A new day adds three. */
enum { FILE_SAFE_FOLDERS = 16 };
/* Folder below the root for files that have no name yet. Blob names cannot begin with a dot. */
#define FILE_TEMP ".tmp"
/* Folder below the root for parked bytes, created at its first use. */
#define FILE_PARKED ".parked"
enum { FILE_PATH_SIZE = sizeof(FILE_PARKED "/") + BLOB_NAME_MAX };

struct file_blob {
    struct blob base;
    struct log *log;
    int root, temp; /* descriptors of the root and of FILE_TEMP below it */
    bool nameless;  /* the file system supports O_TMPFILE and the naming of such a file */
    /* 0600 and 0700, or 0640 and 0750 when the root's group may read the root */
    mode_t file_mode, folder_mode;
    int64_t floor_bytes;
    pthread_mutex_t lock;   /* guards the rest */
    int64_t reserved_bytes; /* reserved by all writers */
    struct {
        dev_t dev;
        ino_t ino;
    } safe[FILE_SAFE_FOLDERS];
    unsigned safe_next;
};

/* Fills *e for the errno `number`: ERR_FULL, ERR_BUSY (out of descriptors or memory), ERR_SYSTEM.
 * Returns -1. */
int file_error(struct err *e, int number, const char *doing);
/* openat2 that stays below dir and follows no link. Returns -1 with errno. */
int file_open_below(int dir, const char *name, uint64_t flags);
/* Creates the missing folders of path and syncs them. Returns a descriptor of path, or -1. */
int file_open_root(const char *path, struct err *e);
/* Opens the folder of name, creates missing folders, and makes it and all its parents durable.
 * Returns a descriptor that the caller owns, or -1. *last points at the last part of name. */
int file_safe_folder(struct file_blob *f, const char *name, const char **last, struct err *e);
/* Opens the folder of name. Returns a descriptor, or -1 with errno; *last as above. */
int file_folder(const struct file_blob *f, const char *name, const char **last);
/* Removes files in FILE_TEMP without a running writer. */
void file_sweep_temp(const struct file_blob *f);
/* Bytes above the floor, without regard to reservations; may be negative. */
int file_room(const struct file_blob *f, int64_t *room_bytes, int64_t *total_bytes, struct err *e);
/* Whether a nameless file can be created here and then named. */
bool file_try_nameless(const struct file_blob *f);

/* Writes the path of a name, relative to the root. */
void file_path(char out[FILE_PATH_SIZE], enum blob_place place, const char *name);

int file_begin(struct blob *b, const char *name, int64_t reserve_bytes, bool with_fd,
               struct blob_writer **out, struct err *e);
int file_remove(struct blob *b, enum blob_place place, const char *name, struct err *e);
int file_resume(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
                struct blob_writer **out, struct err *e);
int file_write(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e);
int file_commit(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
int file_park(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
void file_abort(struct blob_writer *w);
