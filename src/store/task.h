/* store/task: tasks, their guarded changes, claims and leases. Only task/state.c decides which
 * change of state is allowed. A change names the states from which it may start and its fencing
 * number; it does nothing when the task has another state or fence. Errors as store.h says.
 * Thread-safe. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct store;

enum task_state { TASK_UPLOADED, TASK_PROCESSING, TASK_PROCESSED, TASK_FAILED, TASK_DELETED };
enum { TASK_STATE_COUNT = 5 };
struct task_row { /* its columns: task_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/task_row.def"
#undef NUMBER
#undef TEXT
    const char *username; /* name of the owner, when struct task_page asks for it; otherwise NULL */
};
struct task_new {
    int64_t user_id;
    const char *file_name, *title, *clip_blob, *clip_hash;
    int64_t clip_bytes;
    enum fit fit;
    int64_t start_us;
    const char *idempotency_key; /* NULL: none */
    const char *request;         /* id of the request, for logs; NULL: none */
    int64_t quota_bytes;         /* 0: no limit; checked inside the transaction */
    int64_t quota_tasks;         /* tasks per UTC day by the database's clock; 0: no limit */
    int64_t profile;
};
/* One transaction adds the task's row, its outbox row and the idempotency key, and adds to the
 * user's bytes. When the user has used the key before, nothing is added, *existed is true and *id
 * is the earlier task. A user's own limits override the limits of struct task_new. ERR_DENIED with
 * MSG_QUOTA_EXCEEDED, ERR_RATE with MSG_TASKS_LIMIT. */
int store_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                   struct err *e);
/* Gives the task that this user made with this key. title, fit and start are those of the first
 * request, even when the task was changed since. ERR_MISSING. */
int store_task_by_key(struct store *s, struct arena *a, int64_t user_id, const char *key,
                      struct task_row *out, struct err *e);
/* ERR_MISSING when the task does not exist, is deleted, or belongs to another user than user_id (0:
 * any). */
int store_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct task_row *out, struct err *e);
/* SORT_TITLE: by the folded title (core/fold.h), or the folded file name when there is no title.
 * SORT_SIZE, SORT_LENGTH: by the clip's size or length. Ids decide between equal tasks. */
enum task_sort { SORT_CREATED, SORT_TITLE, SORT_SIZE, SORT_LENGTH, SORT_COUNT_ };
struct task_page {
    int64_t user_id; /* 0: all users */
    bool descending; /* by id, or by `sort` */
    int64_t after; /* start after the task with this id in the order of the page; 0: at the start */
    /* For the tasks of one user alone. With a sort other than SORT_CREATED, after_number is the
     * size or length of the task `after`, or after_title is its title. So the next page starts at
     * the right place even when that task was changed or deleted. */
    enum task_sort sort;
    int64_t after_number;
    const char *after_title;
    const char *part; /* only tasks whose title or file name contains this; NULL: all */
    int max;          /* at most this many rows; < 0: all */
    unsigned states;  /* bit mask 1 << state; 0: all but deleted */
    bool owners;      /* for the tasks of all users: read the owners' names too */
    bool brief; /* for the tasks of one user: only id, user_id, state, file_name, title and progress
                   are needed, the other columns may be 0 and ""; halves the cost */
};
/* Rows are valid until each() returns. each() may not call the store; non-zero stops early. */
int store_task_list(struct store *s, const struct task_page *p,
                    int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e);
/* Gives the task that has this blob as reel, poster or clip, for downloads; ERR_MISSING. */
int store_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                       struct err *e);

/* A guarded change of one task. Fields of the task that are not named here keep their values. */
struct task_change {
    int64_t id;
    unsigned from; /* bit mask 1 << state */
    int64_t fence; /* fencing number that the task must have; 0: any */
    enum task_state to;
    int64_t wait_ms;      /* to UPLOADED: the task is due wait_ms from now */
    bool reset_attempts;  /* to UPLOADED: a person asked for a new start */
    bool uncount_attempt; /* to UPLOADED: do not count the attempt, because it ended through no
                             fault */
    int64_t user_id;      /* 0: any; otherwise must be the owner */
    const char *error_slug, *error_text; /* NULL: cleared */
    const char *reel_blob, *poster_blob; /* to PROCESSED */
    int64_t reel_bytes, poster_bytes;
    const char *report; /* NULL: keep the old report */
    bool remake;        /* to UPLOADED: make the reel again, with this fit and start */
    enum fit fit;
    int64_t start_us;
};
/* One transaction changes the task and the user's bytes and, when `to` is UPLOADED, adds an outbox
 * row. *done is true when the task matched. A task that leaves PROCESSING loses its lease. */
int store_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e);

/* Sets the title. ERR_MISSING when the task does not exist, is deleted, or belongs to another user
 * than user_id (0: any). */
int store_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                      struct err *e);

/* Gives the next due task to a worker: UPLOADED -> PROCESSING, fence + 1, attempts + 1, lease until
 * now + lease_ms. Fair between users: takes the user with due tasks who was served longest ago, and
 * that user's oldest task. The cost does not grow with the number of waiting or finished tasks.
 * *found false: no task is due. */
int store_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                     struct task_row *out, bool *found, struct err *e);
/* Extends the lease and stores the progress. *held false: the lease is lost (task deleted or taken
 * over), stop working. lease_ms 0: checks the lease and writes nothing. */
int store_task_renew(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                     bool *held, struct err *e);
/* Lists tasks in PROCESSING with an expired lease, oldest first, at most max. */
int store_task_expired(struct store *s, int max, int (*each)(void *arg, const struct task_row *t),
                       void *arg, struct err *e);
/* *in_ms is the time until the earliest UPLOADED task becomes due: 0 when a task is due now, -1
 * when no task waits. */
int store_task_next_due(struct store *s, int64_t *in_ms, struct err *e);
/* Removes a DELETED row for good. Its blobs are removed before. */
int store_task_purge(struct store *s, int64_t id, struct err *e);
/* Counts tasks by state, for health, metrics and doctor. */
int store_task_counts(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e);
/* *waited_ms is how long the oldest waiting task in UPLOADED has waited; -1: none waits. */
int store_task_oldest(struct store *s, int64_t *waited_ms, struct err *e);
