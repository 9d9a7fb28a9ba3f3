/* queue_impl: the table of operations of a back end of the queue. Room-internal.
 *
 * A back end's own struct begins with struct queue. queue.c chooses the back end by the URL's
 * scheme and calls the slot. Each slot does what queue.h says of the function with its name; every
 * slot is required. */
#pragma once
#include "queue/queue.h"

struct queue_ops {
    const char *scheme; /* the scheme of the URL, up to the colon */
    /* rest: the URL after "<scheme>:". Gives a queue; queue.c fills its base. */
    int (*open)(struct queue **out, const char *rest, struct log *log, struct err *e);
    void (*close)(struct queue *q);
    int (*publish)(struct queue *q, int64_t task_id, struct err *e);
    /* timeout_ms >= 0. *got is false before the call and stays false when no message comes. */
    int (*take)(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
                struct err *e);
    int (*ack)(struct queue *q, const struct queue_message *m, struct err *e);
    void (*stop)(struct queue *q);
    int (*ping)(struct queue *q, struct err *e);
};
extern const struct queue_ops queue_database_ops;
/* Each is in the module of its back end. */
extern const struct queue_ops queue_amqp_ops, queue_amqps_ops, queue_redis_ops, queue_kafka_ops;

struct queue {
    const struct queue_ops *ops;
};
