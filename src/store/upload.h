/* store/upload: clips that come in pieces, maybe days apart (task/resume). Errors as store.h says.
 * Thread-safe. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct store;

struct upload_row { /* its columns: upload_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/upload_row.def"
#undef NUMBER
#undef TEXT
};
enum {
    UPLOADS_OPEN_MAX = 200
}; /* of a user; programs that start anew each time leave them behind */
/* The row as it is to be, but for offset, wish, holder and task; it expires in keep_ms. *expires_ms
 * says when. quota_bytes as in struct task_new, and uploads that are no tasks yet count with their
 * whole length: ERR_DENIED with MSG_QUOTA_EXCEEDED. ERR_RATE with MSG_UPLOADS_LIMITED: there are
 * UPLOADS_OPEN_MAX of them. */
int store_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                     int64_t quota_bytes, int64_t *expires_ms, struct err *e);
/* ERR_MISSING when there is none, or user_id is not 0 and not its owner. */
int store_upload_get(struct store *s, struct arena *a, const char *id, int64_t user_id,
                     struct upload_row *out, struct err *e);
/* wish + 1: who writes now is to let go. The new number; ERR_MISSING. */
int store_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                      struct err *e);
/* Makes a wish the holder while it is the newest, and nobody holds (force: whoever does). */
int store_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                      struct err *e);
/* Ends the hold and moves the offset, unless holder or offset are others by now. It expires keep_ms
 * from now. */
int store_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                         int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e);
/* It is this task now. */
int store_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e);
int store_upload_remove(struct store *s, const char *id, struct err *e);
/* Nobody writes any more: for a store that one process has alone, at its start. */
int store_upload_free_all(struct store *s, struct err *e);
/* At most max: those that have expired; or (whole) those whose bytes are all here for idle_ms and
 * that are not a task. keep_ms as they were added with. */
int store_upload_list(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                      int (*each)(void *arg, const struct upload_row *u), void *arg, struct err *e);
