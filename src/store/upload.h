/* store/upload: clips that come in pieces, sometimes over days (task/resume). Errors as store.h
 * says. Thread-safe. */
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
}; /* per user; some client programs start over each time and leave uploads behind */
/* Adds the row; offset, wish, holder and task of *u are ignored. The upload expires in keep_ms, at
 * *expires_ms. quota_bytes as in struct task_new; every upload that is not a task yet counts with
 * its whole length. ERR_DENIED with MSG_QUOTA_EXCEEDED. ERR_RATE with MSG_UPLOADS_LIMITED: the user
 * has UPLOADS_OPEN_MAX uploads. */
int store_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                     int64_t quota_bytes, int64_t *expires_ms, struct err *e);
/* ERR_MISSING when there is no such upload, or it belongs to another user than user_id (0: any). */
int store_upload_get(struct store *s, struct arena *a, const char *id, int64_t user_id,
                     struct upload_row *out, struct err *e);
/* Takes the next lock ticket (`wish`), which asks the lock holder to let go; *wish is the new
 * ticket. ERR_MISSING. */
int store_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                      struct err *e);
/* Makes the ticket `wish` the lock holder if it is the newest ticket and the lock is free. force:
 * takes the lock from its holder. */
int store_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                      struct err *e);
/* Moves the offset and releases the lock; the upload then expires in keep_ms. *done false: the
 * holder or the offset is another by now, and nothing changes. */
int store_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                         int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e);
/* Records the task that the upload has become. */
int store_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e);
int store_upload_remove(struct store *s, const char *id, struct err *e);
/* Releases all locks; for a database that one process has alone, at the start of the process. */
int store_upload_free_all(struct store *s, struct err *e);
/* Lists at most max uploads. With whole false, lists expired uploads. With whole true, lists
 * uploads that have all their bytes, are not a task yet, and were idle for idle_ms; keep_ms must
 * then be that of store_upload_add. */
int store_upload_list(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                      int (*each)(void *arg, const struct upload_row *u), void *arg, struct err *e);
