/* sqlite_impl: what the files of the SQLite back end share. Room-internal.
 *
 *   sqlite.c  open, close, migrate, check, copy, and the table of slots
 *   db.c      connections, statements, the writer's transactions, errors
 *   sql.c     the texts of the statements, of which statement.def has SQLite's own; asking
 *   task.c    tasks: adding
 *   change.c  tasks: changes, claims
 *   event.c   events: trimming      hook.c  webhooks: removing      line.c  the line's share
 *
 * Debian 12's SQLite 3.40.1 can lose commits when one connection checkpoints a WAL while another
 * commits. So: one process (a lock file), one connection that writes and checkpoints, under one
 * lock; the others only read, and never checkpoint. */
#pragma once
#include "store/sql_impl.h"

#include <sqlite3.h>

/* Readers at once; a read is far shorter than the work around it. */
enum { SQ_READERS = 4 };
/* A wait that is further away than this comes from a clock that was set back, and is over. */
enum { SQ_WAIT_MAX_MS = 2 * 3600 * 1000 };
/* An Idempotency-Key is remembered for at least this long. */
#define SQ_KEY_AGE_MS ((int64_t)2 * 24 * 3600 * 1000)

/* The statements, prepared once a connection: enum sql, and those that SQLite alone has. */
enum sq_sql {
    SQ_BEFORE_ = SQL_COUNT_ - 1,
#define TEXT_OF(name, text)
#define ALONE(name, text) SQ_##name,
#include "store/sqlite/statement.def"
#undef TEXT_OF
#undef ALONE
    SQ_COUNT_
};
extern const char *const sq_sql_text[SQ_COUNT_];

struct sq_conn {
    sqlite3 *db;
    sqlite3_stmt *st[SQ_COUNT_];
    int64_t now_ms;       /* what reelgate_now_ms() says to the statement under way */
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
/* A prepared statement (enum sql or enum sq_sql), reset and without values, or NULL with *e. Ends
 * with sq_endp:
 *     AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_X, e); */
sqlite3_stmt *sq_get(struct sq_conn *c, int which, struct err *e);
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
/* The row that a statement stands on. */
struct sql_row sq_row(sqlite3_stmt *st);
/* The task is due: its user takes part in the turns. */
int sq_turn_add(struct sq_conn *c, int64_t user_id, struct err *e);
int sq_outbox_add(struct sq_conn *c, int64_t task_id, struct err *e);
/* Adds to (or takes from) the bytes of a user. */
int sq_charge(struct sq_conn *c, int64_t user_id, int64_t bytes, struct err *e);

/* -- slots -- */
int sqlite_ask(struct store *s, int which, const struct sql_values *v, sql_each *each, void *arg,
               struct err *e);
int sqlite_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                    struct err *e);
int sqlite_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e);
int sqlite_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                      struct task_row *out, bool *found, struct err *e);
int sqlite_hook_remove(struct store *s, int64_t id, int64_t user_id, bool *done, struct err *e);
int sqlite_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
int sqlite_line_share(struct store *s, int max, int64_t *of_each, struct err *e);
