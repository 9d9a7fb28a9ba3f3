#include "task/state.h"

#include "core/mem.h"

#define IN(state) (1u << TASK_##state)

static const struct task_edge edges[TASK_EVENT_COUNT_] = {
    [TASK_EVENT_CLAIM] = {"claim", IN(UPLOADED), TASK_PROCESSING},
    [TASK_EVENT_FINISH] = {"finish", IN(PROCESSING), TASK_PROCESSED},
    [TASK_EVENT_FAIL] = {"fail", IN(PROCESSING), TASK_FAILED},
    [TASK_EVENT_AGAIN] = {"again", IN(PROCESSING), TASK_UPLOADED},
    [TASK_EVENT_HAND_BACK] = {"hand back", IN(PROCESSING), TASK_UPLOADED},
    [TASK_EVENT_RETRY] = {"retry", IN(FAILED), TASK_UPLOADED},
    [TASK_EVENT_REMAKE] = {"remake", IN(UPLOADED) | IN(PROCESSING) | IN(PROCESSED) | IN(FAILED),
                           TASK_UPLOADED},
    [TASK_EVENT_DELETE] = {"delete", IN(UPLOADED) | IN(PROCESSING) | IN(PROCESSED) | IN(FAILED),
                           TASK_DELETED},
};

const struct task_edge *task_edge(enum task_event event)
{
    return &edges[event];
}

int task_happen(struct store *s, enum task_event event, struct task_change *c, bool *done,
                struct err *e)
{
    c->from = edges[event].from;
    c->to = edges[event].to;
    return store_task_change(s, c, done, e);
}

const char *task_state_name(enum task_state s)
{
    static const char *const names[TASK_STATE_COUNT] = {"uploaded", "processing", "processed",
                                                        "failed", "deleted"};
    return names[s];
}
