/* task: the rules of a task: when it may be uploaded, claimed, settled, deleted, retried and swept.
 * Uses store, queue and blob; http and worker call it. Thread-safe; an upload or a claim belongs to
 * one thread at a time. */
#pragma once
#include "core/reel.h"
#include "store/task.h"
#include "store/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct blob;
struct blob_reader;
struct blob_writer;
struct err;
struct log;
struct queue;
struct tasks;

struct task_rules {
    int64_t max_upload_bytes, quota_bytes, quota_tasks; /* see struct task_new */
    int64_t lease_ms, retry_wait_ms;
    int attempts;            /* tries of a task when the fault is Reelgate's */
    int64_t upload_keep_ms;  /* how long an upload in pieces is kept after its last piece */
    int64_t events_kept_ms;  /* 0: for ever */
    int64_t upload_grace_ms; /* a blob without a row is an orphan after this; default 1 h */
    struct profile profile;  /* the profile of the settings */
    bool alone; /* no other process adds tasks, so blobs without a row from before the start are
                   orphans at once */
};
/* Borrows store, queue, blob and log until tasks_free. */
struct tasks *tasks_new(struct store *s, struct queue *q, struct blob *b, struct log *l,
                        const struct task_rules *rules);
void tasks_free(struct tasks *t);

/* -- from clip to row -- */
struct task_upload;
struct task_wish {
    int64_t user_id;
    const char *file_name; /* as the client sent it; <= 255 bytes, UTF-8, no control characters. A
                              path or a long name is cut to a harmless text, not refused */
    const char *title;     /* NULL: none; <= 200 characters */
    enum fit fit;          /* FIT_UNSAID: use the fit of the profile */
    double start_s;        /* >= 0 */
    const char *idempotency_key; /* NULL: none; 1..128 visible ASCII characters */
    const char *request;         /* id of the request, stored with the task; NULL: none */
};
/* declared_bytes: the length that the client announced for the whole body, -1: unknown.
 * ERR_TOO_LARGE, ERR_FULL. */
int task_upload_begin(struct tasks *t, int64_t declared_bytes, struct task_upload **out,
                      struct err *e);
/* Writes, counts and hashes bytes and checks the first of them. ERR_UNSUPPORTED, with the message
 * of core/sniff.h, as soon as they cannot be a clip. */
int task_upload_write(struct task_upload *u, const void *data, size_t len_bytes, struct err *e);
/* Makes the bytes durable, then adds the task in one transaction; the task exists only when 0 is
 * returned. Frees u in any case. *existed: the Idempotency-Key belongs to an earlier task with the
 * same bytes; with other bytes: ERR_CONFLICT, MSG_IDEMPOTENCY_MISMATCH. ERR_INPUT with
 * MSG_EMPTY_FILE, MSG_FILENAME_BAD. Slow (fsync): do not call it in an event thread. */
int task_upload_commit(struct task_upload *u, const struct task_wish *w, struct arena *a,
                       struct task_row *out, bool *existed, struct err *e);
void task_upload_abort(struct task_upload *u);

/* Takes over a task of the old service under its old id. fd is the clip's file, borrowed and read
 * from its current position; -1: there is no file, and the task is failed. Otherwise the task is
 * due and becomes a reel, whatever its old state. *failed is NULL for a due task, otherwise the
 * slug of the message. note: what a person should know, or NULL. *taken false: another process has
 * the task. */
struct legacy;
struct legacy_task;
int task_adopt(struct tasks *t, struct legacy *l, const struct legacy_task *old, int fd,
               const char *note, const char **failed, bool *taken, struct err *e);

/* -- what its owner may do; user_id 0 is the operator -- */
int task_get(struct tasks *t, struct arena *a, int64_t id, int64_t user_id, struct task_row *out,
             struct err *e);
int task_list(struct tasks *t, const struct task_page *p,
              int (*each)(void *arg, const struct task_row *row), void *arg, struct err *e);
/* Where a task stands in the line of all users, and an estimate of when its reel is ready, from the
 * duration of recent attempts. The place is up to a second old. */
struct task_place {
    bool known;      /* false: not in the line, just created, or too far back */
    int place;       /* 1: the next; 0: it is being made */
    int64_t seconds; /* until the reel is ready; -1: unknown */
};
int task_place(struct tasks *t, const struct task_row *row, struct task_place *out, struct err *e);
/* Whether the task has failed and another attempt can help. False when the clip itself is at fault.
 */
bool task_retryable(const struct task_row *row);
/* Deletes a task: it is gone for everybody when this returns. A running attempt stops within a
 * second; the bytes are removed later. *out is the row before the deletion. */
int task_delete(struct tasks *t, struct arena *a, int64_t id, int64_t user_id, struct task_row *out,
                struct err *e);
/* A clip is shorter than a day. This limit also keeps start_s * 1e6 in range. */
enum { TASK_START_MAX_S = 86400 };
/* Fill *e with MSG_PARAMETER_BAD for "fit" or "start". Return -1. */
int task_fit_bad(struct err *e);
int task_start_bad(struct err *e);
/* Reads fit and start of *w from texts. fit NULL: FIT_UNSAID; start NULL: start_s keeps its value.
 * MSG_PARAMETER_BAD. */
int task_wish_read(const char *fit, const char *start, struct task_wish *w, struct err *e);
/* Changes a task's title, and how its reel is made. When fit or start changes, the task is due
 * again, and a running attempt loses its lease. The old reel stays under its links until the new
 * one is published. *out is the row after the change. ERR_INPUT with MSG_PARAMETER_BAD;
 * ERR_CONFLICT with MSG_REMAKE_STATE: the clip is lost. A refused value changes nothing. */
struct task_amend {
    const char *title; /* NULL: unchanged */
    enum fit fit;      /* FIT_UNSAID: unchanged */
    double start_s;    /* < 0: unchanged */
};
int task_amend(struct tasks *t, struct arena *a, int64_t id, int64_t user_id,
               const struct task_amend *how, struct task_row *out, struct err *e);
/* FAILED -> UPLOADED with all attempts again; ERR_CONFLICT with MSG_RETRY_STATE otherwise. */
int task_retry(struct tasks *t, int64_t id, int64_t user_id, struct err *e);
/* Retries failed tasks of all users with ids above *after, at most max. *after becomes the id of
 * the last task that was checked, or 0 at the end. Adds the retried tasks to *retried. */
int task_retry_failed(struct tasks *t, int max, int64_t *after, int *retried, struct err *e);
/* task_find gives the task of a clip, reel or poster and the name of its blob, by the public name
 * yyyy/mm/dd/name (see task_blob_name). task_open also opens the blob; the caller closes the
 * reader. */
enum task_part { TASK_PART_CLIP, TASK_PART_REEL, TASK_PART_POSTER };
int task_find(struct tasks *t, struct arena *a, enum task_part part, const char *public_name,
              struct task_row *row, const char **blob_name, struct err *e);
int task_open(struct tasks *t, struct arena *a, enum task_part part, const char *public_name,
              struct task_row *row, struct blob_reader **out, struct err *e);
/* "clips/2026/11/23/abc" -> "2026/11/23/abc"; "" for "". Points into blob_name. */
const char *task_public_name(const char *blob_name);
const char *task_state_name(enum task_state s); /* "uploaded", ...: the words of the API */

/* -- what a worker may do -- */
/* Claims the next due task: it is then PROCESSING with a lease. *found false: no task is due. */
int task_claim(struct tasks *t, struct arena *a, const char *worker, struct task_row *out,
               bool *found, struct err *e);
/* *in_ms: time until a task becomes due; 0: one is due, -1: none waits. A worker without a task may
 * sleep that long: only the sweep announces the end of a wait. */
int task_next_due(struct tasks *t, int64_t *in_ms, struct err *e);
/* See store_task_renew. */
int task_renew(struct tasks *t, const struct task_row *claim, int progress, bool *held,
               struct err *e);
int task_held(struct tasks *t, const struct task_row *claim, bool *held, struct err *e);
int task_open_clip(struct tasks *t, const struct task_row *claim, struct blob_reader **out,
                   struct err *e);
/* Whether a call of this room may wait for a network, because its rows or bytes are on another
 * machine. */
bool task_is_far(const struct tasks *t);
/* The time of the database, which is the clock of all nodes. */
int64_t task_now_ms(const struct tasks *t);
/* Whether opening a clip and finishing a task may wait for a network; see blob_is_far. */
bool task_storage_is_far(const struct tasks *t);
/* See blob_scratch_file. */
int task_scratch_file(const struct tasks *t, struct err *e);
/* Starts a blob with a descriptor, for a reel or poster. End it with task_finish or blob_abort. */
int task_output(struct tasks *t, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
/* Publishes reel and poster (may be NULL) and settles the task. With an old fencing number
 * *published is false and the bytes are removed. Frees both writers in any case. */
int task_finish(struct tasks *t, const struct task_row *claim, const struct render_report *report,
                struct blob_writer *reel, struct blob_writer *poster, bool *published,
                struct err *e);
/* Settles a failed attempt by code and message of *why (task/verdict.c). A fault of the clip:
 * FAILED at once. A fault of Reelgate: UPLOADED after a wait, or FAILED when the attempts are used
 * up. ERR_STOPPED: UPLOADED at once, and the attempt does not count. *verdict is the new state. */
int task_fail(struct tasks *t, const struct task_row *claim, const struct err *why,
              enum task_state *verdict, struct err *e);

/* See store_worker_beat. */
int task_beat(struct tasks *t, const struct worker_row *w, struct err *e);

/* -- housekeeping, run by each process: one thread sweeps, another looks for orphans -- */
struct task_swept {
    int expired, announced, purged, orphans, events, uploads;
};
/* Takes over tasks with expired leases, removes bytes of deleted tasks, announces tasks again that
 * have waited too long, removes old events. orphans_too: also removes blobs that no row names
 * (slow; at the start and once an hour). */
int task_sweep(struct tasks *t, bool orphans_too, struct task_swept *out, struct err *e);
/* Relays the outbox to the queue until task_relay_stop. It runs in a thread of its own. */
void task_relay(struct tasks *t);
void task_relay_stop(struct tasks *t);
/* Checks that every blob belongs to a row and every row has its blobs; for doctor. Calls problem()
 * for each mismatch. */
int task_check(struct tasks *t, void (*problem)(void *arg, const char *text), void *arg,
               struct err *e);
