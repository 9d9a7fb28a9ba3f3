/* blob: bytes stored under a name. Back ends: blob/file.c. Thread-safe; a writer belongs to one
 * thread.
 *
 * Names are ours, never a user's: lower-case letters, digits, '-', '.', '/' between parts; no empty
 * part, none that begins with '.'; at most BLOB_NAME_MAX characters. Anything else is ERR_INPUT.
 * Readers see the old bytes or the new, never a part. What a crash leaves of an unfinished writer
 * is nothing (file: O_TMPFILE, or a name below .tmp/ that blob_open removes). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOB_NAME_MAX = 120 };
struct blob;
struct blob_writer;
struct err;
struct log;

/* file:///dir or file:dir; made when missing, mode 0700. Where the folder was made
 * beforehand and its group may read it, the group may read the blobs too (a gateway that sends them
 * by itself). floor_bytes: writers are refused when less would stay free. */
int blob_open(struct blob **out, const char *url, int64_t floor_bytes, struct log *log,
              struct err *e);
void blob_close(struct blob *b);
void blob_closep(struct blob **b);

/* Starts bytes that have no name yet. reserve_bytes (0: unknown) is set aside against other writers
 * at once, so that running out shows here and not in the middle: ERR_FULL. What blob_write writes
 * counts against it; what a child writes does not, so it stays set aside until the end. */
int blob_begin(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
/* Appends; ERR_FULL when the disk or the floor is reached. data is borrowed. */
int blob_write(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e);
/* The descriptor behind the writer, for a child that writes by itself; stays the writer's. */
int blob_writer_fd(const struct blob_writer *w);
/* Makes it durable (fsync of file and folder) under its name; ERR_CONFLICT when the name is taken.
 * Frees the writer in either case; after a failure nothing is left behind. */
int blob_commit(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
/* Forgets the bytes. NULL is allowed. */
void blob_abort(struct blob_writer *w);
void blob_abortp(struct blob_writer **w);

/* A read-only descriptor on the bytes, the caller's to close, and their count; ERR_MISSING. */
int blob_read(struct blob *b, const char *name, int *fd, int64_t *size_bytes, struct err *e);
/* Removing what is not there is fine. */
int blob_remove(struct blob *b, const char *name, struct err *e);
/* Every blob, in no order; each() non-zero stops early. age_ms: since it was committed. */
int blob_list(struct blob *b,
              int (*each)(void *arg, const char *name, int64_t size_bytes, int64_t age_ms),
              void *arg, struct err *e);
/* Bytes that writers may still take: free less floor less reservations; and the whole disk. */
int blob_space(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e);
