#include "http/server/pool.h"

#include "core/mem.h"
#include "http/server/request.h"

#include <pthread.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct request *first, **last;
    bool stopping;
    bool (*run)(struct request *r);
    int count;
    pthread_t threads[];
};

static void *pool_run(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->first && !p->stopping)
            pthread_cond_wait(&p->more, &p->lock);
        struct request *r = p->first;
        if (!r)
            break;
        p->first = r->next;
        if (!p->first)
            p->last = &p->first;
        pthread_mutex_unlock(&p->lock);
        struct MHD_Connection *conn = r->conn;
        if (p->run(r))
            MHD_resume_connection(conn); /* from here on r belongs to the event thread */
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int pool_start(struct pool **out, int threads, bool (*run)(struct request *r), struct err *e)
{
    struct pool *p = mem_new(sizeof(*p) + (size_t)threads * sizeof(p->threads[0]));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    p->last = &p->first;
    p->run = run;
    for (; p->count < threads; p->count++)
        if (pthread_create(&p->threads[p->count], NULL, pool_run, p) != 0) {
            pool_stop(p);
            pool_free(p);
            return err_set(e, ERR_SYSTEM, "http: a thread could not be started");
        }
    *out = p;
    return 0;
}

bool pool_put(struct pool *p, struct request *r)
{
    r->next = NULL;
    pthread_mutex_lock(&p->lock);
    bool taken = !p->stopping;
    if (taken) {
        *p->last = r;
        p->last = &r->next;
        pthread_cond_signal(&p->more);
    }
    pthread_mutex_unlock(&p->lock);
    return taken;
}

void pool_stop(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->count; i++)
        pthread_join(p->threads[i], NULL);
    p->count = 0;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
