/* queue: announces due tasks to workers, at least once. Back ends: queue/database.c, and
 * queue/amqp.c, queue/redis.c and queue/kafka.c in modules. Thread-safe.
 *
 * A message is a hint, not the truth. A worker that takes one asks the store for the next due task,
 * which may be another task, because the store decides on fairness. A lost message delays its task
 * until the next sweep; a duplicate does no harm. So `database:` has no rows of its own: the due
 * tasks in the database are the queue, and this back end only wakes the workers of its own process.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct log;
struct queue;

struct queue_message {
    int64_t task_id; /* 0: any task */
    uint64_t tag;    /* the back end's mark, for queue_ack */
};
int queue_open(struct queue **out, const char *url, struct log *log, struct err *e);
void queue_close(struct queue *q);
void queue_closep(struct queue **q);
/* Returns when the broker has stored the message. ERR_BUSY: the broker cannot be reached. */
int queue_publish(struct queue *q, int64_t task_id, struct err *e);
/* Waits up to timeout_ms for a message; *got false: none came. */
int queue_take(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
               struct err *e);
/* Acknowledges a message. Call it when the lease is taken (the lease is in the store). */
int queue_ack(struct queue *q, const struct queue_message *m, struct err *e);
/* Ends all calls of queue_take, now and in the future; they give *got false. */
void queue_stop(struct queue *q);
int queue_ping(struct queue *q, struct err *e);
