/* The head of a request has to be there in time however slowly its bytes come: the library only
 * knows a time without any byte. So each connection has a deadline here while its next head is
 * awaited, and a thread shuts down those that are past it. It also looks after clients that went
 * away in the middle of a body: when their last bytes and the end come in one moment, the library
 * reads the bytes and hears of the end only with the idle time, and until then the upload keeps its
 * place. Entries come and go under the lock; an entry goes before the library closes the socket, so
 * what is shut down is never a descriptor that has become somebody else's. */
#include "http/http_impl.h"

#include "core/clock.h"
#include "core/mem.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { TICK_MIN_MS = 10, TICK_MAX_MS = 1000 };

struct guest {
    struct heads *heads;
    struct guest *next, **link;
    int fd;
    int gone;              /* looks that found it so, in a row; the thread's own */
    atomic_bool body;      /* one is awaited */
    atomic_llong until_ms; /* 0: no head is awaited */
};

struct heads {
    pthread_mutex_t lock;
    pthread_cond_t change;
    pthread_t thread;
    struct guest *first;
    bool stopping;
    int64_t head_ms, idle_ms;
};

/* The client has ended its side, all that it sent is read, and a body is still awaited; twice in a
 * row, as what was read may be on its way through the library. */
static bool went_away(struct guest *g)
{
    struct pollfd p = {.fd = g->fd, .events = POLLRDHUP};
    int unread = 0;
    bool gone = atomic_load(&g->body) && poll(&p, 1, 0) > 0 && (p.revents & POLLRDHUP) &&
                ioctl(g->fd, FIONREAD, &unread) == 0 && unread == 0;
    g->gone = gone ? g->gone + 1 : 0;
    return g->gone == 2;
}

static void cut_late(struct heads *h)
{
    int64_t now = clock_mono_ms();
    for (struct guest *g = h->first; g; g = g->next) {
        long long until = atomic_load(&g->until_ms);
        /* exchanged, not stored: the head may have come in this very moment */
        if (until && until <= now && atomic_compare_exchange_strong(&g->until_ms, &until, 0))
            (void)shutdown(g->fd, SHUT_RDWR);
        if (went_away(g))
            (void)shutdown(g->fd, SHUT_RDWR);
    }
}

static void *run(void *arg)
{
    struct heads *h = arg;
    int64_t tick = h->head_ms / 10;
    tick = tick < TICK_MIN_MS ? TICK_MIN_MS : tick > TICK_MAX_MS ? TICK_MAX_MS : tick;
    pthread_mutex_lock(&h->lock);
    while (!h->stopping) {
        if (!h->first) {
            pthread_cond_wait(&h->change, &h->lock);
            continue;
        }
        struct timespec at;
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_nsec += tick % 1000 * 1000000;
        at.tv_sec += tick / 1000 + at.tv_nsec / 1000000000;
        at.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&h->change, &h->lock, &at);
        cut_late(h);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

int heads_start(struct heads **out, int64_t head_ms, int64_t idle_ms, struct err *e)
{
    struct heads *h = mem_new(sizeof(*h));
    h->head_ms = head_ms;
    h->idle_ms = idle_ms;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->change, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&h->thread, NULL, run, h) != 0) {
        free(h);
        return err_set(e, ERR_SYSTEM, "http: a thread could not be started");
    }
    *out = h;
    return 0;
}

void heads_stop(struct heads *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_signal(&h->change);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->change);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

struct guest *heads_enter(struct heads *h, int fd)
{
    struct guest *g = mem_new(sizeof(*g));
    g->heads = h;
    g->fd = fd;
    atomic_init(&g->body, false);
    atomic_init(&g->until_ms, clock_mono_ms() + h->head_ms);
    pthread_mutex_lock(&h->lock);
    if (!h->first)
        pthread_cond_signal(&h->change);
    g->next = h->first;
    g->link = &h->first;
    if (g->next)
        g->next->link = &g->next;
    h->first = g;
    pthread_mutex_unlock(&h->lock);
    return g;
}

void heads_leave(struct guest *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->heads->lock);
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    pthread_mutex_unlock(&g->heads->lock);
    free(g);
}

void heads_line(struct guest *g)
{
    long long soon = clock_mono_ms() + g->heads->head_ms;
    long long until = atomic_load(&g->until_ms);
    if (until > soon)
        (void)atomic_compare_exchange_strong(&g->until_ms, &until, soon);
}

void heads_whole(struct guest *g)
{
    atomic_store(&g->until_ms, 0);
}

void heads_body(struct guest *g, bool awaited)
{
    atomic_store(&g->body, awaited);
}

void heads_next(struct guest *g)
{
    atomic_store(&g->until_ms, clock_mono_ms() + g->heads->idle_ms + g->heads->head_ms);
}
