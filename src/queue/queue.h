/* queue: "this task wants work", at least once. Back ends: queue/database.c. Thread-safe.
 *
 * A message is a hint, never the truth: who takes one asks the store for the next due task, which
 * may be another one (fairness is decided there). A lost message costs a sweep, a doubled one
 * nothing. So `database:` carries no rows of its own: the waiting tasks in the database are the
 * queue, and this back end is what wakes the workers of this process. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct log;
struct queue;

struct queue_message {
    int64_t task_id; /* 0: some task */
    uint64_t tag;    /* the back end's own mark, for queue_ack */
};
int queue_open(struct queue **out, const char *url, struct log *log, struct err *e);
void queue_close(struct queue *q);
void queue_closep(struct queue **q);
/* Returns once the broker has it for good. ERR_BUSY when it cannot be reached. */
int queue_publish(struct queue *q, int64_t task_id, struct err *e);
/* Waits for a message up to timeout_ms; *got false: none came. */
int queue_take(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
               struct err *e);
/* The message is dealt with. Called when the lease is taken (the lease is in the store). */
int queue_ack(struct queue *q, const struct queue_message *m, struct err *e);
/* Ends all queue_take now and for good, so that takers can go; they get *got false. */
void queue_stop(struct queue *q);
int queue_ping(struct queue *q, struct err *e);
