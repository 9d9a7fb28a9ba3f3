/* task/event: the history of tasks, for the parts that report it to users. Thread-safe. */
#pragma once
#include "store/event.h"

#include <stdint.h>

struct err;
struct tasks;

/* Lists a user's events with ids above `after`, in the order of their commits. each() may not call
 * this room; non-zero stops early. */
int task_event_list(struct tasks *t, int64_t user_id, int64_t after, int max,
                    int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e);
/* Lists users with events above the id `after`, each with the newest id. Events of different users
 * may commit in another order than that of their ids, so `after` must lie some seconds back. */
int task_event_users(struct tasks *t, int64_t after,
                     int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                     struct err *e);
/* *newest is the id of the newest event of a user (user_id 0: of all users), or 0 when there is
 * none. Events up to the id *forgotten may be removed already, because of their age. */
int task_event_span(struct tasks *t, int64_t user_id, int64_t *newest, int64_t *forgotten,
                    struct err *e);
/* Blocks until an event may have come since the last call, until task_event_wake, or for
 * timeout_ms. Only one thread may wait. */
void task_event_wait(struct tasks *t, int64_t timeout_ms);
void task_event_wake(struct tasks *t);
