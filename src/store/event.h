/* store/event: the history of tasks. The database adds an event in the transaction of each change.
 * Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

/* The first five kinds: the task has entered that state. */
enum event_kind {
    EVENT_UPLOADED,
    EVENT_PROCESSING,
    EVENT_PROCESSED,
    EVENT_FAILED,
    EVENT_DELETED,
    EVENT_PROGRESS, /* a task keeps only its newest progress event */
    EVENT_KINDS
};
/* What streams and webhooks say of a kind. type: "task.processed" and the like; status: the task's
 * status at the event. event_progress gives the task's progress, which is `so_far` except for
 * EVENT_PROCESSED: 100. */
struct event_about {
    const char *type, *status;
};
const struct event_about *event_about(enum event_kind kind);
int event_progress(enum event_kind kind, int so_far);
struct event_row { /* its columns: event_row.def */
#define NUMBER(type, name) type name;
#define TEXT(name)         const char *name;
#include "store/event_row.def"
#undef NUMBER
#undef TEXT
};
/* Lists a user's events with ids above `after`, in the order of their commits. task_id 0: of all
 * tasks. each() may not call the store; non-zero stops early. */
int store_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                     int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e);
/* Lists users with events above the id `after`, each with the newest id. Events of different users
 * may commit in another order than that of their ids, so `after` must lie some seconds back. */
int store_event_users(struct store *s, int64_t after,
                      int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                      struct err *e);
/* *newest is the id of the newest event of a user (user_id 0: of all users), or 0 when there is
 * none. Events up to the id *forgotten may be removed already, because of their age. */
int store_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                     struct err *e);
/* Removes at most `most` events older than keep_ms; *count is their number. */
int store_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
/* Blocks until an event may have come since the last call, until store_event_wake, or for
 * timeout_ms. Only one thread may wait. */
void store_event_wait(struct store *s, int64_t timeout_ms);
void store_event_wake(struct store *s);
