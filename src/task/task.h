/* task: the rules. What may happen to a task and when; upload to row, claim to settled, delete,
 * retry, sweep. Sits on store, queue and blob; http and worker speak to it. Thread-safe; an upload
 * or a claim belongs to one thread at a time. */
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
    int attempts;            /* when the fault is ours */
    int64_t upload_keep_ms;  /* an upload in pieces, since its last one */
    int64_t events_kept_ms;  /* 0: for ever */
    int64_t upload_grace_ms; /* a blob without a row is an orphan after this; 1 h */
    struct profile profile;  /* what the settings say */
    bool alone; /* no other process adds tasks: what was there before the start is one at once */
};
/* Borrows store, queue, blob and log until tasks_free. */
struct tasks *tasks_new(struct store *s, struct queue *q, struct blob *b, struct log *l,
                        const struct task_rules *rules);
void tasks_free(struct tasks *t);

/* -- from clip to row -- */
struct task_upload;
struct task_wish {
    int64_t user_id;
    const char
        *file_name;    /* as sent; checked here: <= 255 bytes, UTF-8, no control characters; a path
                          or an over-long name is brought down to a harmless text, not refused */
    const char *title; /* NULL: none; <= 200 characters */
    enum fit fit;      /* FIT_UNSAID: as the profile says */
    double start_s;    /* >= 0 */
    const char *idempotency_key; /* NULL: none; 1..128 visible ASCII characters */
    const char *request;         /* id of the request, which goes with the task; NULL: none */
};
/* declared_bytes: what the client announced for the whole body, -1 unknown. ERR_TOO_LARGE,
 * ERR_FULL. */
int task_upload_begin(struct tasks *t, int64_t declared_bytes, struct task_upload **out,
                      struct err *e);
/* Streams: counts, hashes, and looks at the first bytes: ERR_UNSUPPORTED with what
 * core/sniff.h says of them, as soon as they cannot be a clip. */
int task_upload_write(struct task_upload *u, const void *data, size_t len_bytes, struct err *e);
/* Durable bytes, then one transaction; only then is 0 returned and the task exists. Frees u in any
 * case. *existed: an Idempotency-Key met its earlier task with the same bytes (same key with other
 * bytes: ERR_CONFLICT, MSG_IDEMPOTENCY_MISMATCH). ERR_INPUT with MSG_EMPTY_FILE, MSG_FILENAME_BAD.
 * Slow (fsync): not for an event thread. */
int task_upload_commit(struct task_upload *u, const struct task_wish *w, struct arena *a,
                       struct task_row *out, bool *existed, struct err *e);
void task_upload_abort(struct task_upload *u);

/* Takes a task of the service that is replaced over, under its id: fd is its file, to be read from
 * where it stands, borrowed; -1: there is none, and the task is failed. It is due, and becomes a
 * reel, whatever its old state was; *failed is NULL then, else the message's slug. note: what a
 * person should know, or NULL. *taken false: another process has it. */
struct legacy;
struct legacy_task;
int task_adopt(struct tasks *t, struct legacy *l, const struct legacy_task *old, int fd,
               const char *note, const char **failed, bool *taken, struct err *e);

/* -- what its owner may do; user_id 0 is the operator -- */
int task_get(struct tasks *t, struct arena *a, int64_t id, int64_t user_id, struct task_row *out,
             struct err *e);
int task_list(struct tasks *t, const struct task_page *p,
              int (*each)(void *arg, const struct task_row *row), void *arg, struct err *e);
/* Where a task stands in the line of all users, and when its reel may be there, told from what the
 * last ones took. The picture of the line is up to a second old. */
struct task_place {
    bool known; /* false: it does not wait for its turn, is new in this moment, or is too far behind
                 */
    int place;  /* 1: the next; 0: it is being made */
    int64_t seconds; /* -1: nothing is known of how fast it goes */
};
int task_place(struct tasks *t, const struct task_row *row, struct task_place *out, struct err *e);
/* Whether it has failed and another try can help: not where the fault is the clip's for good. */
bool task_retryable(const struct task_row *row);
/* Gone for everybody when it returns; a running attempt stops within a second, bytes follow.
 * *out is the row as it was. */
int task_delete(struct tasks *t, struct arena *a, int64_t id, int64_t user_id, struct task_row *out,
                struct err *e);
/* No clip is a day long; keeps the product with 1e6 in range. */
enum { TASK_START_MAX_S = 86400 };
/* -1: MSG_PARAMETER_BAD of "fit", of "start". */
int task_fit_bad(struct err *e);
int task_start_bad(struct err *e);
/* Reads fit and start of *w from texts; NULL: not sent. MSG_PARAMETER_BAD. */
int task_wish_read(const char *fit, const char *start, struct task_wish *w, struct err *e);
/* Changes what a task is called, and how its reel is made: then it waits for its turn again, and an
 * attempt under way is of no use any more. The reel that it had stays under its links until the new
 * one is published. *out is the row as it is then. ERR_INPUT with MSG_PARAMETER_BAD; ERR_CONFLICT
 * with MSG_REMAKE_STATE: its clip is gone. Nothing is changed when it fails. */
struct task_amend {
    const char *title; /* NULL: stays */
    enum fit fit;      /* FIT_UNSAID: stays */
    double start_s;    /* < 0: stays */
};
int task_amend(struct tasks *t, struct arena *a, int64_t id, int64_t user_id,
               const struct task_amend *how, struct task_row *out, struct err *e);
/* FAILED -> UPLOADED with fresh attempts; ERR_CONFLICT with MSG_RETRY_STATE otherwise. */
int task_retry(struct tasks *t, int64_t id, int64_t user_id, struct err *e);
/* The same to what has failed, of anybody, beyond the id *after, at most max; *after is then the
 * last one looked at, or 0 when there is no more. *retried counts up. */
int task_retry_failed(struct tasks *t, int max, int64_t *after, int *retried, struct err *e);
/* The task of a reel, poster or clip, and where its bytes lie, by its public name yyyy/mm/dd/name;
 * see task_blob_name. task_open opens them as well. */
enum task_part { TASK_PART_CLIP, TASK_PART_REEL, TASK_PART_POSTER };
int task_find(struct tasks *t, struct arena *a, enum task_part part, const char *public_name,
              struct task_row *row, const char **blob_name, struct err *e);
int task_open(struct tasks *t, struct arena *a, enum task_part part, const char *public_name,
              struct task_row *row, struct blob_reader **out, struct err *e);
/* "clips/2026/11/23/abc" -> "2026/11/23/abc"; "" for "". Points into blob_name. */
const char *task_public_name(const char *blob_name);
const char *task_state_name(enum task_state s); /* "uploaded", ... the API's words */

/* -- what a worker may do -- */
/* The next due task, now PROCESSING with a lease; *found false: none. */
int task_claim(struct tasks *t, struct arena *a, const char *worker, struct task_row *out,
               bool *found, struct err *e);
/* When a task becomes due: ms from now, 0: one is due, -1: none waits. How long a worker may sleep
 * when it found nothing: waits that end are not announced by anybody but the sweep. */
int task_next_due(struct tasks *t, int64_t *in_ms, struct err *e);
/* See store_task_renew. */
int task_renew(struct tasks *t, const struct task_row *claim, int progress, bool *held,
               struct err *e);
int task_held(struct tasks *t, const struct task_row *claim, bool *held, struct err *e);
int task_open_clip(struct tasks *t, const struct task_row *claim, struct blob_reader **out,
                   struct err *e);
/* Whether any question to this room may wait for a network: its rows or its bytes are elsewhere. */
bool task_is_far(const struct tasks *t);
/* The time of the database, which all nodes follow. */
int64_t task_now_ms(const struct tasks *t);
/* Whether opening a clip and finishing may wait for a network; see blob_is_far. */
bool task_storage_is_far(const struct tasks *t);
/* See blob_scratch_file. */
int task_scratch_file(const struct tasks *t, struct err *e);
/* Room for a reel or poster, with a descriptor; commit or abort through task_finish, or blob_abort.
 */
int task_output(struct tasks *t, int64_t reserve_bytes, struct blob_writer **out, struct err *e);
/* Publishes reel and poster (poster may be NULL) and settles the task, once: with an old fencing
 * number *published is false and the bytes are removed. Frees both writers in any case. */
int task_finish(struct tasks *t, const struct task_row *claim, const struct render_report *report,
                struct blob_writer *reel, struct blob_writer *poster, bool *published,
                struct err *e);
/* Settles a failed attempt by why's code and msg (task/verdict.c): the clip's fault -> FAILED at
 * once; ours -> UPLOADED after a wait, or FAILED when attempts are used up; ERR_STOPPED -> UPLOADED
 * at once, the attempt not counted. *verdict is the state it went to. */
int task_fail(struct tasks *t, const struct task_row *claim, const struct err *why,
              enum task_state *verdict, struct err *e);

/* See store_worker_beat. */
int task_beat(struct tasks *t, const struct worker_row *w, struct err *e);

/* -- housekeeping, run by each process: one thread sweeps, another looks for orphans -- */
struct task_swept {
    int expired, announced, purged, orphans, events, uploads;
};
/* Takes over tasks past their lease, removes the bytes of deleted tasks, announces again what waits
 * too long, forgets old events. orphans_too: also removes blobs that no row knows (slow; at start
 * and once an hour). */
int task_sweep(struct tasks *t, bool orphans_too, struct task_swept *out, struct err *e);
/* Relays the outbox to the queue until task_relay_stop; runs in its own thread. */
void task_relay(struct tasks *t);
void task_relay_stop(struct tasks *t);
/* Every byte belongs to a row and every row has its bytes: for doctor. Calls problem() for each. */
int task_check(struct tasks *t, void (*problem)(void *arg, const char *text), void *arg,
               struct err *e);
