/* core/wait: timed waits on condition variables, by the monotonic clock (clock_mono_ms).
 * Thread-safe. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Prepares c for wait_until. Destroy c with pthread_cond_destroy. */
void wait_init(pthread_cond_t *c);
/* Waits with the lock held. Returns true when c was signalled, false when clock_mono_ms() has
 * reached at_ms. Wake-ups can be spurious, so test the condition in a loop:
 *     int64_t until_ms = clock_mono_ms() + timeout_ms;
 *     while (!ready && wait_until(&c, &lock, until_ms)) {
 *     } */
bool wait_until(pthread_cond_t *c, pthread_mutex_t *lock, int64_t at_ms);
