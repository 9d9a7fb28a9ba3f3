/* postgres_impl: what the files of the PostgreSQL back end share. Room-internal.
 *
 *   postgres.c  open, close, migrate, check, the clock, the bell, the table of slots
 *   db.c        connections, statements, values, errors
 *   sql.c       the texts of the statements, with PostgreSQL's own statement.def; running them
 *   task.c      tasks: adding, changing, claims
 *   legacy.c    the tables of the service that Reelgate replaces
 *
 * A change that needs one transaction is one function inside the database (migrations/postgres). So
 * every slot is one round trip, and no transaction stays open over the network. The server's clock
 * gives the time. */
#pragma once
#include "store/sql_impl.h"

#include <libpq-fe.h>

/* Number of connections. A caller waits while all are in use. */
enum { PG_CONNS = 8 };
/* The statements: enum sql, and the statements that only PostgreSQL has. */
enum pg_sql {
    PG_BEFORE_ = SQL_COUNT_ - 1,
#define TEXT_OF(name, text)
#define ALONE(name, text) PG_##name,
#include "store/postgres/statement.def"
#undef TEXT_OF
#undef ALONE
    PG_COUNT_
};
extern const char *const pg_sql_text[PG_COUNT_];

struct pg_conn {
    PGconn *c; /* NULL: not connected */
    bool prepared[PG_COUNT_];
    struct pg_conn *next; /* next in the free list */
};
struct postgres {
    struct store base;
    char *url;
    pthread_mutex_t lock; /* guards all but the listener's fields */
    pthread_cond_t freed;
    struct pg_conn conns[PG_CONNS], *free;
    int64_t down_until_ms, down_ms; /* monotonic: when to try again; the wait, which doubles */
    int64_t ahead_ms, asked_ms;     /* server's clock minus our monotonic one; when measured */
    pthread_t listener;
    bool listening;
    int stop_fd;      /* eventfd: ends the listener */
    bool taking_over; /* the old tables do not stop a migration, because their rows are being taken
                         over */
};

/* Opens a new connection, for the listener or the pool. ERR_BUSY. */
PGconn *pg_connect(const char *url, struct err *e);
/* Takes a connected connection from the pool. ERR_BUSY while the server is down. A server that was
 * down a moment ago gives ERR_BUSY at once, without a time-out. */
struct pg_conn *pg_take(struct postgres *s, struct err *e);
void pg_back(struct postgres *s, struct pg_conn *c);
/* Runs one statement (enum sql or enum pg_sql). The caller owns the result (PQclear); NULL with *e
 * on failure. ERR_BUSY: the connection was lost, or two sessions collided. *state (may be NULL, 6
 * bytes) is the SQLSTATE. */
PGresult *pg_run(struct pg_conn *c, int which, const struct sql_values *v, char *state,
                 struct err *e);
/* Runs a statement on a connection of the pool. Retries when a retry is harmless: after a deadlock,
 * and after a lost connection when the statement may run twice. */
PGresult *pg_ask(struct postgres *s, int which, const struct sql_values *v, char *state,
                 struct err *e);
/* Runs constant SQL text without values; several statements are allowed. */
int pg_exec(PGconn *c, const char *sql, struct err *e);
void pg_clearp(PGresult **r);

int64_t pg_number(const PGresult *r, int row, int column);
/* Copies a text of the result into the arena. With a NULL arena the text is borrowed until the
 * result is cleared. */
const char *pg_string(const PGresult *r, int row, int column, struct arena *a);

/* ERR_CONFLICT when tables of the old service have the names of our tables. */
int postgres_legacy_waits(PGconn *c, struct err *e);

/* Row i of a result. */
struct sql_row pg_row(PGresult *r, int i);

/* -- slots -- */
int postgres_ask(struct store *s, int which, const struct sql_values *v, sql_each *each, void *arg,
                 struct err *e);
int postgres_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                      struct err *e);
int postgres_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e);
int postgres_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                        struct task_row *out, bool *found, struct err *e);
