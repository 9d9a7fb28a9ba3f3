/* task/verdict: what a failed attempt means for its task. Room-internal, pure. */
#pragma once
#include "core/err.h"
#include "task/state.h"

struct verdict {
    enum task_event event; /* FAIL, AGAIN or HAND_BACK */
    int64_t wait_ms;       /* before the next attempt */
    bool uncounted;        /* the attempt is not held against the task */
    enum msg msg;          /* what its owner is told; MSG_OK: nothing */
    const char *format;    /* that the sentence names: of the fault, borrowed; NULL: none */
};
/* attempts: those made so far, this one included. */
struct verdict task_verdict(const struct err *why, int attempts, const struct task_rules *rules);
/* The attempt was not heard of until its lease ran out: it counts, so that a clip that takes its
 * workers down ends; there is nothing to wait for, the lease was the wait. */
struct verdict task_verdict_lost(int attempts, const struct task_rules *rules);
