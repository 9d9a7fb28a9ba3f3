#include "queue/inbox.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"
#include "core/wait.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* A tag as takers see it: which connection's, and the broker's number. */
enum { TAG_BITS = 48 };
#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)

int inbox_init(struct inbox *in, struct err *e)
{
    in->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (in->wake_fd < 0)
        return err_set(e, ERR_SYSTEM, "eventfd: %s", strerror(errno));
    pthread_mutex_init(&in->lock, NULL);
    wait_init(&in->change);
    return 0;
}

void inbox_clear(struct inbox *in)
{
    close(in->wake_fd);
    pthread_cond_destroy(&in->change);
    pthread_mutex_destroy(&in->lock);
}

void inbox_fresh(struct inbox *in)
{
    pthread_mutex_lock(&in->lock);
    in->life++;
    in->first = in->count = in->ack_count = 0;
    pthread_mutex_unlock(&in->lock);
}

int inbox_room(struct inbox *in)
{
    pthread_mutex_lock(&in->lock);
    int room = INBOX_MAX - in->count;
    pthread_mutex_unlock(&in->lock);
    return room;
}

void inbox_put(struct inbox *in, int64_t task_id, uint64_t tag)
{
    pthread_mutex_lock(&in->lock);
    if (in->count < INBOX_MAX) {
        in->here[(in->first + in->count++) % INBOX_MAX] =
            (struct queue_message){task_id, in->life << TAG_BITS | (tag & TAG_MASK)};
        pthread_cond_signal(&in->change);
    }
    pthread_mutex_unlock(&in->lock);
}

int inbox_acks(struct inbox *in, uint64_t tags[INBOX_MAX])
{
    pthread_mutex_lock(&in->lock);
    int n = in->ack_count;
    memcpy(tags, in->acks, (size_t)n * sizeof(*tags));
    in->ack_count = 0;
    pthread_mutex_unlock(&in->lock);
    return n;
}

void inbox_wait(struct inbox *in, int fd, int timeout_ms)
{
    struct pollfd p[] = {{in->wake_fd, POLLIN, 0}, {fd, POLLIN, 0}};
    (void)poll(p, fd < 0 ? 1 : 2, timeout_ms);
    eventfd_t ignored;
    if (p[0].revents)
        (void)eventfd_read(in->wake_fd, &ignored);
}

void inbox_pause(struct inbox *in, int ms)
{
    int64_t until_ms = clock_mono_ms() + ms;
    pthread_mutex_lock(&in->lock);
    while (!in->closing && wait_until(&in->change, &in->lock, until_ms)) {
    }
    pthread_mutex_unlock(&in->lock);
}

bool inbox_closing(struct inbox *in)
{
    pthread_mutex_lock(&in->lock);
    bool yes = in->closing;
    pthread_mutex_unlock(&in->lock);
    return yes;
}

void inbox_take(struct inbox *in, int64_t timeout_ms, struct queue_message *out, bool *got)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    pthread_mutex_lock(&in->lock);
    while (!in->stopped && !in->count && wait_until(&in->change, &in->lock, until_ms)) {
    }
    if (!in->stopped && in->count) {
        *out = in->here[in->first];
        in->first = (in->first + 1) % INBOX_MAX;
        in->count--;
        *got = true;
    }
    pthread_mutex_unlock(&in->lock);
}

void inbox_ack(struct inbox *in, const struct queue_message *m)
{
    pthread_mutex_lock(&in->lock);
    /* One that does not fit is not acknowledged: it comes again, which costs nothing. */
    if (m->tag >> TAG_BITS == in->life && in->ack_count < INBOX_MAX)
        in->acks[in->ack_count++] = m->tag & TAG_MASK;
    pthread_mutex_unlock(&in->lock);
    (void)eventfd_write(in->wake_fd, 1);
}

static void end(struct inbox *in, bool *flag)
{
    pthread_mutex_lock(&in->lock);
    *flag = true;
    pthread_cond_broadcast(&in->change);
    pthread_mutex_unlock(&in->lock);
    (void)eventfd_write(in->wake_fd, 1);
}

void inbox_stop(struct inbox *in)
{
    end(in, &in->stopped);
}

void inbox_close(struct inbox *in)
{
    end(in, &in->stopped);
    end(in, &in->closing);
}

bool queue_option(const char *query, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    for (const char *p = query; p && *p; p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL) {
        if (strncmp(p, name, n) != 0 || p[n] != '=')
            continue;
        size_t len = strcspn(p + n + 1, "&");
        if (len == 0 || len >= size)
            return false;
        memcpy(out, p + n + 1, len);
        out[len] = 0;
        return true;
    }
    return false;
}

int64_t queue_task_id(const void *data, size_t len_bytes)
{
    int64_t id;
    return str_int64((struct str){data, len_bytes}, 1, INT64_MAX, &id) ? id : 0;
}
