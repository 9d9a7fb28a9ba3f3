/* task/resume: clips that come in pieces, over broken connections and through several processes
 * (http uses it for tus 1.0). Acknowledged bytes are durable. The last byte makes the task, once.
 * Thread-safe; a piece belongs to one thread at a time. */
#pragma once
#include "store/upload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct task_piece;
struct task_wish;
struct tasks;

/* Creates an upload of length_bytes. Texts of *out live in the arena. Checks all that is known now:
 * the options in *w, MSG_FILE_TOO_LARGE, MSG_EMPTY_FILE, MSG_DISK_FULL, MSG_QUOTA_EXCEEDED,
 * MSG_UPLOADS_LIMITED. */
int resume_add(struct tasks *t, const struct task_wish *w, int64_t length_bytes, struct arena *a,
               struct upload_row *out, struct err *e);
/* Gives the row with the current offset. Asks a current writer to let go and waits for it. An
 * upload with all its bytes becomes a task. ERR_MISSING; MSG_UPLOAD_GONE: expired, or its bytes are
 * lost. Slow. */
int resume_get(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
               struct upload_row *out, struct err *e);
/* Removes the upload and its bytes. A task that was made of it stays. */
int resume_remove(struct tasks *t, struct arena *a, const char *id, int64_t user_id, struct err *e);

/* Begins a piece at at_bytes. MSG_OFFSET_WRONG: this is not the current offset. The newest caller
 * becomes the writer: the writer before it is asked to let go and, if it does not, loses the lock.
 * MSG_UPLOAD_TAKEN: a newer caller came while this one waited. Slow. */
int resume_begin(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
                 int64_t at_bytes, struct task_piece **out, struct err *e);
/* Writes as task_upload_write does. MSG_FILE_TOO_LARGE: more bytes than the announced length. */
int resume_write(struct task_piece *p, const void *data, size_t len_bytes, struct err *e);
/* Ends the piece. keep: makes its bytes durable, otherwise drops them. With the last byte it makes
 * the task. *out has the new offset. Bytes that cannot be a clip end the upload. Frees p in any
 * case. Slow. */
int resume_end(struct task_piece *p, bool keep, struct arena *a, struct upload_row *out,
               struct err *e);
/* For the thread that watches running pieces: the id of the piece's upload, the piece's number, and
 * whether a newer writer waits. */
const char *resume_id(const struct task_piece *p);
int64_t resume_number(const struct task_piece *p);
bool resume_unwanted(struct tasks *t, const char *id, int64_t number);

/* Part of the sweep: removes expired uploads and makes tasks of complete ones. strays_too: removes
 * parked bytes that have no upload. */
int resume_sweep(struct tasks *t, bool strays_too, int *removed, struct err *e);
/* Releases all upload locks. Call it at the start of a process that has the store alone. */
int resume_start(struct tasks *t, struct err *e);
