/* core/wait: condition variables whose time-outs are those of a clock that never jumps
 * (clock_mono_ms). Thread-safe. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* For wait_until; ends with pthread_cond_destroy. */
void wait_init(pthread_cond_t *c);
/* Waits with the lock held until c is signalled, or clock_mono_ms() has come to at_ms: false. May
 * wake up for nothing, so the condition is asked in a loop:
 *     int64_t until_ms = clock_mono_ms() + timeout_ms;
 *     while (!ready && wait_until(&c, &lock, until_ms)) {
 *     } */
bool wait_until(pthread_cond_t *c, pthread_mutex_t *lock, int64_t at_ms);
