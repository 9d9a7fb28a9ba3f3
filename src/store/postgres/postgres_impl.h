/* postgres_impl: what the files of the PostgreSQL back end share. Room-internal.
 *
 *   postgres.c  open, close, migrate, check, the clock, the bell, the table of slots
 *   db.c        connections, statements, values, errors
 *   sql.c       the texts of the statements, of which statement.def has PostgreSQL's own; asking
 *   task.c      tasks: adding, changing, claims
 *   legacy.c    the tables of the service that Reelgate replaces
 *
 * What has to be one transaction is one function inside the database (migrations/postgres), so
 * every slot is one round trip and nothing is held open over the network. Time is the server's. */
#pragma once
#include "store/sql_impl.h"

#include <libpq-fe.h>

/* Connections at once; whoever finds all in use waits. */
enum { PG_CONNS = 8 };
/* The statements: enum sql, and those that PostgreSQL alone has. */
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
    struct pg_conn *next; /* in the list of free ones */
};
struct postgres {
    struct store base;
    char *url;
    pthread_mutex_t lock; /* guards the rest but the listener's */
    pthread_cond_t freed;
    struct pg_conn conns[PG_CONNS], *free;
    int64_t down_until_ms, down_ms; /* monotonic: not tried again before; the wait, doubled */
    int64_t ahead_ms, asked_ms;     /* the server's clock minus our monotonic one; when asked */
    pthread_t listener;
    bool listening;
    int stop_fd;      /* eventfd: the listener is to end */
    bool taking_over; /* old tables are no hindrance to a migration: their rows are being taken */
};

/* Opens a connection of its own (the listener's, or one of the pool). ERR_BUSY. */
PGconn *pg_connect(const char *url, struct err *e);
/* A connected one from the pool. ERR_BUSY while the server is down: at once, not after a timeout,
 * when it was so a moment ago. */
struct pg_conn *pg_take(struct postgres *s, struct err *e);
void pg_back(struct postgres *s, struct pg_conn *c);
/* Runs one statement (enum sql or enum pg_sql); the result is the caller's (PQclear), NULL with *e.
 * ERR_BUSY: the server went away, or two sessions were in each other's way; *state (NULL allowed, 6
 * bytes) is the SQLSTATE. */
PGresult *pg_run(struct pg_conn *c, int which, const struct sql_values *v, char *state,
                 struct err *e);
/* The same on a connection of the pool, tried anew where that is harmless: after a deadlock, and
 * when the connection was lost under a statement that may run twice. */
PGresult *pg_ask(struct postgres *s, int which, const struct sql_values *v, char *state,
                 struct err *e);
/* SQL text of ours without values, several statements allowed. */
int pg_exec(PGconn *c, const char *sql, struct err *e);
void pg_clearp(PGresult **r);

int64_t pg_number(const PGresult *r, int row, int column);
/* A text of the result: into the arena, or (NULL) borrowed until the result is cleared. */
const char *pg_string(const PGresult *r, int row, int column, struct arena *a);

/* ERR_CONFLICT where that service's tables lie in the place of ours. */
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
