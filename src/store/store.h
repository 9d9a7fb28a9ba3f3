/* store: users, tasks and what belongs to them, as rows that survive. Back ends: store/sqlite,
 * store/postgres. Thread-safe. Every change is durable when its function returns 0 (fsync'd
 * commit).
 *
 * Time comes from here (store_now_ms): with a shared database all nodes follow its clock, so
 * callers pass lengths of time, never points in time. Texts in rows live in the caller's arena.
 * Which change of state is allowed is decided in task/state.c alone; this room only guards it: a
 * change names the states it starts from and the fencing number it holds, and does nothing when
 * they do not match. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct log;
struct store;

/* sqlite:///absolute/path, sqlite:relative/path, or postgresql://user@host/name?... (libpq's URIs).
 * Opens without changing the schema; ERR_CONFLICT when the schema is newer than this program. One
 * process at a time may have a SQLite file open (SQLite 3.40.1 can lose commits otherwise): a
 * second open fails with ERR_BUSY, as does a PostgreSQL server that cannot be reached. */
int store_open(struct store **out, const char *url, struct log *log, struct err *e);
/* Opens a SQLite file beside the server that may have it open, for reading: no lease ends, nothing
 * is made or written, and every change fails. Its schema must be this program's, else ERR_CONFLICT.
 * ERR_MISSING: no such file; ERR_UNSUPPORTED: the database is a server of its own. */
int store_open_beside(struct store **out, const char *url, struct log *log, struct err *e);
/* All of it as it was at one moment, as a new SQLite file, synced, 0600; nobody is held up
 * meanwhile. ERR_CONFLICT: path exists; ERR_UNSUPPORTED as above. */
int store_copy(struct store *s, const char *path, struct err *e);
/* Whether several processes may have it open; then its calls wait for a network. */
bool store_shared(const struct store *s);
void store_close(struct store *s);
void store_closep(struct store **s);
/* The version of the schema as it was when it was opened (0: empty), and the one that this program
 * brings it to. */
void store_schema(const struct store *s, int *version, int *newest);
/* Brings the schema up to date, one transaction a step; *from and *to are versions (NULL allowed).
 */
int store_migrate(struct store *s, int *from, int *to, struct err *e);
/* Quick: can it be read? */
int store_ping(struct store *s, struct err *e);
/* Slow: the database's own integrity check, foreign keys, and quota = sum of bytes. */
int store_check(struct store *s, struct err *e);
int64_t store_now_ms(struct store *s);

/* -- users -- */
enum { USER_NAME_MAX = 64 * 4, EMAIL_MAX = 254, DAY_MS = 24 * 3600 * 1000 };
struct user_row {
    int64_t id;
    const char *username, *email, *password_hash;
    bool admin;
    int64_t created_ms;
    int64_t bytes_used;               /* clips, reels and posters of tasks not deleted */
    int64_t bytes_limit, tasks_limit; /* their own; -1: as the settings say, 0: none */
    int64_t day_tasks;                /* made today (UTC) */
    int64_t tasks;                    /* not deleted; of store_user_search alone */
};
/* ERR_INPUT with MSG_USER_EXISTS or MSG_EMAIL_EXISTS when taken (names exactly, e-mail without
 * case). */
int store_user_add(struct store *s, const char *username, const char *email,
                   const char *password_hash, int64_t *id, struct err *e);
/* ERR_MISSING when there is none. */
int store_user_by_name(struct store *s, struct arena *a, const char *username, struct user_row *out,
                       struct err *e);
/* By name, or by e-mail (without case) when nobody has that name. */
int store_user_by_name_or_email(struct store *s, struct arena *a, const char *text,
                                struct user_row *out, struct err *e);
int store_user_by_id(struct store *s, struct arena *a, int64_t id, struct user_row *out,
                     struct err *e);
int store_user_set_password(struct store *s, int64_t id, const char *password_hash, struct err *e);
/* Ascending ids after `after`; each() returns non-zero to stop early. */
int store_user_list(struct store *s, int64_t after, int max,
                    int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);

/* The same of those whose name or address holds the text part (without case), with their tasks
 * counted. */
int store_user_search(struct store *s, const char *part, int64_t after, int max,
                      int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
struct user_change {
    bool admin;
    int64_t bytes_limit, tasks_limit; /* as in struct user_row */
    unsigned only;                    /* which of them change, USER_*; 0: all */
    bool keep_an_admin;               /* not when no admin would be left */
};
enum { USER_ROLE = 1, USER_BYTES = 2, USER_TASKS = 4 };
/* ERR_MISSING; ERR_CONFLICT with MSG_LAST_ADMIN. */
int store_user_set(struct store *s, int64_t id, const struct user_change *c, struct err *e);

/* -- keys of the API -- */
enum { KEYS_MAX = 100, KEY_NAME_MAX = 100 * 4 };
struct key_row {
    int64_t id, user_id;
    const char *name, *hash, *hint; /* hint: its first characters, for people */
    unsigned scopes;
    int64_t created_ms, expires_ms, used_ms; /* 0: never */
    const char *username;                    /* its owner's, as admin */
    bool admin;
};
struct key_new {
    int64_t user_id;
    const char *name, *hash, *hint;
    unsigned scopes;
    int64_t for_ms; /* 0: for ever */
};
/* ERR_CONFLICT with MSG_KEYS_LIMITED: the user has KEYS_MAX. */
int store_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                  int64_t *expires_ms, struct err *e);
/* ERR_MISSING; also when its owner is gone. */
int store_key_get(struct store *s, struct arena *a, int64_t id, struct key_row *out, struct err *e);
int store_key_list(struct store *s, int64_t user_id,
                   int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e);
/* ERR_MISSING when it is not theirs. */
int store_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e);
/* It was used now; written down at most about once a minute. */
int store_key_used(struct store *s, int64_t id, struct err *e);

/* -- processes that work -- */
enum { WORKER_KEPT_MS = 20000 }; /* who was not heard of for so long is forgotten */
struct worker_row {
    const char *name, *version;
    int jobs, busy;
    int64_t seen_ms;
    bool gone; /* for store_worker_beat: it ends */
};
int store_worker_beat(struct store *s, const struct worker_row *w, struct err *e);
int store_worker_list(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                      void *arg, struct err *e);

/* -- tasks -- */
enum task_state { TASK_UPLOADED, TASK_PROCESSING, TASK_PROCESSED, TASK_FAILED, TASK_DELETED };
enum { TASK_STATE_COUNT = 5 };
struct task_row {
    int64_t id, user_id;
    enum task_state state;
    const char *file_name;             /* as the user named it; text only, never a path of ours */
    const char *title;                 /* "" when none */
    const char *clip_blob, *clip_hash; /* name in the blob room; BLAKE2b-256 in hex */
    int64_t clip_bytes;
    const char *reel_blob, *poster_blob; /* "" until processed */
    int64_t reel_bytes, poster_bytes;
    enum fit fit;
    int64_t start_us;
    int64_t created_ms, changed_ms;
    int64_t fence; /* fencing number of the newest attempt; 0 before the first */
    int attempts;  /* since created or retried */
    int progress;  /* 0..100 */
    int64_t lease_until_ms, not_before_ms;
    const char *worker;     /* who holds it, "" when nobody */
    const char *error_slug; /* core/message slug, "" when none */
    const char *error_text; /* for the log and operators */
    const char *report;     /* JSON of struct render_report (core/reel_json.h), "" when none; of a
                               failed task maybe {"format": what its sentence names} */
    int64_t profile;        /* the version that it was made under; 0: what the settings say */
    int64_t length_us;      /* the clip's, once an attempt has read it; 0: not yet */
    const char *username;   /* its owner's, where struct task_page asks for it; else NULL */
    const char *request;    /* id of the request that made it, for logs; "" when none */
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
/* Sums over all users; cheap enough for every look at them. */
struct store_totals {
    int64_t users, bytes_used; /* as in struct user_row */
    int64_t deliveries_waiting, deliveries_dead;
};
int store_totals(struct store *s, struct store_totals *out, struct err *e);

/* -- the line: what waits, as claims will take it -- */
struct line_row {
    int64_t id, user_id;
};
/* At most max of the due tasks, in that order. Of each of many users only so many are looked at
 * that the cost stays that of max rows. */
int store_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e);
/* How fast the line moves: what one of the last attempts that made a reel took (0: none has yet),
 * how many can be made at once (0: nobody works), how many are being made. */
struct line_pace {
    int64_t took_ms;
    int places, busy;
};
int store_line_pace(struct store *s, struct line_pace *out, struct err *e);

/* -- outbox: what the queue has yet to be told -- */
struct outbox_row {
    int64_t id, task_id;
};
int store_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count, struct err *e);
/* Removes rows up to and including id. */
int store_outbox_done(struct store *s, int64_t id, struct err *e);

/* -- wake-up: blocks until a row may have been added to the outbox, or timeout_ms -- */
void store_outbox_wait(struct store *s, int64_t timeout_ms);
/* Ends all store_outbox_wait now and for good; for shutdown. */
void store_outbox_wake_all(struct store *s);

/* -- events: what became of tasks -- */
/* The first five are the states that a task has come to. */
enum event_kind {
    EVENT_UPLOADED,
    EVENT_PROCESSING,
    EVENT_PROCESSED,
    EVENT_FAILED,
    EVENT_DELETED,
    EVENT_PROGRESS, /* a task has at most its newest one */
    EVENT_KINDS
};
struct event_row {
    int64_t id, user_id, task_id;
    enum event_kind kind;
    int progress;
    const char *error_slug; /* "" when none; lives until each() returns */
    int64_t created_ms;
    bool again; /* the task was in that state before; what it is called or how it is made changed */
};
/* A user's events beyond the id `after`, in the order in which they were committed; task_id 0: of
 * all tasks. each() may not call the store; non-zero stops early. */
int store_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                     int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e);
/* Users with events beyond the id `after`, and the newest of each. Ids of different users need not
 * rise in the order of commits, so `after` has to lie some seconds back. */
int store_event_users(struct store *s, int64_t after,
                      int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                      struct err *e);
/* The newest event of a user (0: of all), 0 when there is none; events up to the id *forgotten may
 * be gone for their age. */
int store_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                     struct err *e);
/* Removes at most `most` events that are older than keep_ms; *count says how many. */
int store_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
/* Blocks until there may be an event since the last call, store_event_wake, or timeout_ms. For one
 * thread. */
void store_event_wait(struct store *s, int64_t timeout_ms);
void store_event_wake(struct store *s);

/* -- uploads: clips that come in pieces, maybe days apart (task/resume) -- */
struct upload_row {
    const char *id;
    int64_t user_id, length_bytes, offset_bytes;
    const char *file_name, *title, *idempotency_key, *clip_blob;
    const char *request; /* id of the one that began it, for logs; "" when none */
    enum fit fit;        /* FIT_UNSAID: as the profile says once it is a task */
    int64_t start_us;
    int64_t wish, holder; /* who wants to write last, who writes; 0: nobody */
    int64_t expires_ms;
    int64_t task_id; /* 0: not yet a task */
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
