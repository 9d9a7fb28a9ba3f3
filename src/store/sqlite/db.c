/* Plan: errors; statements; connections and the pool of readers; the writer. Callers that wait for
 * the writer form a queue. The first caller becomes the leader: it runs all waiting changes in one
 * transaction, commits once, and gives each caller its result. */
#include "core/clock.h"
#include "core/err.h"
#include "core/fold.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

#include <errno.h>

/* Writes that share one transaction at most. */
enum { BATCH_MAX = 64 };
enum { BUSY_MS = 5000, WAL_PAGES = 1000 };

/* -- errors -- */

int sq_fail(sqlite3 *db, const char *doing, struct err *e)
{
    int code = sqlite3_extended_errcode(db), os = sqlite3_system_errno(db);
    const char *text = sqlite3_errmsg(db);
    switch (code & 0xff) {
    case SQLITE_FULL:
        return err_set(e, ERR_FULL, "store: %s: %s", doing, text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, ERR_BUSY, "store: %s: %s", doing, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(e, ERR_SYSTEM, "store: %s: the database file is damaged: %s", doing, text);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (os == ENOSPC || os == EDQUOT)
            return err_set(e, ERR_FULL, "store: %s: %s", doing, text);
        return err_set(e, ERR_SYSTEM, "store: %s: %s (%d): %s", doing, text, code,
                       os ? strerror(os) : "no system error");
    default:
        return err_set(e, ERR_SYSTEM, "store: %s: %s (%d)", doing, text, code);
    }
}

/* -- statements -- */

sqlite3_stmt *sq_get(struct sq_conn *c, int which, struct err *e)
{
    sqlite3_stmt **st = &c->st[which];
    if (!*st) {
        AUTO(freep)
        char *text = which < SQL_COUNT_ ? sql_expand((enum sql)which, sq_sql_text[which])
                                        : mem_strdup(sq_sql_text[which]);
        if (sqlite3_prepare_v3(c->db, text, -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK) {
            sq_fail(c->db, "prepare", e);
            return NULL;
        }
    }
    c->now_ms = clock_now_ms();
    return *st;
}

void sq_endp(sqlite3_stmt **st)
{
    if (*st) {
        sqlite3_reset(*st);
        sqlite3_clear_bindings(*st);
    }
}

int sq_step(sqlite3_stmt *st, struct err *e)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return rc == SQLITE_ROW;
    return sq_fail(sqlite3_db_handle(st), "step", e);
}

int sq_run(sqlite3_stmt *st, struct err *e)
{
    int rc = sq_step(st, e);
    while (rc > 0)
        rc = sq_step(st, e);
    return rc;
}

static int run_plain(struct sq_conn *c, int which, struct err *e)
{
    AUTO(sq_endp) sqlite3_stmt *st = sq_get(c, which, e);
    return st ? sq_run(st, e) : -1;
}

void sq_int(sqlite3_stmt *st, int n, int64_t value)
{
    sqlite3_bind_int64(st, n, value);
}

void sq_text(sqlite3_stmt *st, int n, const char *text)
{
    sqlite3_bind_text(st, n, text, -1, SQLITE_STATIC);
}

const char *sq_column(sqlite3_stmt *st, int n, struct arena *a)
{
    const char *text = (const char *)sqlite3_column_text(st, n);
    if (!text)
        return "";
    return a ? arena_strdup(a, text) : text;
}

int sq_exec(sqlite3 *db, const char *sql, struct err *e)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sq_fail(db, "run", e);
}

static void finalizep(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
}

int sq_number(sqlite3 *db, const char *sql, int64_t *out, struct err *e)
{
    AUTO(finalizep) sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        return sq_fail(db, "prepare", e);
    int rc = sq_step(st, e);
    if (rc < 0)
        return -1;
    *out = rc ? sqlite3_column_int64(st, 0) : 0;
    return 0;
}

int64_t sq_steps(struct store *base)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_writer_take(s);
    int64_t n = 0;
    for (int i = 0; i < SQ_COUNT_; i++)
        if (c->st[i])
            n += sqlite3_stmt_status(c->st[i], SQLITE_STMTSTATUS_VM_STEP, 0);
    sq_writer_back(s);
    return n;
}

/* -- connections -- */

/* reelgate_fold(text), for looking and sorting; no table or index of the file depends on it. */
static void fold(sqlite3_context *c, int count, sqlite3_value **values)
{
    (void)count;
    const char *text = (const char *)sqlite3_value_text(values[0]);
    if (text)
        sqlite3_result_text(c, fold_text(text), -1, free);
}

/* reelgate_now_ms(), the same for all of a statement. */
static void now(sqlite3_context *c, int count, sqlite3_value **values)
{
    (void)count, (void)values;
    const struct sq_conn *conn = sqlite3_user_data(c);
    sqlite3_result_int64(c, conn->now_ms);
}

static int set_up(struct sq_conn *c, bool writer, struct err *e)
{
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, BUSY_MS);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !writer, NULL);
    sqlite3_wal_autocheckpoint(c->db, writer ? WAL_PAGES : 0);
    if (sq_exec(c->db,
                "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                "PRAGMA synchronous = FULL; PRAGMA cache_size = -4096",
                e) < 0)
        return -1;
    if (sqlite3_create_function_v2(c->db, "reelgate_fold", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                   NULL, fold, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_create_function_v2(c->db, "reelgate_now_ms", 0, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                   c, now, NULL, NULL, NULL) != SQLITE_OK)
        return sq_fail(c->db, "functions", e);
    if (!writer)
        return sq_exec(c->db, "PRAGMA query_only = ON", e);
    AUTO(finalizep) sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(c->db, "PRAGMA journal_mode = WAL", -1, &st, NULL) != SQLITE_OK)
        return sq_fail(c->db, "write-ahead log", e);
    if (sq_step(st, e) < 0)
        return -1;
    if (strcmp(sq_column(st, 0, NULL), "wal") != 0)
        return err_set(e, ERR_SYSTEM,
                       "store: this file system cannot hold a write-ahead log beside the database");
    return sq_exec(c->db, "PRAGMA journal_size_limit = 67108864", e);
}

int sq_conn_open(struct sq_conn *c, const char *path, bool writer, struct err *e)
{
    /* A connection is used by one thread at a time: SQLite's own lock on it is left out. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &c->db, flags, NULL) != SQLITE_OK)
        sq_fail(c->db, path, e);
    else if (set_up(c, writer, e) == 0)
        return 0;
    sq_conn_close(c);
    return -1;
}

void sq_conn_close(struct sq_conn *c)
{
    for (int i = 0; i < SQ_COUNT_; i++)
        sqlite3_finalize(c->st[i]);
    sqlite3_close_v2(c->db);
    *c = (struct sq_conn){0};
}

struct sq_conn *sq_reader(struct sqlite *s, struct err *e)
{
    pthread_mutex_lock(&s->read_lock);
    while (!s->free_readers)
        pthread_cond_wait(&s->read_free, &s->read_lock);
    struct sq_conn *c = s->free_readers;
    s->free_readers = c->next;
    pthread_mutex_unlock(&s->read_lock);
    if (!c->db && sq_conn_open(c, s->path, false, e) < 0) {
        sq_reader_back(s, c);
        return NULL;
    }
    return c;
}

void sq_reader_back(struct sqlite *s, struct sq_conn *c)
{
    pthread_mutex_lock(&s->read_lock);
    c->next = s->free_readers;
    s->free_readers = c;
    pthread_cond_signal(&s->read_free);
    pthread_mutex_unlock(&s->read_lock);
}

/* -- the writer -- */

struct sq_write {
    int (*fn)(struct sq_conn *c, void *arg, struct err *e);
    void *arg;
    struct err *e;
    int result;
    bool done;
    struct sq_write *next;
};

static void undo(struct sq_conn *c)
{
    if (!sqlite3_get_autocommit(c->db))
        run_plain(c, SQ_ROLLBACK, NULL);
}

/* One caller's part of a transaction that several share. 0 or -1: the caller's own result; 1: the
 * whole transaction is gone, *e says why. */
static int run_part(struct sq_conn *c, struct sq_write *w, struct err *e)
{
    if (run_plain(c, SQ_SAVEPOINT, e) < 0)
        return 1;
    struct err own = {0};
    bool outbox = c->outbox;
    w->result = w->fn(c, w->arg, &own);
    if (w->result == 0)
        return run_plain(c, SQ_SAVEPOINT_END, e) < 0 ? 1 : 0;
    (void)err_pass(w->e, &own);
    c->outbox = outbox;
    if (sqlite3_get_autocommit(c->db)) { /* the fault was such that SQLite undid everything */
        (void)err_pass(e, &own);
        return 1;
    }
    return run_plain(c, SQ_SAVEPOINT_UNDO, e) < 0 || run_plain(c, SQ_SAVEPOINT_END, e) < 0 ? 1 : 0;
}

__attribute__((nonnull(2))) static int run_all(struct sq_conn *c, struct sq_write *first,
                                               struct err *e)
{
    if (run_plain(c, SQ_BEGIN, e) < 0)
        return -1;
    if (!first->next) {
        if (first->fn(c, first->arg, e) < 0)
            return -1;
        first->result = 0;
    } else {
        for (struct sq_write *w = first; w; w = w->next)
            if (run_part(c, w, e) > 0)
                return -1;
    }
    return run_plain(c, SQ_COMMIT, e);
}

/* As the leader, without the lock: runs the list and leaves a result in each. */
__attribute__((nonnull)) static void lead(struct sqlite *s, struct sq_write *first)
{
    struct sq_conn *c = &s->writer;
    struct err why = {0};
    c->outbox = false;
    for (struct sq_write *w = first; w; w = w->next)
        w->result = 0;
    if (run_all(c, first, &why) == 0) {
        if (c->outbox)
            store_ring(&s->base);
        store_ring_events(&s->base);
        return;
    }
    undo(c);
    for (struct sq_write *w = first; w; w = w->next) {
        if (w->result == 0)
            (void)err_pass(w->e, &why);
        w->result = -1;
    }
}

/* With the lock: cuts what waits off the queue, at most BATCH_MAX. */
static struct sq_write *take_batch(struct sqlite *s)
{
    struct sq_write *first = s->first, *w = first;
    for (int i = 1; i < BATCH_MAX && w->next; i++)
        w = w->next;
    s->first = w->next;
    if (!s->first)
        s->last = &s->first;
    w->next = NULL;
    return first;
}

int sq_write(struct sqlite *s, int (*fn)(struct sq_conn *c, void *arg, struct err *e), void *arg,
             struct err *e)
{
    struct sq_write me = {.fn = fn, .arg = arg, .e = e};
    pthread_mutex_lock(&s->write_lock);
    *s->last = &me;
    s->last = &me.next;
    while (!me.done && s->writing)
        pthread_cond_wait(&s->written, &s->write_lock);
    while (!me.done) {
        struct sq_write *batch = take_batch(s);
        s->writing = true;
        pthread_mutex_unlock(&s->write_lock);
        lead(s, batch);
        pthread_mutex_lock(&s->write_lock);
        for (struct sq_write *w = batch, *next; w; w = next) {
            next = w->next;
            w->done = true;
        }
        s->writing = false;
        pthread_cond_broadcast(&s->written);
    }
    pthread_mutex_unlock(&s->write_lock);
    return me.result;
}

struct sq_conn *sq_writer_take(struct sqlite *s)
{
    pthread_mutex_lock(&s->write_lock);
    while (s->writing)
        pthread_cond_wait(&s->written, &s->write_lock);
    s->writing = true;
    pthread_mutex_unlock(&s->write_lock);
    return &s->writer;
}

void sq_writer_back(struct sqlite *s)
{
    pthread_mutex_lock(&s->write_lock);
    s->writing = false;
    pthread_cond_broadcast(&s->written);
    pthread_mutex_unlock(&s->write_lock);
}
