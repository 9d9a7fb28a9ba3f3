#include "core/wait.h"

void wait_init(pthread_cond_t *c)
{
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}

bool wait_until(pthread_cond_t *c, pthread_mutex_t *lock, int64_t at_ms)
{
    const struct timespec at = {at_ms / 1000, at_ms % 1000 * 1000000};
    return pthread_cond_timedwait(c, lock, &at) == 0;
}
