/* Plan: the only place that checks the sockets of clients and shuts them down; the library itself
 * only has an idle timeout. A connection has a deadline here while its next head is awaited, or
 * once it must end, and a thread shuts down the connections whose deadline has passed. The thread
 * also looks for clients that went away in mid-body: when the last bytes and the end of the
 * connection arrive together, the library reads the bytes but notices the end only after the idle
 * time, and until then the upload stays locked.
 *
 * Entries come and go under the lock. An entry goes before the library closes its socket, so the
 * thread never shuts down a descriptor that was reused. */
#include "http/server/watch.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"
#include "core/wait.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { TICK_MIN_MS = 10, TICK_MAX_MS = 1000, END_MS = 450 };

struct watched {
    struct watch *watch;
    struct watched *next, **link;
    int fd;
    int gone;              /* consecutive checks that found it gone; used by the thread alone */
    atomic_bool body;      /* one is awaited */
    atomic_llong until_ms; /* its deadline; 0: none, no head is awaited */
};

struct watch {
    pthread_mutex_t lock;
    pthread_cond_t change;
    pthread_t thread;
    struct watched *first;
    bool stopping;
    int64_t head_ms, idle_ms;
};

/* Returns whether the client has ended its side and everything it sent was read. */
static bool at_end(const struct watched *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    int unread = 0;
    return poll(&p, 1, 0) > 0 && (p.revents & POLLRDHUP) && ioctl(c->fd, FIONREAD, &unread) == 0 &&
           unread == 0;
}

/* Shuts down connections past their deadline; returns the next deadline, at most `next`. */
static int64_t cut_late(struct watch *w, int64_t now, int64_t next)
{
    for (struct watched *c = w->first; c; c = c->next) {
        long long until = atomic_load(&c->until_ms);
        if (until > now && until < next)
            next = until;
        /* compare and exchange, because the head may come at this very moment */
        if (until && until <= now && atomic_compare_exchange_strong(&c->until_ms, &until, 0))
            (void)shutdown(c->fd, SHUT_RDWR);
    }
    return next;
}

/* Shuts down clients that went away while a body is awaited. Two checks in a row must agree,
 * because received bytes may still be on their way through the library. */
static void cut_gone(struct watch *w)
{
    for (struct watched *c = w->first; c; c = c->next) {
        c->gone = atomic_load(&c->body) && at_end(c) ? c->gone + 1 : 0;
        if (c->gone == 2)
            (void)shutdown(c->fd, SHUT_RDWR);
    }
}

static void *watch_thread(void *arg)
{
    struct watch *w = arg;
    int64_t tick = w->head_ms / 10, look_ms = clock_mono_ms();
    tick = tick < TICK_MIN_MS ? TICK_MIN_MS : tick > TICK_MAX_MS ? TICK_MAX_MS : tick;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        if (!w->first) {
            pthread_cond_wait(&w->change, &w->lock);
            continue;
        }
        int64_t now = clock_mono_ms();
        if (now >= look_ms) {
            cut_gone(w);
            look_ms = now + tick;
        }
        int64_t next = cut_late(w, now, look_ms);
        (void)wait_until(&w->change, &w->lock, next);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

int watch_start(struct watch **out, int64_t head_ms, int64_t idle_ms, struct err *e)
{
    struct watch *w = mem_new(sizeof(*w));
    w->head_ms = head_ms;
    w->idle_ms = idle_ms;
    pthread_mutex_init(&w->lock, NULL);
    wait_init(&w->change);
    if (pthread_create(&w->thread, NULL, watch_thread, w) != 0) {
        free(w);
        return err_set(e, ERR_SYSTEM, "http: a thread could not be started");
    }
    *out = w;
    return 0;
}

void watch_stop(struct watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->change);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->change);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

struct watched *watch_enter(struct watch *w, int fd)
{
    struct watched *c = mem_new(sizeof(*c));
    c->watch = w;
    c->fd = fd;
    atomic_init(&c->body, false);
    atomic_init(&c->until_ms, clock_mono_ms() + w->head_ms);
    pthread_mutex_lock(&w->lock);
    if (!w->first)
        pthread_cond_signal(&w->change);
    c->next = w->first;
    c->link = &w->first;
    if (c->next)
        c->next->link = &c->next;
    w->first = c;
    pthread_mutex_unlock(&w->lock);
    return c;
}

void watch_leave(struct watched *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->watch->lock);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    pthread_mutex_unlock(&c->watch->lock);
    free(c);
}

void watch_head_begins(struct watched *c)
{
    if (!c)
        return;
    long long soon = clock_mono_ms() + c->watch->head_ms;
    long long until = atomic_load(&c->until_ms);
    if (until > soon)
        (void)atomic_compare_exchange_strong(&c->until_ms, &until, soon);
}

void watch_head_ends(struct watched *c)
{
    if (!c)
        return;
    atomic_store(&c->until_ms, 0);
}

void watch_body(struct watched *c, bool awaited)
{
    if (!c)
        return;
    atomic_store(&c->body, awaited);
    if (!awaited) /* a client whose body came in time after all gets its answer */
        atomic_store(&c->until_ms, 0);
}

void watch_next(struct watched *c)
{
    if (!c)
        return;
    atomic_store(&c->until_ms, clock_mono_ms() + c->watch->idle_ms + c->watch->head_ms);
}

bool watch_has_gone(const struct watched *c)
{
    return c && at_end(c);
}

void watch_end(struct watched *c)
{
    if (!c)
        return;
    long long none = 0;
    (void)shutdown(c->fd, SHUT_RD);
    if (!atomic_load(&c->body) ||
        !atomic_compare_exchange_strong(&c->until_ms, &none, clock_mono_ms() + END_MS))
        return; /* no body is awaited, or the connection ends already */
    pthread_mutex_lock(&c->watch->lock);
    pthread_cond_signal(&c->watch->change);
    pthread_mutex_unlock(&c->watch->lock);
}
