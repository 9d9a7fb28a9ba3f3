/* Plan: the steps of the schema, which the build makes from migrations/; open (path, lock file,
 * writer, version of the schema, leftovers of a dead process) and close; migrate; check; the table
 * of slots. */
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "store/sqlite/sqlite_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION_ID = 1382507618 }; /* migrations/001 sets it */

static const struct step {
    int version;
    const char *name, *sql;
} steps[] = {
#include "store/sqlite_migrations.inc"
};
#define NEWEST (steps[LEN(steps) - 1].version)

/* -- open -- */

/* What follows "sqlite:" -> a path; NULL when it is none. */
static const char *path_of(const char *rest)
{
    if (strncmp(rest, "//", 2) == 0)
        return rest[2] == '/' && rest[3] ? rest + 2 : NULL;
    return *rest ? rest : NULL;
}

/* Makes the file with tight rights before SQLite would make it with loose ones (its other files
 * copy them), and the folder's entry durable. Gives the real path: two names of one file must meet
 * at one lock. */
static int find_file(const char *path, char **real, struct err *e)
{
    AUTO(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return err_set(e, errno == ENOSPC ? ERR_FULL : ERR_SYSTEM, "database %s: %s", path,
                       strerror(errno));
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(e, ERR_SYSTEM, "database %s: it is not a file", path);
    AUTO(freep) char *full = realpath(path, NULL);
    if (!full)
        return err_set(e, ERR_SYSTEM, "database %s: %s", path, strerror(errno));
    if (st.st_size == 0) {
        AUTO(freep) char *folder = mem_strdup(full);
        *strrchr(folder, '/') = 0;
        AUTO(fd_closep) int dir = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0 || fsync(dir) < 0)
            return err_set(e, ERR_SYSTEM, "folder %s: %s", folder, strerror(errno));
    }
    *real = TAKE(full);
    return 0;
}

/* One process at a time; the lock goes with the process, however it ends. */
static int take_lock(struct sqlite *s, struct err *e)
{
    char name[PATH_MAX], pid[32] = "";
    int n = snprintf(name, sizeof(name), "%s.lock", s->path);
    if (n < 0 || n >= (int)sizeof(name))
        return err_set(e, ERR_INPUT, "database: the path is too long");
    s->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return err_set(e, errno == ENOSPC ? ERR_FULL : ERR_SYSTEM, "%s: %s", name, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return err_set(e, ERR_SYSTEM, "%s: %s", name, strerror(errno));
        ssize_t got = fd_pread_full(s->lock_fd, pid, sizeof(pid) - 1, 0, NULL);
        if (got > 0)
            pid[strcspn(pid, "\n")] = 0;
        return err_set(e, ERR_BUSY, "database %.120s: open in another process (%s)", s->path,
                       *pid ? pid : "unknown");
    }
    /* The number is for people; that it could not be written (disk full) harms nothing. */
    n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(s->lock_fd, 0) == 0)
        (void)fd_write_all(s->lock_fd, pid, (size_t)n, NULL);
    return 0;
}

static int schema_version(sqlite3 *db, int *out, struct err *e)
{
    int64_t version, id, things;
    if (sq_number(db, "PRAGMA user_version", &version, e) < 0 ||
        sq_number(db, "PRAGMA application_id", &id, e) < 0 ||
        sq_number(db, "SELECT count(*) FROM sqlite_schema", &things, e) < 0)
        return -1;
    if (id != APPLICATION_ID && (id || version || things))
        return err_set(e, ERR_CONFLICT, "database: this file belongs to another program");
    if (version > NEWEST)
        return err_set(e, ERR_CONFLICT,
                       "database: its schema is version %d, this program knows up to %d: use the "
                       "newer program",
                       (int)version, NEWEST);
    *out = (int)version;
    return 0;
}

/* This process is the only one that has the file, so every lease belongs to a dead one: its tasks
 * can be taken over now and need not wait. */
static int end_leases(struct sqlite *s, struct err *e)
{
    return sq_exec(s->writer.db,
                   "UPDATE tasks SET lease_until_ms = 0 WHERE state = " STATE_PROCESSING
                   " AND lease_until_ms > 0",
                   e);
}

static void sqlite_close(struct store *base)
{
    struct sqlite *s = (struct sqlite *)base;
    for (int i = 0; i < SQ_READERS; i++)
        sq_conn_close(&s->readers[i]);
    sq_conn_close(&s->writer); /* last: it checkpoints and removes the log */
    fd_closep(&s->lock_fd);
    pthread_mutex_destroy(&s->write_lock);
    pthread_cond_destroy(&s->written);
    pthread_mutex_destroy(&s->read_lock);
    pthread_cond_destroy(&s->read_free);
    store_clear(&s->base);
    free(s->path);
    free(s);
}

static int no_path(const char *rest, struct err *e)
{
    return err_set(e, ERR_INPUT,
                   "database sqlite:%s: it should be sqlite:///absolute/path or "
                   "sqlite:relative/path",
                   rest);
}

static struct store *new_store(struct log *log)
{
    struct store *base = mem_new(sizeof(struct sqlite));
    struct sqlite *s = (struct sqlite *)base;
    store_init(base, &store_sqlite_ops, log);
    s->lock_fd = -1;
    s->last = &s->first;
    pthread_mutex_init(&s->write_lock, NULL);
    pthread_cond_init(&s->written, NULL);
    pthread_mutex_init(&s->read_lock, NULL);
    pthread_cond_init(&s->read_free, NULL);
    for (int i = 0; i < SQ_READERS; i++)
        sq_reader_back(s, &s->readers[i]);
    return base;
}

static int sqlite_open(struct store **out, const char *rest, struct log *log, struct err *e)
{
    const char *path = path_of(rest);
    if (!path)
        return no_path(rest, e);
    AUTO(store_closep) struct store *base = new_store(log);
    struct sqlite *s = (struct sqlite *)base;
    int version = 0;
    if (find_file(path, &s->path, e) < 0 || take_lock(s, e) < 0 ||
        sq_conn_open(&s->writer, s->path, true, e) < 0 ||
        schema_version(s->writer.db, &version, e) < 0 || (version > 0 && end_leases(s, e) < 0))
        return -1;
    base->schema = version;
    base->schema_newest = NEWEST;
    *out = TAKE(base);
    return 0;
}

/* Without the lock, since it neither commits nor checkpoints: its writer is one more reader. */
static int sqlite_open_beside(struct store **out, const char *rest, struct log *log, struct err *e)
{
    const char *path = path_of(rest);
    if (!path)
        return no_path(rest, e);
    AUTO(store_closep) struct store *base = new_store(log);
    struct sqlite *s = (struct sqlite *)base;
    int version = 0;
    s->path = realpath(path, NULL);
    if (!s->path)
        return err_set(e, errno == ENOENT ? ERR_MISSING : ERR_SYSTEM, "database %s: %s", path,
                       strerror(errno));
    if (sq_conn_open(&s->writer, s->path, false, e) < 0 ||
        schema_version(s->writer.db, &version, e) < 0)
        return -1;
    if (version != NEWEST)
        return err_set(e, ERR_CONFLICT,
                       "database: its schema is version %d, this program's is %d: use the program "
                       "that serves it",
                       version, NEWEST);
    base->schema = base->schema_newest = NEWEST;
    *out = TAKE(base);
    return 0;
}

/* -- copy -- */

static void dbp(sqlite3 **db)
{
    sqlite3_close_v2(*db);
}

/* In one step, so under one snapshot: what is committed meanwhile does not begin it anew. */
static int sqlite_copy(struct store *base, const char *path, struct err *e)
{
    AUTO(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(e, errno == EEXIST ? ERR_CONFLICT : ERR_SYSTEM, "%s: %s", path,
                       strerror(errno));
    AUTO(dbp) sqlite3 *to = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &to, flags, NULL) != SQLITE_OK)
        return sq_fail(to, path, e);
    struct sq_conn *from = sq_reader((struct sqlite *)base, e);
    if (!from)
        return -1;
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from->db, "main");
    if (b)
        (void)sqlite3_backup_step(b, -1);
    int rc = b ? sqlite3_backup_finish(b) : SQLITE_ERROR; /* tells what the step met */
    sq_reader_back((struct sqlite *)base, from);
    return rc == SQLITE_OK ? 0 : sq_fail(to, "copy", e);
}

/* -- migrate -- */

static int run_step(sqlite3 *db, const struct step *step, struct err *e)
{
    int64_t reached = 0;
    if (sq_exec(db, "BEGIN IMMEDIATE", e) < 0)
        return -1;
    if (sq_exec(db, step->sql, e) == 0 && sq_number(db, "PRAGMA user_version", &reached, e) == 0) {
        if (reached == step->version) {
            if (sq_exec(db, "COMMIT", e) == 0)
                return 0;
        } else {
            err_set(e, ERR_SYSTEM, "it sets user_version %d", (int)reached);
        }
    }
    if (!sqlite3_get_autocommit(db))
        sq_exec(db, "ROLLBACK", NULL);
    return err_wrap(e, "migration %s", step->name);
}

static int sqlite_migrate(struct store *base, int *from, int *to, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_writer_take(s);
    int version = 0, first = 0;
    int rc = schema_version(c->db, &version, e);
    first = version;
    for (size_t i = 0; rc == 0 && i < LEN(steps); i++) {
        if (steps[i].version <= version)
            continue;
        rc = run_step(c->db, &steps[i], e);
        if (rc == 0) {
            version = steps[i].version;
            log_info(base->log, "schema migrated", "step", steps[i].name);
        }
    }
    sq_writer_back(s);
    if (rc < 0)
        return -1;
    *from = first;
    *to = version;
    return 0;
}

/* -- check -- */

static void finalizep(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
}

/* The first number of a statement that gives no row when all is well. 1: there is one, 0, -1. */
static int find_fault(sqlite3 *db, const char *sql, int64_t *out, struct err *e)
{
    AUTO(finalizep) sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        return sq_fail(db, "check", e);
    int rc = sq_step(st, e);
    if (rc > 0)
        *out = sqlite3_column_int64(st, 0);
    return rc;
}

static int check_all(sqlite3 *db, struct err *e)
{
    {
        AUTO(finalizep) sqlite3_stmt *st = NULL;
        if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st, NULL) != SQLITE_OK)
            return sq_fail(db, "check", e);
        if (sq_step(st, e) < 0)
            return -1;
        const char *verdict = sq_column(st, 0, NULL);
        if (strcmp(verdict, "ok") != 0)
            return err_set(e, ERR_SYSTEM, "store: the database file is damaged: %s", verdict);
    }
    int64_t number = 0;
    int rc = find_fault(db, "SELECT rowid FROM pragma_foreign_key_check LIMIT 1", &number, e);
    if (rc > 0)
        return err_set(e, ERR_SYSTEM,
                       "store: a row points at one that is not there (table of rowid %" PRId64 ")",
                       number);
    for (int i = 0; i < sql_fact_count && rc == 0; i++) {
        rc = find_fault(db, sql_facts[i].sql, &number, e);
        if (rc > 0)
            return sql_fact_broken(&sql_facts[i], number, e);
    }
    return rc;
}

static int sqlite_check(struct store *base, struct err *e)
{
    struct sqlite *s = (struct sqlite *)base;
    struct sq_conn *c = sq_reader(s, e);
    if (!c)
        return -1;
    /* One transaction: all questions are about the same moment. */
    int rc = sq_exec(c->db, "BEGIN", e);
    if (rc == 0) {
        rc = check_all(c->db, e);
        sq_exec(c->db, "ROLLBACK", NULL);
    }
    sq_reader_back(s, c);
    return rc;
}

static int64_t sqlite_now_ms(struct store *s)
{
    (void)s;
    return clock_now_ms();
}

const struct store_ops store_sqlite_ops = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .migrate = sqlite_migrate,
    .check = sqlite_check,
    .now_ms = sqlite_now_ms,
    .ask = sqlite_ask,
    .task_add = sqlite_task_add,
    .task_change = sqlite_task_change,
    .task_claim = sqlite_task_claim,
    .hook_remove = sqlite_hook_remove,
    .event_trim = sqlite_event_trim,
    .line_share = sqlite_line_share,
    .open_beside = sqlite_open_beside,
    .copy = sqlite_copy,
};
