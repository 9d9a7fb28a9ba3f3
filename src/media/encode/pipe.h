/* media/encode/pipe: a small bounded queue of pointers between two threads. Room-internal.
 * Thread-safe.
 *
 * The pipe is full when it holds `places` items, or items with a total weight (in bytes, for
 * example) of `weight_max`; a single item always fits. A broken pipe wakes both sides and refuses
 * their calls; this is how a fault reaches every thread. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct pipe {
    struct pipe_item {
        void *p;
        size_t weight;
    } * items;
    size_t places, first, count, weight, weight_max;
    bool ended, broken;
    pthread_mutex_t lock;
    pthread_cond_t moved;
};
void pipe_init(struct pipe *p, size_t places, size_t weight_max);
/* `drop` frees each item that is still inside. */
void pipe_clear(struct pipe *p, void (*drop)(void *item));
/* Takes item when it returns true. pipe_put waits for space, and returns false once the pipe is
 * broken; pipe_try also returns false when there is no space. */
bool pipe_put(struct pipe *p, void *item, size_t weight);
bool pipe_try(struct pipe *p, void *item, size_t weight);
/* Waits until at most `most` items are inside, or the pipe is broken. */
void pipe_drain(struct pipe *p, size_t most);
/* No more items will come. */
void pipe_end(struct pipe *p);
void pipe_break(struct pipe *p);
/* Returns the oldest item; waits for one. NULL: the pipe has ended and is empty, or is broken. */
void *pipe_get(struct pipe *p);
