#include "store/postgres/postgres_impl.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"

#include <endian.h>
#include <poll.h>

enum { TRIES = 4, FAREWELLS = 4, DOWN_MS = 100, DOWN_MOST_MS = 3000 };

int64_t pg_number(const PGresult *r, int row, int column)
{
    if (PQgetisnull(r, row, column) || PQgetlength(r, row, column) != (int)sizeof(uint64_t))
        return 0;
    uint64_t wire;
    memcpy(&wire, PQgetvalue(r, row, column), sizeof(wire));
    return (int64_t)be64toh(wire);
}

const char *pg_string(const PGresult *r, int row, int column, struct arena *a)
{
    const char *text = PQgetvalue(r, row, column); /* libpq ends it with a NUL */
    return a ? arena_strdup(a, text) : text;
}

void pg_clearp(PGresult **r)
{
    PQclear(*r);
}

/* libpq's sentences end with a line end, and may have several. */
static const char *one_line(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; *text && n + 1 < size; text++)
        out[n++] = *text == '\n' ? ' ' : *text;
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = 0;
    return out;
}

static void quiet(void *arg, const char *text)
{
    (void)arg, (void)text; /* notices, such as of a table that is there already */
}

PGconn *pg_connect(const char *url, struct err *e)
{
    /* A server that is gone without a word (cut network, frozen machine) is noticed in seconds.
     * What the URL says wins: it is expanded last. */
    static const char *const keys[] = {"application_name", "connect_timeout",
                                       "client_encoding",  "tcp_user_timeout",
                                       "keepalives_idle",  "keepalives_interval",
                                       "keepalives_count", "options",
                                       "dbname",           NULL};
    const char *const values[] = {
        "reelgate",
        "5",
        "UTF8",
        "6000",
        "3",
        "2",
        "2",
        "-c synchronous_commit=on -c statement_timeout=30000 -c client_min_messages=warning",
        url,
        NULL};
    PGconn *c = PQconnectdbParams(keys, values, 1);
    if (c && PQstatus(c) == CONNECTION_OK) {
        PQsetNoticeProcessor(c, quiet, NULL);
        return c;
    }
    char text[160];
    err_set(e, ERR_BUSY, "database: %s",
            c ? one_line(PQerrorMessage(c), text, sizeof(text)) : "no memory");
    PQfinish(c);
    return NULL;
}

static void drop(struct pg_conn *c)
{
    PQfinish(c->c);
    c->c = NULL;
    memset(c->prepared, 0, sizeof(c->prepared));
}

/* Connects c; while the server is down only one try a while, all others are refused at once. */
static int connect_now(struct postgres *s, struct pg_conn *c, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    bool wait = clock_mono_ms() < s->down_until_ms;
    pthread_mutex_unlock(&s->lock);
    if (wait)
        return err_set(e, ERR_BUSY, "database: not reachable a moment ago");
    c->c = pg_connect(s->url, e);
    pthread_mutex_lock(&s->lock);
    bool was_down = s->down_ms > 0;
    if (c->c) {
        s->down_ms = s->down_until_ms = 0;
    } else {
        s->down_ms = !was_down                       ? DOWN_MS
                     : s->down_ms < DOWN_MOST_MS / 2 ? s->down_ms * 2
                                                     : DOWN_MOST_MS;
        s->down_until_ms = clock_mono_ms() + s->down_ms;
    }
    pthread_mutex_unlock(&s->lock);
    if (c->c && was_down)
        log_info(s->base.log, "database is back");
    else if (!c->c && !was_down)
        log_warn(s->base.log, "database is not reachable", "why", e ? e->text : "");
    return c->c ? 0 : -1;
}

/* A server that ended while the connection lay in the pool has said so, or closed it. */
static void look_alive(struct pg_conn *c)
{
    for (int i = 0; c->c && i < FAREWELLS; i++) { /* its last words, then the end */
        struct pollfd p = {PQsocket(c->c), POLLIN, 0};
        if (poll(&p, 1, 0) <= 0)
            return;
        if (!PQconsumeInput(c->c) || PQstatus(c->c) != CONNECTION_OK)
            drop(c);
    }
}

struct pg_conn *pg_take(struct postgres *s, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    while (!s->free)
        pthread_cond_wait(&s->freed, &s->lock);
    struct pg_conn *c = s->free;
    s->free = c->next;
    pthread_mutex_unlock(&s->lock);
    look_alive(c);
    if (c->c || connect_now(s, c, e) == 0)
        return c;
    pg_back(s, c);
    return NULL;
}

void pg_back(struct postgres *s, struct pg_conn *c)
{
    pthread_mutex_lock(&s->lock);
    c->next = s->free; /* the one used last is taken next: its caches are warm */
    s->free = c;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->lock);
}

/* What a SQLSTATE is to us: PostgreSQL 15, appendix A. */
static enum err_code code_of(const char *state)
{
    static const struct {
        const char *prefix;
        enum err_code code;
    } rows[] = {
        {"08", ERR_BUSY},        /* connection */
        {"23503", ERR_CONFLICT}, /* foreign key: of two changes at once the other came first */
        {"40", ERR_BUSY},        /* deadlock, serialization */
        {"53100", ERR_FULL},     /* disk full */
        {"53", ERR_BUSY},        /* too many connections, no memory */
        {"55P03", ERR_BUSY},     /* lock not available */
        {"57", ERR_BUSY},        /* shutting down, starting up, statement timeout */
        {"25006", ERR_BUSY},     /* read-only: a standby that is about to take over */
    };
    for (size_t i = 0; i < LEN(rows); i++)
        if (strncmp(state, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].code;
    return ERR_SYSTEM;
}

static PGresult *judge(struct pg_conn *c, PGresult *r, char *state, struct err *e)
{
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return r;
    const char *said = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    bool gone = PQstatus(c->c) != CONNECTION_OK;
    char text[160];
    if (state)
        snprintf(state, 6, "%s", said ? said : "");
    err_set(e, gone || !said ? ERR_BUSY : code_of(said), "database: %s %s", said ? said : "",
            one_line(r ? PQresultErrorMessage(r) : PQerrorMessage(c->c), text, sizeof(text)));
    PQclear(r);
    if (gone)
        drop(c);
    return NULL;
}

/* Values as libpq takes them, in binary. */
static PGresult *run_prepared(PGconn *c, const char *name, const struct sql_values *v)
{
    const char *value[SQL_VALUES];
    uint64_t wire[SQL_VALUES];
    int length[SQL_VALUES], format[SQL_VALUES];
    for (int i = 0; i < v->count; i++) {
        const struct sql_value *of = &v->of[i];
        wire[i] = htobe64((uint64_t)of->number);
        value[i] = of->is_text ? of->text : (const char *)&wire[i];
        length[i] = !of->is_text ? (int)sizeof(wire[i]) : of->text ? (int)strlen(of->text) : 0;
        format[i] = 1;
    }
    return PQexecPrepared(c, name, v->count, value, length, format, 1);
}

PGresult *pg_run(struct pg_conn *c, int which, const struct sql_values *v, char *state,
                 struct err *e)
{
    static const struct sql_values none;
    char name[16];
    snprintf(name, sizeof(name), "s%d", which);
    if (!c->prepared[which]) {
        AUTO(freep)
        char *text = which < SQL_COUNT_ ? sql_expand((enum sql)which, pg_sql_text[which])
                                        : mem_strdup(pg_sql_text[which]);
        PGresult *r = judge(c, PQprepare(c->c, name, text, 0, NULL), state, e);
        if (!r)
            return NULL;
        PQclear(r);
        c->prepared[which] = true;
    }
    return judge(c, run_prepared(c->c, name, v ? v : &none), state, e);
}

/* Statements that must not be run twice: when the connection is lost under one, it may have been
 * committed all the same, and its slot finds out. */
static bool runs_once(int which)
{
    return which < SQL_COUNT_
               ? sql_about[which].how == HOW_ONCE
               : which == PG_TASK_ADD || which == PG_TASK_CHANGE || which == PG_TASK_CLAIM;
}

PGresult *pg_ask(struct postgres *s, int which, const struct sql_values *v, char *state,
                 struct err *e)
{
    char own[6];
    state = state ? state : own;
    for (int i = 1;; i++) {
        *state = 0;
        struct pg_conn *c = pg_take(s, e);
        if (!c)
            return NULL;
        PGresult *r = pg_run(c, which, v, state, e);
        bool undone = strncmp(state, "40", 2) == 0; /* rolled back by the server */
        bool lost = !c->c && !runs_once(which);
        pg_back(s, c);
        if (r || i == TRIES || (!undone && !lost))
            return r;
    }
}

int pg_exec(PGconn *c, const char *sql, struct err *e)
{
    AUTO(pg_clearp) PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return 0;
    char text[200];
    const char *said = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    return err_set(e, said ? code_of(said) : ERR_BUSY, "database: %s",
                   one_line(PQerrorMessage(c), text, sizeof(text)));
}
