/* task/verdict: what happens to a task after a failed attempt. Room-internal, pure. */
#pragma once
#include "core/err.h"
#include "task/state.h"

struct verdict {
    enum task_event event; /* FAIL, AGAIN or HAND_BACK */
    int64_t wait_ms;       /* before the next attempt */
    bool uncounted;        /* the attempt does not count */
    enum msg msg;          /* the message for the owner; MSG_OK: none */
    const char *format;    /* format that the sentence names, borrowed from *why; NULL: none */
};
/* attempts: number of attempts so far, this one included. */
struct verdict task_verdict(const struct err *why, int attempts, const struct task_rules *rules);
/* The verdict on an attempt whose lease expired. The attempt counts, so that a clip that crashes
 * its workers fails in the end. The next attempt needs no further wait after the lease. */
struct verdict task_verdict_lost(int attempts, const struct task_rules *rules);
