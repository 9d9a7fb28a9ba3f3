/* media/encode/pipe: a small bounded queue of pointers between two threads. Room-internal.
 * Thread-safe.
 *
 * It is full when it holds `places` items or `weight_max` of weight (bytes, say); one item always
 * fits. Broken, it wakes and refuses both sides: how a fault reaches every thread. */
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
/* `drop` frees each item still inside. */
void pipe_clear(struct pipe *p, void (*drop)(void *item));
/* Takes item on true. pipe_put waits for room and is false once broken; pipe_try is false when
 * there is no room as well. */
bool pipe_put(struct pipe *p, void *item, size_t weight);
bool pipe_try(struct pipe *p, void *item, size_t weight);
/* Waits until no more than `most` items are inside, or it is broken. */
void pipe_drain(struct pipe *p, size_t most);
/* No more items will come. */
void pipe_end(struct pipe *p);
void pipe_break(struct pipe *p);
/* Gives the oldest item; waits for one. NULL: ended and empty, or broken. */
void *pipe_get(struct pipe *p);
