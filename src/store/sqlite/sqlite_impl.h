/* sqlite_impl: what the files of the SQLite back end share. Room-internal.
 *
 *   sqlite.c  open, close, migrate, ping, check, and the table of slots
 *   db.c      connections, statements, the writer's transactions, errors
 *   sql.c     the statements
 *   task.c    tasks: adding and reading
 *   list.c    tasks as lists, and the line of what waits
 *   change.c  tasks: changes, claims, leases, purge; the outbox
 *   user.c    users                 key.c      keys, limits, who works
 *   event.c   events                upload.c   uploads
 *   hook.c    webhooks, deliveries  profile.c  versions of the profile, logos
 *
 * Debian 12's SQLite 3.40.1 can lose commits when one connection checkpoints a WAL while another
 * commits. So: one process (a lock file), one connection that writes and checkpoints, under one
 * lock; the others only read, and never checkpoint. */
#pragma once
#include "store/store_impl.h"

#include <sqlite3.h>

/* Readers at once; a read is far shorter than the work around it. */
enum { SQ_READERS = 4 };
/* A wait that is further away than this comes from a clock that was set back, and is over. */
enum { SQ_WAIT_MAX_MS = 2 * 3600 * 1000 };
/* An Idempotency-Key is remembered for at least this long. */
#define SQ_KEY_AGE_MS ((int64_t)2 * 24 * 3600 * 1000)

/* The statements, prepared once a connection: sql.c has their texts. */
enum sq_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_SAVEPOINT_UNDO,
    SQL_SAVEPOINT_END,
    SQL_PING,
    SQL_USER_TAKEN,
    SQL_USER_ADD,
    SQL_USER_BY_NAME,
    SQL_USER_BY_NAME_OR_EMAIL,
    SQL_USER_BY_ID,
    SQL_USER_PASSWORD,
    SQL_USER_LIST,
    SQL_USER_SEARCH,
    SQL_USER_SET,
    SQL_USER_DAY,
    SQL_USER_BYTES,
    SQL_USER_CHARGE,
    SQL_USER_SERVED,
    SQL_TASK_ADD,
    SQL_TASK_BY_ID,
    SQL_TASK_BY_KEY,
    SQL_KEY_ASKED,
    SQL_TASK_BY_CLIP,
    SQL_TASK_BY_REEL,
    SQL_TASK_BY_POSTER,
    SQL_LIST_ALL,
    SQL_LIST_ALL_DOWN,
    SQL_LIST_USER,
    SQL_LIST_USER_DOWN,
    SQL_LIST_BRIEF,
    SQL_LIST_BRIEF_DOWN,
    SQL_LIST_UPLOADED,
    SQL_LIST_DELETED,
    SQL_SOUGHT_CREATED, /* each of these is followed by its descending one */
    SQL_SOUGHT_CREATED_DOWN,
    SQL_SOUGHT_TITLE,
    SQL_SOUGHT_TITLE_DOWN,
    SQL_SOUGHT_SIZE,
    SQL_SOUGHT_SIZE_DOWN,
    SQL_SOUGHT_LENGTH,
    SQL_SOUGHT_LENGTH_DOWN,
    SQL_OWNED, /* these too */
    SQL_OWNED_DOWN,
    SQL_OWNED_UPLOADED,
    SQL_OWNED_UPLOADED_DOWN,
    SQL_OWNED_PROCESSING,
    SQL_OWNED_PROCESSING_DOWN,
    SQL_OWNED_FAILED,
    SQL_OWNED_FAILED_DOWN,
    SQL_TASK_CHANGE,
    SQL_TASK_RENAME,
    SQL_TASK_TAKE,
    SQL_TASK_RENEW,
    SQL_TASK_HELD,
    SQL_TASK_EXPIRED,
    SQL_TASK_PURGE,
    SQL_COUNTS,
    SQL_LINE_USERS,
    SQL_LINE,
    SQL_LINE_PACE,
    SQL_KEY_FIND,
    SQL_KEY_ADD,
    SQL_KEY_FORGET,
    SQL_KEY_OLD,
    SQL_OUTBOX_ADD,
    SQL_OUTBOX_READ,
    SQL_OUTBOX_DONE,
    SQL_EVENT_LIST,
    SQL_EVENT_LIST_TASK,
    SQL_EVENT_USERS,
    SQL_EVENT_SPAN,
    SQL_EVENT_SPAN_USER,
    SQL_EVENT_CUT,
    SQL_EVENT_TRIM,
    SQL_EVENT_FORGET,
    SQL_UPLOAD_ADD,
    SQL_UPLOAD_OPEN,
    SQL_UPLOAD_GET,
    SQL_UPLOAD_WISH,
    SQL_UPLOAD_HOLD,
    SQL_UPLOAD_ADVANCE,
    SQL_UPLOAD_FINISH,
    SQL_UPLOAD_REMOVE,
    SQL_UPLOAD_FREE_ALL,
    SQL_UPLOAD_EXPIRED,
    SQL_UPLOAD_WHOLE,
    SQL_HOOK_ADD,
    SQL_HOOK_GET,
    SQL_HOOK_LIST,
    SQL_HOOK_SET,
    SQL_HOOK_SECRET,
    SQL_HOOK_REMOVE,
    SQL_DELIVERY_REMOVE,
    SQL_DELIVERY_TEST,
    SQL_DELIVERY_LIST,
    SQL_DELIVERY_REPLAY,
    SQL_DELIVERY_DUE,
    SQL_DELIVERY_CLAIM,
    SQL_DELIVERY_SETTLE,
    SQL_DELIVERY_TRIM,
    SQL_DELIVERY_LOST,
    SQL_API_KEY_ADD,
    SQL_API_KEY_COUNT,
    SQL_API_KEY_GET,
    SQL_API_KEY_LIST,
    SQL_API_KEY_REMOVE,
    SQL_API_KEY_USED,
    SQL_WORKER_BEAT,
    SQL_WORKER_GONE,
    SQL_WORKER_OLD,
    SQL_WORKER_LIST,
    SQL_OLDEST_WAITING,
    SQL_TOTALS,
    SQL_PROFILE_GET,
    SQL_PROFILE_NEWEST,
    SQL_PROFILE_ADD,
    SQL_LOGO_ADD,
    SQL_LOGO_KNOWN,
    SQL_LOGO_TRIM,
    SQL_LOGO_LIST,
    SQL_TURN_ADD,
    SQL_TURN_NEXT,
    SQL_TURN_SERVED,
    SQL_TURN_END,
    SQL_SEQUENCE,
    SQL_DUE_FIRST,
    SQL_DUE_ANY,
    SQL_WAIT_FIRST,
    SQL_WAIT_OVER,
    SQL_WAIT_FAR,
    SQL_DUE_SET,
    SQL_COUNT_
};
extern const char *const sq_sql_text[SQL_COUNT_];

struct sq_conn {
    sqlite3 *db;
    sqlite3_stmt *st[SQL_COUNT_];
    struct sq_conn *next; /* in the pool of free readers */
    bool outbox;          /* the transaction under way has put something into the outbox */
};
struct sq_write;
struct sqlite {
    struct store base;
    char *path;
    int lock_fd;
    struct sq_conn writer;
    pthread_mutex_t write_lock; /* guards the next three; the writer belongs to who set `writing` */
    pthread_cond_t written;
    bool writing;
    struct sq_write *first, **last; /* who waits for the writer, in order */
    pthread_mutex_t read_lock;      /* guards the next two */
    pthread_cond_t read_free;
    struct sq_conn *free_readers;
    struct sq_conn readers[SQ_READERS];
};

/* -- connections (db.c) -- */
/* Opens the writer, or a reader (query only, never a checkpoint). */
int sq_conn_open(struct sq_conn *c, const char *path, bool writer, struct err *e);
void sq_conn_close(struct sq_conn *c);
/* A reader from the pool; waits for one to be free. Opened at first use. */
struct sq_conn *sq_reader(struct sqlite *s, struct err *e);
void sq_reader_back(struct sqlite *s, struct sq_conn *c);

/* Runs fn in a transaction of the writer and commits it (fsync). Callers that meet share one
 * transaction and one fsync; each has a savepoint, so one's failure undoes its own changes alone.
 * fn must not call this. After -1 nothing of it holds, unless the commit itself failed: then it may
 * be that it shows up after a crash. */
int sq_write(struct sqlite *s, int (*fn)(struct sq_conn *c, void *arg, struct err *e), void *arg,
             struct err *e);
/* The writer for oneself, without a transaction: for migrations. */
struct sq_conn *sq_writer_take(struct sqlite *s);
void sq_writer_back(struct sqlite *s);

/* What SQLite's last error on db is to us. Returns -1. */
int sq_fail(sqlite3 *db, const char *doing, struct err *e);
/* A prepared statement, reset and without values, or NULL with *e. Ends with sq_endp:
 *     AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_X, e); */
sqlite3_stmt *sq_get(struct sq_conn *c, enum sq_sql which, struct err *e);
void sq_endp(sqlite3_stmt **st);
/* 1: a row, 0: the end, -1 with *e. */
int sq_step(sqlite3_stmt *st, struct err *e);
/* For a statement that gives no rows. */
int sq_run(sqlite3_stmt *st, struct err *e);
/* Values; a failure (no memory) leaves NULL, which the columns refuse. text is borrowed until the
 * statement ends. */
void sq_int(sqlite3_stmt *st, int n, int64_t value);
void sq_text(sqlite3_stmt *st, int n, const char *text);
/* A column's text, into the arena; a NULL: borrowed until the next step. Never NULL. */
const char *sq_column(sqlite3_stmt *st, int n, struct arena *a);
/* Runs SQL text of ours that has no values. */
int sq_exec(sqlite3 *db, const char *sql, struct err *e);
/* PRAGMA user_version and the like: the first column of the first row. */
int sq_number(sqlite3 *db, const char *sql, int64_t *out, struct err *e);

/* Steps of SQLite's machine that the writer has done so far: how a test sees whether work grows
 * with the number of rows. */
int64_t sq_steps(struct store *s);

/* -- rows -- */
enum { SQ_USER_COLUMNS = 11 };
/* The columns of SQL_USER_*. */
void sq_user_row(sqlite3_stmt *st, struct arena *a, struct user_row *out);
/* The columns of SQL_TASK_*; ERR_SYSTEM when a value cannot be. */
int sq_task_row(sqlite3_stmt *st, struct arena *a, struct task_row *out, struct err *e);
/* The task is due: its user takes part in the turns. */
int sq_turn_add(struct sq_conn *c, int64_t user_id, struct err *e);
int sq_outbox_add(struct sq_conn *c, int64_t task_id, struct err *e);
/* Adds to (or takes from) the bytes of a user. */
int sq_charge(struct sq_conn *c, int64_t user_id, int64_t bytes, struct err *e);
/* For a list: calls each() for the rows of a bound statement. */
int sq_each_task(sqlite3_stmt *st, int (*each)(void *arg, const struct task_row *t), void *arg,
                 struct err *e);

/* -- slots -- */
int sqlite_user_add(struct store *s, const char *username, const char *email,
                    const char *password_hash, int64_t *id, struct err *e);
int sqlite_user_get(struct store *s, struct arena *a, const char *name, bool or_email, int64_t id,
                    struct user_row *out, struct err *e);
int sqlite_user_set_password(struct store *s, int64_t id, const char *password_hash, struct err *e);
int sqlite_user_list(struct store *s, int64_t after, int max,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
int sqlite_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                    struct err *e);
int sqlite_task_by_key(struct store *s, struct arena *a, int64_t user_id, const char *key,
                       struct task_row *out, struct err *e);
int sqlite_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                    struct task_row *out, struct err *e);
int sqlite_task_list(struct store *s, const struct task_page *p,
                     int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e);
int sqlite_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                        struct err *e);
int sqlite_task_counts(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e);
int sqlite_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e);
int sqlite_line_pace(struct store *s, struct line_pace *out, struct err *e);
int sqlite_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e);
int sqlite_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                       struct err *e);
int sqlite_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                      struct task_row *out, bool *found, struct err *e);
int sqlite_task_renew(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                      bool *held, struct err *e);
int sqlite_task_expired(struct store *s, int max, int (*each)(void *arg, const struct task_row *t),
                        void *arg, struct err *e);
int sqlite_task_next_due(struct store *s, int64_t *in_ms, struct err *e);
int sqlite_task_purge(struct store *s, int64_t id, struct err *e);
int sqlite_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count,
                       struct err *e);
int sqlite_outbox_done(struct store *s, int64_t id, struct err *e);
int sqlite_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                      int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e);
int sqlite_event_users(struct store *s, int64_t after,
                       int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                       struct err *e);
int sqlite_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                      struct err *e);
int sqlite_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
int sqlite_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                      int64_t quota_bytes, int64_t *expires_ms, struct err *e);
int sqlite_upload_get(struct store *s, struct arena *a, const char *id, int64_t user_id,
                      struct upload_row *out, struct err *e);
int sqlite_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                       struct err *e);
int sqlite_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                       struct err *e);
int sqlite_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                          int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e);
int sqlite_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e);
int sqlite_upload_remove(struct store *s, const char *id, struct err *e);
int sqlite_upload_free_all(struct store *s, struct err *e);
int sqlite_upload_list(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                       int (*each)(void *arg, const struct upload_row *u), void *arg,
                       struct err *e);
int sqlite_user_search(struct store *s, const char *part, int64_t after, int max,
                       int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
int sqlite_user_set(struct store *s, int64_t id, const struct user_change *u, struct err *e);
int sqlite_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                   int64_t *expires_ms, struct err *e);
int sqlite_key_get(struct store *s, struct arena *a, int64_t id, struct key_row *out,
                   struct err *e);
int sqlite_key_list(struct store *s, int64_t user_id,
                    int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e);
int sqlite_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e);
int sqlite_key_used(struct store *s, int64_t id, struct err *e);
int sqlite_worker_beat(struct store *s, const struct worker_row *w, struct err *e);
int sqlite_worker_list(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                       void *arg, struct err *e);
int sqlite_task_oldest(struct store *s, int64_t *waited_ms, struct err *e);
int sqlite_totals(struct store *s, struct store_totals *out, struct err *e);
