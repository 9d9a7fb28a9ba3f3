/* task/event: what became of tasks, for those who tell it to people. Thread-safe. */
#pragma once
#include "store/event.h"

#include <stdint.h>

struct err;
struct tasks;

/* A user's events beyond the id `after`, in the order in which they were committed. each() may not
 * call this room; non-zero stops early. */
int task_event_list(struct tasks *t, int64_t user_id, int64_t after, int max,
                    int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e);
/* Users with events beyond the id `after`, and the newest of each. Ids of different users need not
 * rise in the order of commits, so `after` has to lie some seconds back. */
int task_event_users(struct tasks *t, int64_t after,
                     int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                     struct err *e);
/* The newest event of a user (0: of all), 0 when there is none; events up to the id *forgotten may
 * be gone for their age. */
int task_event_span(struct tasks *t, int64_t user_id, int64_t *newest, int64_t *forgotten,
                    struct err *e);
/* Blocks until there may be an event since the last call, task_event_wake, or timeout_ms. For one
 * thread. */
void task_event_wait(struct tasks *t, int64_t timeout_ms);
void task_event_wake(struct tasks *t);
