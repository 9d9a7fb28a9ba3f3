/* store/task: tasks and their guarded changes, claims and leases. Which change of state is allowed
 * is decided in task/state.c alone; a change names the states it starts from and the fencing number
 * it holds, and does nothing when they do not match. Errors as store.h says. Thread-safe. */
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
    const char *username; /* its owner's, where struct task_page asks for it; else NULL */
};
struct task_new {
    int64_t user_id;
    const char *file_name, *title, *clip_blob, *clip_hash;
    int64_t clip_bytes;
    enum fit fit;
    int64_t start_us;
    const char *idempotency_key; /* NULL: none */
    const char *request;         /* its id, for logs; NULL: none */
    int64_t quota_bytes;         /* 0: none; checked inside the transaction */
    int64_t quota_tasks;         /* made in a day of UTC by the database's clock; 0: no limit */
    int64_t profile;
};
/* One transaction: task row, its outbox row, the idempotency key, the user's bytes. With a key that
 * the user has used before nothing is added, *existed is true and *id is the earlier task.
 * A user's own limits go before those given. ERR_DENIED with MSG_QUOTA_EXCEEDED, ERR_RATE with
 * MSG_TASKS_LIMIT. */
int store_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                   struct err *e);
/* The task that this user made with this key, with the title, fit and start that were asked for
 * then, whatever it was changed to since; ERR_MISSING. */
int store_task_by_key(struct store *s, struct arena *a, int64_t user_id, const char *key,
                      struct task_row *out, struct err *e);
/* ERR_MISSING when there is none, it is deleted, or user_id is not 0 and not its owner. */
int store_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct task_row *out, struct err *e);
/* TITLE: as people look for them, without capitals and accents; the file's name where there is no
 * title. SIZE, LENGTH: the clip's. Ids decide between equals. */
enum task_sort { SORT_CREATED, SORT_TITLE, SORT_SIZE, SORT_LENGTH, SORT_COUNT_ };
struct task_page {
    int64_t user_id; /* 0: all users */
    bool descending; /* by id, or as sort says */
    int64_t after; /* only what is beyond the task with this id in that order; 0: from the start */
    /* Of one user's tasks alone; with a sort, what the task `after` had: its size or length, or
     * what it is called. So a page goes on where the last one ended, whatever became of that task.
     */
    enum task_sort sort;
    int64_t after_number;
    const char *after_title;
    const char *part; /* only those whose title or file name holds this; NULL: all */
    int max;          /* at most this many rows; < 0: all */
    unsigned states;  /* bit mask 1 << state; 0: all but deleted */
    bool owners;      /* of all users' tasks, with the names of their owners */
    bool brief;       /* of one user's tasks only id, user_id, state, file_name, title and progress
                         are wanted; the rest may be 0 and "": half the cost */
};
/* Rows live until each() returns. each() may not call the store; non-zero stops early. */
int store_task_list(struct store *s, const struct task_page *p,
                    int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e);
/* The reel, poster or clip with this blob name; ERR_MISSING. For downloads. */
int store_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                       struct err *e);

/* A guarded change of one task. Fields not mentioned stay. */
struct task_change {
    int64_t id;
    unsigned from; /* bit mask 1 << state */
    int64_t fence; /* 0: any */
    enum task_state to;
    int64_t wait_ms;                     /* to UPLOADED: not before now + wait_ms */
    bool reset_attempts;                 /* to UPLOADED by a person */
    bool uncount_attempt;                /* to UPLOADED: the attempt was no fault, takes it back */
    int64_t user_id;                     /* 0: any; else must be the owner */
    const char *error_slug, *error_text; /* NULL: cleared */
    const char *reel_blob, *poster_blob; /* to PROCESSED */
    int64_t reel_bytes, poster_bytes;
    const char *report; /* NULL: stays */
    bool remake;        /* to UPLOADED: to be made with these */
    enum fit fit;
    int64_t start_us;
};
/* One transaction, with an outbox row when `to` is UPLOADED and the user's bytes kept true.
 * *done says whether the row matched. Leaving PROCESSING ends the lease. */
int store_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e);

/* What it is called. ERR_MISSING when there is none, it is deleted, or user_id is not 0 and not its
 * owner. */
int store_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                      struct err *e);

/* Gives the next due task to a worker: UPLOADED -> PROCESSING, fence + 1, attempts + 1, lease until
 * now + lease_ms. Fair: of the users with due tasks, the one served longest ago; of the user's
 * tasks the oldest. Cost does not grow with the number of waiting or finished tasks. *found false:
 * none. */
int store_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                     struct task_row *out, bool *found, struct err *e);
/* Moves the lease and notes progress; *held false: lost (deleted, taken over), stop working.
 * lease_ms 0: only asks, writes nothing. */
int store_task_renew(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                     bool *held, struct err *e);
/* Tasks PROCESSING past their lease, oldest first, at most max. */
int store_task_expired(struct store *s, int max, int (*each)(void *arg, const struct task_row *t),
                       void *arg, struct err *e);
/* When the earliest UPLOADED task that must wait becomes due: ms from now (0: something is due
 * now), or -1 when none waits. */
int store_task_next_due(struct store *s, int64_t *in_ms, struct err *e);
/* Removes a DELETED row for good; its blobs are gone already. */
int store_task_purge(struct store *s, int64_t id, struct err *e);
/* Counts by state, for health, metrics and doctor. */
int store_task_counts(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e);
/* How long the UPLOADED task that has waited longest has waited; -1: none does. */
int store_task_oldest(struct store *s, int64_t *waited_ms, struct err *e);
