#include "queue/queue.h"

#include "core/engine.h"
#include "core/err.h"
#include "core/mem.h"
#include "queue/queue_impl.h"

static const struct back_end {
    const char *scheme;
    const struct queue_ops *ops; /* NULL: in a module */
    const char *module, *symbol;
} back_ends[] = {
    {"database", &queue_database_ops, NULL, NULL}, {"amqp", NULL, "amqp", "queue_amqp_ops"},
    {"amqps", NULL, "amqp", "queue_amqps_ops"},    {"redis", NULL, "redis", "queue_redis_ops"},
    {"kafka", NULL, "kafka", "queue_kafka_ops"},
};

int queue_open(struct queue **out, const char *url, struct log *log, struct err *e)
{
    for (size_t i = 0; i < LEN(back_ends); i++) {
        const struct back_end *b = &back_ends[i];
        size_t n = strlen(b->scheme);
        if (strncmp(url, b->scheme, n) != 0 || url[n] != ':')
            continue;
        const struct queue_ops *ops = b->ops ? b->ops : engine_find(b->module, b->symbol, e);
        struct queue *q;
        if (!ops || ops->open(&q, url + n + 1, log, e) < 0)
            return err_wrap(e, "queue");
        q->ops = ops;
        *out = q;
        return 0;
    }
    /* the rest of a URL may hold a password */
    return err_set(e, ERR_INPUT,
                   "queue: no such kind: \"%.*s\"; known are database: amqp: amqps: redis: "
                   "kafka:",
                   (int)strcspn(url, ":"), url);
}

void queue_close(struct queue *q)
{
    if (q)
        q->ops->close(q);
}

void queue_closep(struct queue **q)
{
    queue_close(*q);
    *q = NULL;
}

int queue_publish(struct queue *q, int64_t task_id, struct err *e)
{
    return q->ops->publish(q, task_id, e);
}

int queue_take(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
               struct err *e)
{
    bool came = false;
    if (q->ops->take(q, timeout_ms > 0 ? timeout_ms : 0, out, &came, e) < 0)
        return -1;
    *got = came;
    return 0;
}

int queue_ack(struct queue *q, const struct queue_message *m, struct err *e)
{
    return q->ops->ack(q, m, e);
}

void queue_stop(struct queue *q)
{
    q->ops->stop(q);
}

int queue_ping(struct queue *q, struct err *e)
{
    return q->ops->ping(q, e);
}
