/* task/overview: the state of the whole service, for operators. Thread-safe. */
#pragma once
#include "store/task.h"
#include "store/worker.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct tasks;

struct task_overview {
    int64_t counts[TASK_STATE_COUNT];
    int64_t oldest_waiting_ms; /* waiting time of the oldest waiting task; -1: none waits */
    int64_t used_bytes;        /* of all users */
    bool sized; /* false: the storage does not report its size; object storage never does */
    int64_t free_bytes, total_bytes;
    int64_t deliveries_waiting, deliveries_dead; /* of webhooks */
};
/* each() gets every worker that reported lately; non-zero stops early. */
int task_overview(struct tasks *t, struct task_overview *out,
                  int (*each)(void *arg, const struct worker_row *w), void *arg, struct err *e);
