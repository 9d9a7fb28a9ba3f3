/* For requests that are refused before their body is read. Closing a socket with unread bytes
 * resets the connection, and the client never sees the answer (RFC 9112, 9.6). So this thread reads
 * on from a duplicate of the socket after the library has closed its own, for a bounded time. It
 * reads slowly, so that little of the body is transferred and the client has time to notice the
 * answer. */
#include "http/server/linger.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/mem.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MAX = 64, LINGER_MS = 2000, SLICE_MS = 10, SLICE_BYTES = 64 << 10 };

struct lingering {
    pthread_mutex_t lock;
    pthread_t thread;
    atomic_bool stopping;
    int wake;
    int count;
    struct {
        int fd;
        int64_t until_ms;
    } open[LINGER_MAX];
};

/* Reads one slice of what is there; true when the other end has closed. */
static bool drained(int fd)
{
    char buf[16384];
    for (int n = 0; n < SLICE_BYTES; n += (int)sizeof(buf)) {
        ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (got == 0)
            return true;
        if (got < 0)
            return errno != EAGAIN && errno != EINTR;
    }
    return false;
}

static void *linger_run(void *arg)
{
    struct lingering *l = arg;
    while (!atomic_load(&l->stopping)) {
        pthread_mutex_lock(&l->lock);
        int count = l->count;
        pthread_mutex_unlock(&l->lock);
        struct pollfd p = {.fd = l->wake, .events = POLLIN};
        (void)poll(&p, 1, count ? SLICE_MS : -1);
        eventfd_t ignored;
        (void)eventfd_read(l->wake, &ignored);
        pthread_mutex_lock(&l->lock);
        int64_t now = clock_mono_ms();
        for (int i = l->count - 1; i >= 0; i--) {
            if (!drained(l->open[i].fd) && now < l->open[i].until_ms)
                continue;
            close(l->open[i].fd);
            l->open[i] = l->open[--l->count];
        }
        pthread_mutex_unlock(&l->lock);
    }
    return NULL;
}

int linger_start(struct lingering **out, struct err *e)
{
    struct lingering *l = mem_new(sizeof(*l));
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&l->lock, NULL);
    if (l->wake < 0 || pthread_create(&l->thread, NULL, linger_run, l) != 0) {
        if (l->wake >= 0)
            close(l->wake);
        free(l);
        return err_set(e, ERR_SYSTEM, "http: a thread could not be started");
    }
    *out = l;
    return 0;
}

void linger_add(struct lingering *l, int fd)
{
    pthread_mutex_lock(&l->lock);
    bool room = l->count < LINGER_MAX;
    if (room) {
        l->open[l->count].fd = fd;
        l->open[l->count++].until_ms = clock_mono_ms() + LINGER_MS;
    }
    pthread_mutex_unlock(&l->lock);
    if (room)
        (void)eventfd_write(l->wake, 1);
    else
        close(fd);
}

void linger_stop(struct lingering *l)
{
    if (!l)
        return;
    atomic_store(&l->stopping, true);
    (void)eventfd_write(l->wake, 1);
    pthread_join(l->thread, NULL);
    for (int i = 0; i < l->count; i++)
        close(l->open[i].fd);
    close(l->wake);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
