/* store: users, tasks and what belongs to them, as rows that survive. Back ends: store/sqlite,
 * store/postgres. Thread-safe. Every change is durable when its function returns 0 (fsync'd
 * commit).
 *
 * Time comes from here (store_now_ms): with a shared database all nodes follow its clock, so
 * callers pass lengths of time, never points in time. Texts in rows live in the caller's arena.
 *
 * This header opens, migrates and looks after a database as a whole. Each kind of row has a header
 * of its own beside it: user, key, worker, task, line, outbox, event, upload, hook, profile; legacy
 * has the tables of the service before. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

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

/* Sums over all users and deliveries; cheap enough for every look at them. */
struct store_totals {
    int64_t users, bytes_used; /* as in store/user.h */
    int64_t deliveries_waiting, deliveries_dead;
};
int store_totals(struct store *s, struct store_totals *out, struct err *e);
