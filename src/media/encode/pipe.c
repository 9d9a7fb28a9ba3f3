#include "media/encode/pipe.h"

#include "core/mem.h"

void pipe_init(struct pipe *p, size_t places, size_t weight_max)
{
    *p = (struct pipe){.places = places, .weight_max = weight_max};
    p->items = mem_new(places * sizeof(*p->items));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->moved, NULL);
}

void pipe_clear(struct pipe *p, void (*drop)(void *item))
{
    if (!p->items)
        return;
    for (; p->count; p->count--, p->first = (p->first + 1) % p->places)
        drop(p->items[p->first].p);
    pthread_cond_destroy(&p->moved);
    pthread_mutex_destroy(&p->lock);
    freep(&p->items);
}

static bool put(struct pipe *p, void *item, size_t weight, bool wait)
{
    pthread_mutex_lock(&p->lock);
    while (wait && !p->broken &&
           (p->count == p->places || (p->count && p->weight + weight > p->weight_max)))
        pthread_cond_wait(&p->moved, &p->lock);
    bool ok =
        !p->broken && p->count < p->places && (!p->count || p->weight + weight <= p->weight_max);
    if (ok) {
        p->items[(p->first + p->count++) % p->places] = (struct pipe_item){item, weight};
        p->weight += weight;
        pthread_cond_broadcast(&p->moved);
    }
    pthread_mutex_unlock(&p->lock);
    return ok;
}

bool pipe_put(struct pipe *p, void *item, size_t weight)
{
    return put(p, item, weight, true);
}

bool pipe_try(struct pipe *p, void *item, size_t weight)
{
    return put(p, item, weight, false);
}

void *pipe_get(struct pipe *p)
{
    void *item = NULL;
    pthread_mutex_lock(&p->lock);
    while (!p->broken && !p->ended && !p->count)
        pthread_cond_wait(&p->moved, &p->lock);
    if (!p->broken && p->count) {
        struct pipe_item *i = &p->items[p->first];
        item = i->p;
        p->weight -= i->weight;
        p->first = (p->first + 1) % p->places;
        p->count--;
        pthread_cond_broadcast(&p->moved);
    }
    pthread_mutex_unlock(&p->lock);
    return item;
}

void pipe_drain(struct pipe *p, size_t most)
{
    pthread_mutex_lock(&p->lock);
    while (!p->broken && p->count > most)
        pthread_cond_wait(&p->moved, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void pipe_end(struct pipe *p)
{
    pthread_mutex_lock(&p->lock);
    p->ended = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
}

void pipe_break(struct pipe *p)
{
    pthread_mutex_lock(&p->lock);
    p->broken = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
}
