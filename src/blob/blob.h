/* blob: bytes stored under a name. Back ends: blob/file.c, and blob/s3.c in a module of its own.
 * Thread-safe; a writer and a reader belong to one thread at a time.
 *
 * Reelgate chooses the names, never a user. A name has lower-case letters, digits, '-', '.', and
 * '/' between its parts; no part is empty or begins with '.'; the whole has at most BLOB_NAME_MAX
 * characters. Any other name is ERR_INPUT. A reader sees the old bytes or the new bytes, never a
 * mix. A crash leaves no unfinished blob (file: O_TMPFILE, or a name below .tmp/ that blob_open
 * removes). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BLOB_NAME_MAX = 120 };
struct blob;
struct blob_reader;
struct blob_writer;
struct err;
struct log;

/* Opens a storage.
 *
 * file:///dir or file:dir: the folder is created when missing, mode 0700. When the folder exists
 * and its group may read it, the group may read the blobs too (for a gateway that sends them
 * itself).
 *
 * s3://bucket/prefix?endpoint=https://host&region=name&style=path|virtual&public=https://host, with
 * the keys from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN).
 * public: the endpoint for other machines, used by blob_link. Opening sends no request.
 *
 * floor_bytes: the free space that writers must leave. scratch: a folder, created when missing, for
 * temporary files without a name; NULL: /var/tmp. */
int blob_open(struct blob **out, const char *url, const char *scratch, int64_t floor_bytes,
              struct log *log, struct err *e);
void blob_close(struct blob *b);
void blob_closep(struct blob **b);

/* Whether the bytes are on another machine, so that every call may wait for a network. Such a
 * storage gives ERR_BUSY while it is down. */
bool blob_is_far(const struct blob *b);
/* Checks that the storage answers, by a look-up of one name. */
int blob_ping(struct blob *b, struct err *e);

/* -- writing -- */

/* Starts a blob that has no name yet. reserve_bytes (0: unknown) is reserved against other writers
 * at once, so that a full disk shows now and not in the middle: ERR_FULL. blob_write uses up the
 * reservation. Bytes that a child writes do not use it up, so it stays until the end. */
int blob_begin(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
/* The same, with a descriptor for a child that writes by itself. The descriptor is a local file,
 * whatever the storage. */
int blob_begin_file(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
/* The same, without a descriptor, for a blob whose name is known. blob_commit must use this name,
 * and the writer cannot be parked. A far storage writes to the final place from the first byte. */
int blob_begin_named(struct blob *b, const char *name, int64_t reserve_bytes,
                     struct blob_writer **out, struct err *e);
/* Appends data, which is borrowed. ERR_FULL: the disk is full or the floor is reached. */
int blob_write(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e);
/* The descriptor of blob_begin_file. The writer owns it. */
int blob_writer_fd(const struct blob_writer *w);
/* Makes the bytes durable under the name (file: fsync of file and folder). ERR_CONFLICT: the name
 * is taken. Frees the writer in either case. A failure leaves nothing behind, except after
 * blob_resume. */
int blob_commit(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
/* Drops the bytes and frees the writer. NULL is allowed. */
void blob_abort(struct blob_writer *w);
void blob_abortp(struct blob_writer **w);

/* -- bytes that come in pieces, maybe days apart -- */

/* Parks the bytes under `name`: durable, but not as a blob. A later writer of any process continues
 * them. ERR_CONFLICT: other bytes are parked under this name, and stay. Frees the writer in either
 * case. */
int blob_park(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
/* Gives a writer that continues after the first at_bytes of parked bytes and drops the rest. End it
 * with blob_commit, after which nothing is parked; with blob_park under the same name (another
 * name: ERR_INPUT); or with blob_abort, which leaves the first at_bytes parked. A failed commit or
 * park leaves them parked too, unless the disk may have lost them: then nothing is left.
 * ERR_MISSING: nothing is parked, or fewer bytes; ERR_BUSY: another writer has them (file: a writer
 * in any process; S3 cannot tell and never gives it). */
int blob_resume(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
                struct blob_writer **out, struct err *e);
/* Removes parked bytes. Succeeds when there are none. */
int blob_unpark(struct blob *b, const char *name, struct err *e);
/* Lists all parked bytes, as blob_list does; age_ms: since the latest park. */
int blob_parked_list(struct blob *b,
                     int (*each)(void *arg, const char *name, int64_t size_bytes, int64_t age_ms),
                     void *arg, struct err *e);
/* Gives a reader of parked bytes. It is valid until a writer resumes them. */
int blob_parked_read(struct blob *b, const char *name, struct blob_reader **out, struct err *e);

/* -- reading -- */

/* ERR_MISSING. The caller closes the reader. */
int blob_read(struct blob *b, const char *name, struct blob_reader **out, struct err *e);
int64_t blob_reader_size(const struct blob_reader *r);
/* A read-only descriptor of the bytes, owned by the reader; -1: the bytes are on another machine.
 */
int blob_reader_fd(const struct blob_reader *r);
/* Reads len_bytes at at_bytes, or fewer at the end. Returns the count, or -1 with *e. */
ssize_t blob_pread(struct blob_reader *r, void *data, size_t len_bytes, int64_t at_bytes,
                   struct err *e);
/* NULL is allowed. */
void blob_reader_close(struct blob_reader *r);
void blob_reader_closep(struct blob_reader **r);

/* -- all of them -- */

/* Removes a blob. Succeeds when there is none. */
int blob_remove(struct blob *b, const char *name, struct err *e);
/* Lists all blobs, in no order; each() returns non-zero to stop early. age_ms: since the commit. */
int blob_list(struct blob *b,
              int (*each)(void *arg, const char *name, int64_t size_bytes, int64_t age_ms),
              void *arg, struct err *e);
/* *free_bytes: bytes that writers may still take, which is free space minus floor minus
 * reservations. *total_bytes: size of the disk. An object storage has no size and gives the same
 * huge number for both. */
int blob_space(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e);
/* Removes the leftovers of writers that died more than age_ms ago, where they do not vanish by
 * themselves. */
int blob_sweep(struct blob *b, int64_t age_ms, int *removed, struct err *e);

/* -- links -- */

/* How long a link is valid, and the headers of its answer. */
struct blob_link {
    int64_t valid_ms;
    const char *type, *disposition, *cache_control;
};
struct buf;
/* Writes a URL from which everybody can read the bytes, directly from the storage. ERR_UNSUPPORTED:
 * the storage has no such links. Sends no request, so a missing blob shows only when the link is
 * used. */
int blob_link(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
              struct err *e);
/* "https://host:port" of the links; "": the storage has no links. */
const char *blob_link_origin(const struct blob *b);

/* -- what passes through -- */

/* Returns the descriptor of a new empty local file without a name, in the scratch folder, or -1.
 * The caller owns it. */
int blob_scratch_file(const struct blob *b, struct err *e);
