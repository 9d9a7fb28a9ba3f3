/* task/state: the only table of allowed changes of a task's state. Room-internal. Every change of
 * state in this program goes through task_happen. */
#pragma once
#include "task/task.h"

enum task_event {
    TASK_EVENT_CLAIM,     /* a worker takes it */
    TASK_EVENT_FINISH,    /* its attempt made a reel */
    TASK_EVENT_FAIL,      /* its attempt failed for good */
    TASK_EVENT_AGAIN,     /* its attempt failed, another attempt follows */
    TASK_EVENT_HAND_BACK, /* its attempt was stopped through no fault */
    TASK_EVENT_RETRY,     /* a person asks for a new start */
    TASK_EVENT_REMAKE,    /* a person changes how the reel is made */
    TASK_EVENT_DELETE,
    TASK_EVENT_COUNT_
};
struct task_edge {
    const char *name;
    unsigned from; /* bit mask 1 << enum task_state */
    enum task_state to;
};
const struct task_edge *task_edge(enum task_event event);
/* Applies an event to the task c->id under the guards of c (fence, user_id). Fills c->from and
 * c->to from the table and changes the row. *done false: the guard or the state does not match. */
int task_happen(struct store *s, enum task_event event, struct task_change *c, bool *done,
                struct err *e);
