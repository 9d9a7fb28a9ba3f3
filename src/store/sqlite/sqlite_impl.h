/* sqlite_impl: what the files of the SQLite back end share. Room-internal.
 *
 *   sqlite.c  open, close, migrate, check, copy, and the table of slots
 *   db.c      connections, statements, the writer's transactions, errors
 *   sql.c     the texts of the statements, with SQLite's own statement.def; running them
 *   task.c    tasks: adding
 *   change.c  tasks: changes, claims
 *   event.c   events: trimming
 *   hook.c    webhooks: removing
 *   line.c    the line: how many tasks of each user
 *
 * Debian 12's SQLite 3.40.1 can lose commits when one connection checkpoints a WAL while another
 * commits. So only one process opens the file (a lock file), and only one of its connections writes
 * and checkpoints, under one lock. The other connections only read and never checkpoint. */
#pragma once
#include "store/sql_impl.h"

#include <sqlite3.h>

/* Number of readers. A read is far shorter than the work around it. */
enum { SQ_READERS = 4 };
/* A wait longer than this comes from a clock that was set back, so the wait is over. */
enum { SQ_WAIT_MAX_MS = 2 * 3600 * 1000 };
/* An Idempotency-Key is remembered for at least this long. */
#define SQ_KEY_AGE_MS ((int64_t)2 * 24 * 3600 * 1000)

/* The statements: enum sql, and the statements that only SQLite has. Each connection prepares a
 * statement once. */
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
    int64_t now_ms;       /* the result of reelgate_now_ms() for the running statement */
    struct sq_conn *next; /* in the pool of free readers */
    bool outbox;          /* the running transaction has added rows to the outbox */
};
struct sq_write;
struct sqlite {
    struct store base;
    char *path;
    int lock_fd;
    struct sq_conn writer;
    pthread_mutex_t write_lock; /* guards the next three; `writing`: the writer is in use */
    pthread_cond_t written;
    bool writing;
    struct sq_write *first, **last; /* threads that wait for the writer, in order */
    pthread_mutex_t read_lock;      /* guards the next two */
    pthread_cond_t read_free;
    struct sq_conn *free_readers;
    struct sq_conn readers[SQ_READERS];
};

/* -- connections (db.c) -- */
/* Opens the writer, or a reader (query only, never a checkpoint). */
int sq_conn_open(struct sq_conn *c, const char *path, bool writer, struct err *e);
void sq_conn_close(struct sq_conn *c);
/* Takes a reader from the pool and opens it at its first use. Waits until one is free. */
struct sq_conn *sq_reader(struct sqlite *s, struct err *e);
void sq_reader_back(struct sqlite *s, struct sq_conn *c);

/* Runs fn in a transaction of the writer and commits it (fsync). Concurrent callers share one
 * transaction and one fsync; each has a savepoint, so a failure undoes the changes of its own
 * caller alone. fn must not call sq_write. After -1 nothing of it is stored, with one exception:
 * when the commit itself failed, the changes may appear after a crash. */
int sq_write(struct sqlite *s, int (*fn)(struct sq_conn *c, void *arg, struct err *e), void *arg,
             struct err *e);
/* Takes the writer for one caller, without a transaction; for migrations. */
struct sq_conn *sq_writer_take(struct sqlite *s);
void sq_writer_back(struct sqlite *s);

/* Fills *e from SQLite's last error on db. Returns -1. */
int sq_fail(sqlite3 *db, const char *doing, struct err *e);
/* Returns a prepared statement (enum sql or enum sq_sql), reset and without values, or NULL with
 * *e. sq_endp ends its use:
 *     AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, SQL_X, e); */
sqlite3_stmt *sq_get(struct sq_conn *c, int which, struct err *e);
void sq_endp(sqlite3_stmt **st);
/* Returns 1 for a row, 0 at the end, or -1 with *e. */
int sq_step(sqlite3_stmt *st, struct err *e);
/* Runs a statement that gives no rows. */
int sq_run(sqlite3_stmt *st, struct err *e);
/* Set values. On a failure (no memory) the value stays NULL, which the columns refuse. text is
 * borrowed until the statement ends. */
void sq_int(sqlite3_stmt *st, int n, int64_t value);
void sq_text(sqlite3_stmt *st, int n, const char *text);
/* Copies a text column into the arena. With a NULL arena the text is borrowed until the next step.
 * Never returns NULL. */
const char *sq_column(sqlite3_stmt *st, int n, struct arena *a);
/* Runs constant SQL text without values. */
int sq_exec(sqlite3 *db, const char *sql, struct err *e);
/* Reads the first column of the first row, for PRAGMA user_version and the like. */
int sq_number(sqlite3 *db, const char *sql, int64_t *out, struct err *e);

/* Number of steps of SQLite's virtual machine that the writer has made. Tests use it to see whether
 * the work grows with the number of rows. */
int64_t sq_steps(struct store *s);

/* -- rows -- */
/* The current row of a statement. */
struct sql_row sq_row(sqlite3_stmt *st);
/* Adds the user to the turns that make claims fair. Call it when a task of the user becomes due. */
int sq_turn_add(struct sq_conn *c, int64_t user_id, struct err *e);
int sq_outbox_add(struct sq_conn *c, int64_t task_id, struct err *e);
/* Adds to the bytes of a user; negative `bytes` subtracts. */
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
