/* store: users, tasks and their belongings, as durable rows. Back ends: store/sqlite,
 * store/postgres. Thread-safe. A change is durable when its function returns 0 (the commit is
 * synced to disk).
 *
 * The store is the clock (store_now_ms): with a shared database all nodes follow the database's
 * clock. So callers pass durations, never points in time. Texts in rows live in the caller's arena.
 *
 * This header opens, migrates and maintains a database as a whole. Each kind of row has a header of
 * its own: user, key, worker, task, line, outbox, event, upload, hook, profile. legacy.h has the
 * tables of the service that Reelgate replaces. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct log;
struct store;

/* Opens sqlite:///absolute/path, sqlite:relative/path, or postgresql://user@host/name?... (libpq's
 * URIs). Does not change the schema. ERR_CONFLICT: the schema is newer than this program. Only one
 * process at a time may open a SQLite file (SQLite 3.40.1 can lose commits otherwise): a second one
 * gets ERR_BUSY. A PostgreSQL server that cannot be reached gives ERR_BUSY too. */
int store_open(struct store **out, const char *url, struct log *log, struct err *e);
/* Opens a SQLite file for reading, while a server may have it open. It ends no lease, creates and
 * writes nothing, and refuses every change. The schema must be that of this program, otherwise
 * ERR_CONFLICT. ERR_MISSING: there is no such file. ERR_UNSUPPORTED: the database is a server. */
int store_open_beside(struct store **out, const char *url, struct log *log, struct err *e);
/* Copies the database, as it is at one moment, into a new SQLite file: synced, mode 0600. Other
 * calls go on meanwhile. ERR_CONFLICT: path exists; ERR_UNSUPPORTED: the database is a server. */
int store_copy(struct store *s, const char *path, struct err *e);
/* Whether several processes may open this database; its calls then wait for a network. */
bool store_shared(const struct store *s);
void store_close(struct store *s);
void store_closep(struct store **s);
/* *version is the version of the schema when the database was opened (0: empty). *newest is the
 * version after store_migrate. */
void store_schema(const struct store *s, int *version, int *newest);
/* Brings the schema up to date, one transaction per step. *from and *to are versions; both may be
 * NULL. */
int store_migrate(struct store *s, int *from, int *to, struct err *e);
/* Checks quickly whether the database can be read. */
int store_ping(struct store *s, struct err *e);
/* Checks slowly: the database's own integrity check, foreign keys, and that each user's bytes are
 * the sum of the tasks' bytes. */
int store_check(struct store *s, struct err *e);
int64_t store_now_ms(struct store *s);

/* Sums over all users and deliveries. Cheap enough for each reading of the metrics. */
struct store_totals {
    int64_t users, bytes_used; /* as in store/user.h */
    int64_t deliveries_waiting, deliveries_dead;
};
int store_totals(struct store *s, struct store_totals *out, struct err *e);
