/* store/event: what became of tasks. The database makes events in the transaction of the change.
 * Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

/* The first five are the states that a task has come to. */
enum event_kind {
    EVENT_UPLOADED,
    EVENT_PROCESSING,
    EVENT_PROCESSED,
    EVENT_FAILED,
    EVENT_DELETED,
    EVENT_PROGRESS, /* a task has at most its newest one */
    EVENT_KINDS
};
/* What streams and webhooks say of a kind: the type ("task.processed"), the status that the task
 * has then, and its progress, which is `so_far` unless the kind says it. */
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
/* A user's events beyond the id `after`, in the order in which they were committed; task_id 0: of
 * all tasks. each() may not call the store; non-zero stops early. */
int store_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                     int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e);
/* Users with events beyond the id `after`, and the newest of each. Ids of different users need not
 * rise in the order of commits, so `after` has to lie some seconds back. */
int store_event_users(struct store *s, int64_t after,
                      int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                      struct err *e);
/* The newest event of a user (0: of all), 0 when there is none; events up to the id *forgotten may
 * be gone for their age. */
int store_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                     struct err *e);
/* Removes at most `most` events that are older than keep_ms; *count says how many. */
int store_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e);
/* Blocks until there may be an event since the last call, store_event_wake, or timeout_ms. For one
 * thread. */
void store_event_wait(struct store *s, int64_t timeout_ms);
void store_event_wake(struct store *s);
