/* file_impl: what the files of the file back end share. Room-internal.
 *
 *   file.c         open, close, read, remove, list, space, and the table of slots
 *   file_dir.c     folders: opening below the root, making them durable, what crashes left
 *   file_writer.c  writers: room on the disk, bytes, names */
#pragma once
#include "blob/blob_impl.h"

#include <pthread.h>
#include <sys/stat.h>

/* Folders that lie safely on the disk, each with the way to it: a new day brings three. */
enum { FILE_SAFE_FOLDERS = 16 };
/* The root's folder of files that have no name yet: its dot keeps it out of the blobs' names. */
#define FILE_TEMP ".tmp"
/* The same for what is parked; made when first used. */
#define FILE_PARKED ".parked"
enum { FILE_PATH_SIZE = sizeof(FILE_PARKED "/") + BLOB_NAME_MAX };

struct file_blob {
    struct blob base;
    struct log *log;
    int root, temp; /* descriptors of the folder and of FILE_TEMP in it */
    bool nameless;  /* O_TMPFILE works here, and so does naming such a file */
    /* 0600 and 0700; 0640 and 0750 below a root that its group may read */
    mode_t file_mode, folder_mode;
    int64_t floor_bytes;
    pthread_mutex_t lock;   /* guards the rest */
    int64_t reserved_bytes; /* of all writers */
    struct {
        dev_t dev;
        ino_t ino;
    } safe[FILE_SAFE_FOLDERS];
    unsigned safe_next;
};

/* Fills *e for errno `number`: ERR_FULL, ERR_BUSY (descriptors or memory ran out), ERR_SYSTEM. */
int file_error(struct err *e, int number, const char *doing);
/* openat2 that neither leaves dir nor follows a link; -1 and errno. */
int file_open_below(int dir, const char *name, uint64_t flags);
/* Makes what is missing of path and syncs it; a descriptor on it or -1. */
int file_open_root(const char *path, struct err *e);
/* The folder of path, made when missing, so that it and the way to it survive a crash; the caller's
 * descriptor or -1. *last points at the last part, in name. */
int file_safe_folder(struct file_blob *f, const char *name, const char **last, struct err *e);
/* The folder of name, or -1 with errno; *last as above. */
int file_folder(const struct file_blob *f, const char *name, const char **last);
/* Removes files in FILE_TEMP that no running process writes. */
void file_sweep_temp(const struct file_blob *f);
/* Bytes that may still be taken, reservations not looked at; may be negative. */
int file_room(const struct file_blob *f, int64_t *room_bytes, int64_t *total_bytes, struct err *e);
/* Whether a nameless file can be made here and then be named. */
bool file_try_nameless(const struct file_blob *f);

/* Where the bytes of a name lie, below the root. */
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
