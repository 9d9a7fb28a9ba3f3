#include "task/verdict.h"

#include "core/mem.h"

/* Waits double, but a task that waits longer than this looks forgotten. */
enum { WAIT_MOST_MS = 10 * 60 * 1000 };
/* Until a disk may have been cleared up, and until a storage that was down may be back. Asking
 * costs a claim and a refusal. */
enum { FULL_WAIT_MS = 15 * 1000, BUSY_WAIT_MS = 3 * 1000 };

static int64_t doubled(int attempts, int64_t wait_ms)
{
    int64_t most = wait_ms > WAIT_MOST_MS ? wait_ms : WAIT_MOST_MS;
    for (int i = 1; i < attempts && wait_ms < most; i++)
        wait_ms *= 2;
    return wait_ms < most ? wait_ms : most;
}

static struct verdict ours(int attempts, int64_t wait_ms, const struct task_rules *rules)
{
    if (attempts >= rules->attempts)
        return (struct verdict){.event = TASK_EVENT_FAIL, .msg = MSG_ATTEMPTS_USED};
    return (struct verdict){.event = TASK_EVENT_AGAIN, .wait_ms = wait_ms};
}

struct verdict task_verdict(const struct err *why, int attempts, const struct task_rules *rules)
{
    switch (why->code) {
    case ERR_STOPPED:
        return (struct verdict){.event = TASK_EVENT_HAND_BACK, .uncounted = true};
    case ERR_FULL:
        return (struct verdict){.event = TASK_EVENT_HAND_BACK,
                                .wait_ms = FULL_WAIT_MS,
                                .uncounted = true,
                                .msg = MSG_DISK_FULL};
    case ERR_BUSY: /* a part of ours is down: no attempt can do better, and none is used up */
        return (struct verdict){.event = TASK_EVENT_HAND_BACK,
                                .wait_ms = BUSY_WAIT_MS,
                                .uncounted = true,
                                .msg = MSG_UNAVAILABLE};
    case ERR_INPUT:
    case ERR_UNSUPPORTED:
    case ERR_TOO_LARGE:
        /* Memory may have been short because of what else ran: once more. */
        if (why->msg == MSG_MEMORY_LIMIT && attempts < 2)
            return (struct verdict){.event = TASK_EVENT_AGAIN, .wait_ms = rules->retry_wait_ms};
        return (struct verdict){
            .event = TASK_EVENT_FAIL, .msg = why->msg, .format = *why->format ? why->format : NULL};
    default:
        return ours(attempts, doubled(attempts, rules->retry_wait_ms), rules);
    }
}

struct verdict task_verdict_lost(int attempts, const struct task_rules *rules)
{
    return ours(attempts, attempts > 1 ? doubled(attempts - 1, rules->retry_wait_ms) : 0, rules);
}

bool task_retryable(const struct task_row *row)
{
    /* Limits may have been raised, and a machine may have been short of what it needed. */
    static const enum msg limits[] = {MSG_MEMORY_LIMIT, MSG_TIME_LIMIT, MSG_SIZE_LIMIT,
                                      MSG_NO_PROGRESS, MSG_CLIP_CRASHED};
    enum msg m;
    if (row->state != TASK_FAILED)
        return false;
    if (!msg_from_slug(row->error_slug, &m))
        return true;
    for (size_t i = 0; i < LEN(limits); i++)
        if (m == limits[i])
            return true;
    enum err_code code = msg_code(m);
    return code != ERR_INPUT && code != ERR_UNSUPPORTED && code != ERR_TOO_LARGE;
}
