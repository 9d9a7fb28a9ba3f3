/* blob: bytes stored under a name. Back ends: blob/file.c, and blob/s3.c in a module of its own.
 * Thread-safe; a writer and a reader belong to one thread at a time.
 *
 * Names are ours, never a user's: lower-case letters, digits, '-', '.', '/' between parts; no empty
 * part, none that begins with '.'; at most BLOB_NAME_MAX characters. Anything else is ERR_INPUT.
 * Readers see the old bytes or the new, never a part. What a crash leaves of an unfinished writer
 * is nothing (file: O_TMPFILE, or a name below .tmp/ that blob_open removes). */
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

/* file:///dir or file:dir: made when missing, mode 0700. Where the folder was made
 * beforehand and its group may read it, the group may read the blobs too (a gateway that sends them
 * by itself).
 * s3://bucket/prefix?endpoint=https://host&region=name&style=path|virtual&public=https://host, with
 * the keys from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN);
 * public: the endpoint as others reach it, for blob_link. The server is not asked for anything yet.
 * floor_bytes: writers are refused when less would stay free. scratch: a folder, made when missing,
 * for files without a name that only pass through here; NULL: /var/tmp. */
int blob_open(struct blob **out, const char *url, const char *scratch, int64_t floor_bytes,
              struct log *log, struct err *e);
void blob_close(struct blob *b);
void blob_closep(struct blob **b);

/* Whether the bytes lie in another place, so that every call here may wait for a network. What such
 * a storage says when it is down is ERR_BUSY. */
bool blob_is_far(const struct blob *b);
/* Whether it answers: asks it for one name. */
int blob_ping(struct blob *b, struct err *e);

/* -- writing -- */

/* Starts bytes that have no name yet. reserve_bytes (0: unknown) is set aside against other writers
 * at once, so that running out shows here and not in the middle: ERR_FULL. What blob_write writes
 * counts against it; what a child writes does not, so it stays set aside until the end. */
int blob_begin(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
/* The same, with a descriptor for a child that writes by itself: a local file, whatever the
 * storage. */
int blob_begin_file(struct blob *b, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
/* The same without a descriptor, for bytes whose name is known already: blob_commit has to use it,
 * and nothing is parked. A far storage then writes to the final place from the first byte. */
int blob_begin_named(struct blob *b, const char *name, int64_t reserve_bytes,
                     struct blob_writer **out, struct err *e);
/* Appends; ERR_FULL when the disk or the floor is reached. data is borrowed. */
int blob_write(struct blob_writer *w, const void *data, size_t len_bytes, struct err *e);
/* The descriptor of blob_begin_file, which stays the writer's. */
int blob_writer_fd(const struct blob_writer *w);
/* Makes it durable (file: fsync of file and folder) under its name; ERR_CONFLICT when the name is
 * taken. Frees the writer in either case; after a failure nothing is left behind, but see
 * blob_resume. */
int blob_commit(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
/* Forgets the bytes. NULL is allowed. */
void blob_abort(struct blob_writer *w);
void blob_abortp(struct blob_writer **w);

/* -- bytes that come in pieces, maybe days apart -- */

/* Keeps what was written so far under `name`, durable, not among the blobs: a later writer, of any
 * process, goes on from there. ERR_CONFLICT: something is parked there already, and stays. Frees
 * the writer in either case. */
int blob_park(struct blob_writer *w, const char *name, int64_t *size_bytes, struct err *e);
/* A writer that goes on after the first at_bytes of what was parked; the rest is cut off. Then
 * blob_write and one of: blob_commit, after which nothing is parked; blob_park under the same name
 * (another: ERR_INPUT); blob_abort, which leaves the first at_bytes parked, as does whatever of
 * these fails, unless the disk could not be trusted with them: then nothing is left.
 * ERR_MISSING: not there, or shorter; ERR_BUSY: another writer is at it, as far as the storage
 * knows (file: in any process; S3: never). */
int blob_resume(struct blob *b, const char *name, int64_t at_bytes, int64_t reserve_bytes,
                struct blob_writer **out, struct err *e);
/* Forgets parked bytes; not there is fine. */
int blob_unpark(struct blob *b, const char *name, struct err *e);
/* Everything parked, as blob_list; age_ms: since it was parked last. */
int blob_parked_list(struct blob *b,
                     int (*each)(void *arg, const char *name, int64_t size_bytes, int64_t age_ms),
                     void *arg, struct err *e);
/* Parked bytes, from the first; for as long as nobody resumes them. */
int blob_parked_read(struct blob *b, const char *name, struct blob_reader **out, struct err *e);

/* -- reading -- */

/* ERR_MISSING. The reader is the caller's to close. */
int blob_read(struct blob *b, const char *name, struct blob_reader **out, struct err *e);
int64_t blob_reader_size(const struct blob_reader *r);
/* A descriptor on the bytes that can only be read, the reader's; -1: they do not lie here. */
int blob_reader_fd(const struct blob_reader *r);
/* len_bytes from at_bytes on; fewer only at the end. The count, or -1 with *e. */
ssize_t blob_pread(struct blob_reader *r, void *data, size_t len_bytes, int64_t at_bytes,
                   struct err *e);
/* NULL is allowed. */
void blob_reader_close(struct blob_reader *r);
void blob_reader_closep(struct blob_reader **r);

/* -- all of them -- */

/* Removing what is not there is fine. */
int blob_remove(struct blob *b, const char *name, struct err *e);
/* Every blob, in no order; each() non-zero stops early. age_ms: since it was committed. */
int blob_list(struct blob *b,
              int (*each)(void *arg, const char *name, int64_t size_bytes, int64_t age_ms),
              void *arg, struct err *e);
/* Bytes that writers may still take: free less floor less reservations; and the whole disk. */
int blob_space(struct blob *b, int64_t *free_bytes, int64_t *total_bytes, struct err *e);
/* Removes what writers left that died more than age_ms ago, as far as it is not gone by itself. */
int blob_sweep(struct blob *b, int64_t age_ms, int *removed, struct err *e);

/* -- links -- */

/* What an answer to a link says of itself. */
struct blob_link {
    int64_t valid_ms;
    const char *type, *disposition, *cache_control;
};
struct buf;
/* A URL that gives the bytes to anybody, from where they lie; ERR_UNSUPPORTED: the storage knows no
 * such thing. Asks nobody: what is missing shows when it is followed. */
int blob_link(struct blob *b, const char *name, const struct blob_link *how, struct buf *url,
              struct err *e);
/* "https://host:port", where these lead; "": nowhere. */
const char *blob_link_origin(const struct blob *b);

/* -- what passes through -- */

/* An empty local file without a name, in the scratch folder; a descriptor of the caller's, or -1.
 */
int blob_scratch_file(const struct blob *b, struct err *e);
