/* task/state: what may happen to a task: the one table of allowed changes. Room-internal. Nothing
 * in this program changes a task's state but through here. */
#pragma once
#include "task/task.h"

enum task_event {
    TASK_EVENT_CLAIM,     /* a worker takes it */
    TASK_EVENT_FINISH,    /* its attempt made a reel */
    TASK_EVENT_FAIL,      /* its attempt failed for good */
    TASK_EVENT_AGAIN,     /* its attempt failed, another will follow */
    TASK_EVENT_HAND_BACK, /* its attempt was stopped, through no fault */
    TASK_EVENT_RETRY,     /* a person asks for a fresh start */
    TASK_EVENT_REMAKE,    /* a person wants the reel otherwise */
    TASK_EVENT_DELETE,
    TASK_EVENT_COUNT_
};
struct task_edge {
    const char *name;
    unsigned from; /* bit mask 1 << enum task_state */
    enum task_state to;
};
const struct task_edge *task_edge(enum task_event event);
/* Lets event happen to task c->id under the guards of c (fence, user_id): fills c->from and c->to
 * from the table and asks the store. *done false: the guard or the state said no. */
int task_happen(struct store *s, enum task_event event, struct task_change *c, bool *done,
                struct err *e);
