/* queue_impl: what a back end of the queue is. Room-internal.
 *
 * A back end's own struct begins with struct queue. queue.c finds the back end by the scheme and
 * calls the slot; each slot does what the function of its name in queue.h says, and every slot is
 * required. */
#pragma once
#include "queue/queue.h"

struct queue_ops {
    const char *scheme; /* what a URL begins with, up to the colon */
    /* rest: the URL after "<scheme>:". Gives a queue whose base queue.c fills. */
    int (*open)(struct queue **out, const char *rest, struct log *log, struct err *e);
    void (*close)(struct queue *q);
    int (*publish)(struct queue *q, int64_t task_id, struct err *e);
    /* timeout_ms >= 0. *got is false when called and stays so when none came. */
    int (*take)(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
                struct err *e);
    int (*ack)(struct queue *q, const struct queue_message *m, struct err *e);
    void (*stop)(struct queue *q);
    int (*ping)(struct queue *q, struct err *e);
};
extern const struct queue_ops queue_database_ops;
/* In their modules. */
extern const struct queue_ops queue_amqp_ops, queue_amqps_ops, queue_redis_ops, queue_kafka_ops;

struct queue {
    const struct queue_ops *ops;
};
