/* task/resume: clips that come in pieces, over connections that break, from one process or another
 * (http speaks tus 1.0 with it). Bytes that were acknowledged are durable; the last of them makes
 * the task, once. Thread-safe; a piece belongs to one thread at a time. */
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

/* A new upload of length_bytes. Texts of *out live in the arena. What can be known is checked now:
 * the wish, MSG_FILE_TOO_LARGE, MSG_EMPTY_FILE, MSG_DISK_FULL, MSG_QUOTA_EXCEEDED,
 * MSG_UPLOADS_LIMITED. */
int resume_add(struct tasks *t, const struct task_wish *w, int64_t length_bytes, struct arena *a,
               struct upload_row *out, struct err *e);
/* How far it is. Whoever writes on it is told to let go, and waited for; an upload whose bytes are
 * all here becomes its task. ERR_MISSING; MSG_UPLOAD_GONE: it has expired, or its bytes are lost.
 * Slow. */
int resume_get(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
               struct upload_row *out, struct err *e);
/* Forgets it and its bytes; the task that it has become stays. */
int resume_remove(struct tasks *t, struct arena *a, const char *id, int64_t user_id, struct err *e);

/* A piece that begins at at_bytes: MSG_OFFSET_WRONG unless that is how far it is. The newest who
 * asks writes; who wrote before is told to let go and, if need be, left behind. MSG_UPLOAD_TAKEN: a
 * newer one came while this waited. Slow. */
int resume_begin(struct tasks *t, struct arena *a, const char *id, int64_t user_id,
                 int64_t at_bytes, struct task_piece **out, struct err *e);
/* As task_upload_write; what goes beyond the announced length is MSG_FILE_TOO_LARGE. */
int resume_write(struct task_piece *p, const void *data, size_t len_bytes, struct err *e);
/* Keeps what came (keep), durable, or drops it; then, if all is here, makes the task. *out says how
 * far the upload is now. What cannot be a clip ends the upload. Frees p in any case. Slow. */
int resume_end(struct task_piece *p, bool keep, struct arena *a, struct upload_row *out,
               struct err *e);
/* For who watches over pieces while their bytes come: the piece's upload and number, and whether a
 * newer one wants to write. */
const char *resume_id(const struct task_piece *p);
int64_t resume_number(const struct task_piece *p);
bool resume_unwanted(struct tasks *t, const char *id, int64_t number);

/* For the sweep: uploads that expired go, whole ones become tasks; strays_too: parked bytes without
 * an upload go. */
int resume_sweep(struct tasks *t, bool strays_too, int *removed, struct err *e);
/* At the start of a process that has the store for itself: nobody writes. */
int resume_start(struct tasks *t, struct err *e);
