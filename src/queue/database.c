/* Hints for the workers of this process. A hint says "some task"; the store decides which one. So
 * the hints are a count. The count has a bound, because hints beyond the number of takers wake
 * nobody. */
#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/wait.h"
#include "queue/queue_impl.h"

#include <pthread.h>

/* More than the workers of one process (settings `workers` and `jobs`: 256). Whoever is woken works
 * until the store has no task left, so a hint beyond this one is no loss. */
enum { HINTS_MAX = 1024 };

struct database_queue {
    struct queue base;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t change;
    int hints;
    bool stopped;
};

static int database_open(struct queue **out, const char *rest, struct log *log, struct err *e)
{
    (void)log;
    if (*rest)
        return err_set(e, ERR_INPUT, "database: takes nothing behind the colon, not \"%s\"", rest);
    struct database_queue *q = mem_new(sizeof(*q));
    pthread_mutex_init(&q->lock, NULL);
    wait_init(&q->change);
    *out = &q->base;
    return 0;
}

static void database_close(struct queue *base)
{
    struct database_queue *q = (struct database_queue *)base;
    pthread_cond_destroy(&q->change);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static int database_publish(struct queue *base, int64_t task_id, struct err *e)
{
    (void)task_id, (void)e;
    struct database_queue *q = (struct database_queue *)base;
    pthread_mutex_lock(&q->lock);
    if (q->hints < HINTS_MAX)
        q->hints++;
    pthread_cond_signal(&q->change);
    pthread_mutex_unlock(&q->lock);
    return 0;
}

static int database_take(struct queue *base, int64_t timeout_ms, struct queue_message *out,
                         bool *got, struct err *e)
{
    (void)e;
    struct database_queue *q = (struct database_queue *)base;
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    pthread_mutex_lock(&q->lock);
    while (!q->stopped && !q->hints && wait_until(&q->change, &q->lock, until_ms)) {
    }
    if (!q->stopped && q->hints) {
        q->hints--;
        *out = (struct queue_message){0};
        *got = true;
    }
    pthread_mutex_unlock(&q->lock);
    return 0;
}

static int database_ack(struct queue *base, const struct queue_message *m, struct err *e)
{
    (void)base, (void)m, (void)e; /* nothing is kept of a hint that was taken */
    return 0;
}

static void database_stop(struct queue *base)
{
    struct database_queue *q = (struct database_queue *)base;
    pthread_mutex_lock(&q->lock);
    q->stopped = true;
    pthread_cond_broadcast(&q->change);
    pthread_mutex_unlock(&q->lock);
}

static int database_ping(struct queue *base, struct err *e)
{
    (void)base, (void)e; /* it is this process */
    return 0;
}

const struct queue_ops queue_database_ops = {
    .scheme = "database",
    .open = database_open,
    .close = database_close,
    .publish = database_publish,
    .take = database_take,
    .ack = database_ack,
    .stop = database_stop,
    .ping = database_ping,
};
