/* Plan: the steps of the schema, which the build makes from migrations/; open and close; the clock;
 * the listener, which rings the bells for commits of other processes; migrate; check; the table of
 * slots. */
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "store/legacy_impl.h"
#include "store/postgres/postgres_impl.h"

#include <poll.h>
#include <sys/eventfd.h>

enum { CLOCK_ASK_MS = 10000, LISTEN_AGAIN_MS = 1000, LISTEN_CHECK_MS = 5000 };

static const struct step {
    int version;
    const char *name, *sql;
} steps[] = {
#include "store/postgres_migrations.inc"
};
#define NEWEST (steps[LEN(steps) - 1].version)

/* -- the clock -- */

/* The server's clock, asked now and then and carried on by a clock that never jumps: a node whose
 * own clock is wrong does no harm. */
static int64_t postgres_now_ms(struct store *base)
{
    struct postgres *s = (struct postgres *)base;
    int64_t mono = clock_mono_ms();
    pthread_mutex_lock(&s->lock);
    bool ask = !s->asked_ms || mono - s->asked_ms > CLOCK_ASK_MS;
    int64_t ahead = s->ahead_ms;
    pthread_mutex_unlock(&s->lock);
    if (!ask)
        return mono + ahead;
    AUTO(pg_clearp) PGresult *r = pg_ask(s, PG_NOW, NULL, NULL, NULL);
    if (!r) /* the last answer is as good as any; without one, our own clock */
        return s->asked_ms ? mono + ahead : clock_now_ms();
    int64_t now = clock_mono_ms();
    ahead = pg_number(r, 0, 0) - (mono + now) / 2;
    pthread_mutex_lock(&s->lock);
    s->ahead_ms = ahead;
    s->asked_ms = now;
    pthread_mutex_unlock(&s->lock);
    return now + ahead;
}

/* -- the listener -- */

/* Until the connection is lost or the store closes. */
static void hear(struct postgres *s, PGconn *c)
{
    for (;;) {
        struct pollfd p[] = {{PQsocket(c), POLLIN, 0}, {s->stop_fd, POLLIN, 0}};
        (void)poll(p, LEN(p), LISTEN_CHECK_MS);
        if (p[1].revents || !PQconsumeInput(c) || PQstatus(c) != CONNECTION_OK)
            return;
        bool outbox = false, events = false;
        for (PGnotify *n; (n = PQnotifies(c)); PQfreemem(n))
            *(strcmp(n->relname, "reelgate_events") == 0 ? &events : &outbox) = true;
        if (outbox)
            store_ring(&s->base);
        if (events)
            store_ring_events(&s->base);
    }
}

static void *listen_run(void *arg)
{
    struct postgres *s = arg;
    struct pollfd stop = {s->stop_fd, POLLIN, 0};
    do {
        PGconn *c = pg_connect(s->url, NULL);
        if (c && pg_exec(c, "LISTEN reelgate_outbox; LISTEN reelgate_events", NULL) == 0) {
            store_ring(&s->base); /* what was said while nobody listened */
            store_ring_events(&s->base);
            hear(s, c);
        }
        PQfinish(c);
    } while (poll(&stop, 1, LISTEN_AGAIN_MS) == 0);
    return NULL;
}

/* -- open -- */

static int schema_version(PGconn *c, int *out, struct err *e)
{
    AUTO(pg_clearp)
    PGresult *there = PQexec(c, "SELECT to_regclass('reelgate_schema') IS NOT NULL");
    if (PQresultStatus(there) != PGRES_TUPLES_OK)
        return err_set(e, ERR_BUSY, "database: %.150s", PQerrorMessage(c));
    *out = 0;
    if (*PQgetvalue(there, 0, 0) != 't')
        return 0;
    AUTO(pg_clearp)
    PGresult *r = PQexecParams(c, "SELECT coalesce(max(version), 0) FROM reelgate_schema", 0, NULL,
                               NULL, NULL, NULL, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        return err_set(e, ERR_BUSY, "database: %.150s", PQerrorMessage(c));
    int64_t version = pg_number(r, 0, 0);
    if (version > NEWEST)
        return err_set(e, ERR_CONFLICT,
                       "database: its schema is version %d, this program knows up to %d: use the "
                       "newer program",
                       (int)version, NEWEST);
    *out = (int)version;
    return 0;
}

static void postgres_close(struct store *base)
{
    struct postgres *s = (struct postgres *)base;
    if (s->listening) {
        (void)eventfd_write(s->stop_fd, 1);
        pthread_join(s->listener, NULL);
    }
    fd_closep(&s->stop_fd);
    for (int i = 0; i < PG_CONNS; i++)
        PQfinish(s->conns[i].c);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->lock);
    store_clear(&s->base);
    free(s->url);
    free(s);
}

static int postgres_open(struct store **out, const char *rest, struct log *log, struct err *e)
{
    if (strncmp(rest, "//", 2) != 0)
        return err_set(e, ERR_INPUT, "database: it should be postgresql://user@host/name");
    AUTO(store_closep) struct store *base = mem_new(sizeof(struct postgres));
    struct postgres *s = (struct postgres *)base;
    store_init(base, &store_postgres_ops, log);
    size_t size = strlen(rest) + sizeof("postgresql:");
    s->url = mem_new(size);
    snprintf(s->url, size, "postgresql:%s", rest);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->freed, NULL);
    for (int i = PG_CONNS - 1; i >= 0; i--) {
        s->conns[i].next = s->free;
        s->free = &s->conns[i];
    }
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* what libpq says of one that it cannot read quotes it, with its password */
    PQconninfoOption *parts = PQconninfoParse(s->url, NULL);
    PQconninfoFree(parts);
    if (!parts)
        return err_set(e, ERR_INPUT, "database: libpq cannot read the URL");
    struct pg_conn *c = pg_take(s, e);
    if (!c)
        return -1;
    int version, rc = schema_version(c->c, &version, e);
    pg_back(s, c);
    if (rc < 0)
        return -1;
    base->schema = version;
    base->schema_newest = NEWEST;
    if (s->stop_fd < 0 || pthread_create(&s->listener, NULL, listen_run, s) != 0)
        return err_set(e, ERR_SYSTEM, "database: the listener could not be started");
    s->listening = true;
    *out = TAKE(base);
    return 0;
}

/* -- migrate -- */

static int run_step(PGconn *c, const struct step *step, struct err *e)
{
    char note[160];
    snprintf(note, sizeof(note), "INSERT INTO reelgate_schema (version, name) VALUES (%d, '%s')",
             step->version, step->name);
    if (pg_exec(c, "BEGIN", e) == 0 && pg_exec(c, step->sql, e) == 0 && pg_exec(c, note, e) == 0 &&
        pg_exec(c, "COMMIT", e) == 0)
        return 0;
    (void)pg_exec(c, "ROLLBACK", NULL);
    return err_wrap(e, "migration %s", step->name);
}

static int migrate(struct postgres *s, PGconn *c, int *from, int *to, struct err *e)
{
    /* several nodes may start at once; the lock ends with the connection at the latest */
    if (pg_exec(c, "SELECT pg_advisory_lock(7236270600)", e) < 0 ||
        pg_exec(c,
                "CREATE TABLE IF NOT EXISTS reelgate_schema (version bigint PRIMARY KEY, "
                "name text NOT NULL, at timestamptz NOT NULL DEFAULT now())",
                e) < 0)
        return -1;
    int version;
    if (schema_version(c, &version, e) < 0 || (!s->taking_over && postgres_legacy_waits(c, e) < 0))
        return -1;
    *from = version;
    for (size_t i = 0; i < LEN(steps); i++) {
        if (steps[i].version <= version)
            continue;
        if (run_step(c, &steps[i], e) < 0)
            return -1;
        version = steps[i].version;
        log_info(s->base.log, "schema migrated", "step", steps[i].name);
    }
    *to = version;
    return pg_exec(c, "SELECT pg_advisory_unlock(7236270600)", e);
}

static int postgres_migrate(struct store *base, int *from, int *to, struct err *e)
{
    struct postgres *s = (struct postgres *)base;
    PGconn *c = pg_connect(s->url, e);
    if (!c)
        return -1;
    int rc = pg_exec(c, "SET statement_timeout = 0", e) < 0 ? -1 : migrate(s, c, from, to, e);
    PQfinish(c);
    return rc;
}

/* -- check -- */

static int check_facts(PGconn *c, struct err *e)
{
    /* one moment for all questions */
    if (pg_exec(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e) < 0)
        return -1;
    for (int i = 0; i < sql_fact_count; i++) {
        AUTO(pg_clearp)
        PGresult *r = PQexecParams(c, sql_facts[i].sql, 0, NULL, NULL, NULL, NULL, 1);
        if (PQresultStatus(r) != PGRES_TUPLES_OK)
            return err_set(e, ERR_BUSY, "database: %.150s", PQerrorMessage(c));
        if (PQntuples(r) > 0)
            return sql_fact_broken(&sql_facts[i], pg_number(r, 0, 0), e);
    }
    return pg_exec(c, "COMMIT", e);
}

static int postgres_check(struct store *base, struct err *e)
{
    PGconn *c = pg_connect(((struct postgres *)base)->url, e);
    if (!c)
        return -1;
    int rc = pg_exec(c, "SET statement_timeout = 0", e) < 0 ? -1 : check_facts(c, e);
    PQfinish(c);
    return rc;
}

const struct store_ops store_postgres_ops = {
    .scheme = "postgresql",
    .shared = true,
    .open = postgres_open,
    .close = postgres_close,
    .migrate = postgres_migrate,
    .check = postgres_check,
    .now_ms = postgres_now_ms,
    .ask = postgres_ask,
    .task_add = postgres_task_add,
    .task_change = postgres_task_change,
    .task_claim = postgres_task_claim,
    .legacy = &legacy_postgres_ops,
};
