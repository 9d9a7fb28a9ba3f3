/* Plan: the choice of the engine by the URL's scheme; the bells, which are the same for every
 * engine; the care of the database as a whole. */
#include "store/store.h"

#include "core/clock.h"
#include "core/engine.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/wait.h"
#include "store/event.h"
#include "store/hook.h"
#include "store/outbox.h"
#include "store/sql_impl.h"

static const struct back_end {
    const char *scheme;
    const struct store_ops *ops; /* NULL: in a module */
    const char *module, *symbol;
} back_ends[] = {
    {"sqlite", &store_sqlite_ops, NULL, NULL},
    {"postgresql", NULL, "postgres", "store_postgres_ops"},
};

/* The back end of a URL, and what follows its scheme; NULL with *e. */
static const struct store_ops *find(const char *url, const char **rest, struct err *e)
{
    for (size_t i = 0; i < LEN(back_ends); i++) {
        const struct back_end *b = &back_ends[i];
        size_t n = strlen(b->scheme);
        if (strncmp(url, b->scheme, n) != 0 || url[n] != ':')
            continue;
        *rest = url + n + 1;
        return b->ops ? b->ops : engine_find(b->module, b->symbol, e);
    }
    /* nothing of it is said: there may be a password in it */
    err_set(e, ERR_INPUT, "database: the URL should begin with sqlite: or postgresql:");
    return NULL;
}

int store_open(struct store **out, const char *url, struct log *log, struct err *e)
{
    const char *rest;
    const struct store_ops *ops = find(url, &rest, e);
    return ops ? ops->open(out, rest, log, e) : -1;
}

int store_open_beside(struct store **out, const char *url, struct log *log, struct err *e)
{
    const char *rest;
    const struct store_ops *ops = find(url, &rest, e);
    if (!ops)
        return -1;
    return ops->open_beside ? ops->open_beside(out, rest, log, e)
                            : err_set(e, ERR_UNSUPPORTED, "store: %s is a server", ops->scheme);
}

int store_copy(struct store *s, const char *path, struct err *e)
{
    return s->ops->copy ? s->ops->copy(s, path, e)
                        : err_set(e, ERR_UNSUPPORTED, "store: %s is a server", s->ops->scheme);
}

bool store_shared(const struct store *s)
{
    return s->ops->shared;
}

void store_schema(const struct store *s, int *version, int *newest)
{
    *version = s->schema;
    *newest = s->schema_newest;
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

void store_closep(struct store **s)
{
    store_close(*s);
    *s = NULL;
}

/* -- bells -- */

static void bell_init(struct store_bell *b)
{
    b->rung = true; /* an earlier process may have left rows */
    wait_init(&b->change);
    pthread_mutex_init(&b->lock, NULL);
}

static void bell_clear(struct store_bell *b)
{
    pthread_cond_destroy(&b->change);
    pthread_mutex_destroy(&b->lock);
}

static void bell_ring(struct store_bell *b)
{
    pthread_mutex_lock(&b->lock);
    b->rung = true;
    pthread_cond_signal(&b->change);
    pthread_mutex_unlock(&b->lock);
}

static void bell_wait(struct store_bell *b, int64_t timeout_ms)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    pthread_mutex_lock(&b->lock);
    while (!b->rung && !b->stopped && wait_until(&b->change, &b->lock, until_ms)) {
    }
    b->rung = false;
    pthread_mutex_unlock(&b->lock);
}

void store_init(struct store *s, const struct store_ops *ops, struct log *log)
{
    s->ops = ops;
    s->log = log;
    bell_init(&s->outbox);
    bell_init(&s->events);
    bell_init(&s->deliveries);
}

void store_clear(struct store *s)
{
    bell_clear(&s->outbox);
    bell_clear(&s->events);
    bell_clear(&s->deliveries);
}

void store_ring(struct store *s)
{
    bell_ring(&s->outbox);
}

void store_ring_events(struct store *s)
{
    bell_ring(&s->events);
    bell_ring(&s->deliveries);
}

void store_outbox_wait(struct store *s, int64_t timeout_ms)
{
    bell_wait(&s->outbox, timeout_ms);
}

void store_outbox_wake_all(struct store *s)
{
    pthread_mutex_lock(&s->outbox.lock);
    s->outbox.stopped = true;
    pthread_cond_broadcast(&s->outbox.change);
    pthread_mutex_unlock(&s->outbox.lock);
}

void store_event_wait(struct store *s, int64_t timeout_ms)
{
    bell_wait(&s->events, timeout_ms);
}

void store_event_wake(struct store *s)
{
    bell_ring(&s->events);
}

void store_delivery_wait(struct store *s, int64_t timeout_ms)
{
    bell_wait(&s->deliveries, timeout_ms);
}

void store_delivery_wake(struct store *s)
{
    bell_ring(&s->deliveries);
}

/* -- as a whole -- */

int store_migrate(struct store *s, int *from, int *to, struct err *e)
{
    int a, b;
    return s->ops->migrate(s, from ? from : &a, to ? to : &b, e);
}

int store_ping(struct store *s, struct err *e)
{
    return sql_ask(s, SQL_PING, NULL, NULL, NULL, e) < 0 ? -1 : 0;
}

int store_check(struct store *s, struct err *e)
{
    return s->ops->check(s, e);
}

int64_t store_now_ms(struct store *s)
{
    return s->ops->now_ms(s);
}

int store_totals(struct store *s, struct store_totals *out, struct err *e)
{
    int64_t n[4];
    if (sql_numbers(s, SQL_TOTALS, NULL, n, 4, e) < 0)
        return -1;
    *out = (struct store_totals){n[0], n[1], n[2], n[3]};
    return 0;
}
