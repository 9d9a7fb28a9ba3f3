/* Plan: read the outbox, publish each row in order, then remove it. Published rows are removed in
 * batches, up to FORGET_MS later; until then `told` marks the last published row. So an upload's
 * commit does not compete with a commit for its outbox row. After a crash in between, the queue
 * gets a message twice, which does no harm. */
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/wait.h"
#include "queue/queue.h"
#include "store/outbox.h"
#include "task/task_impl.h"

enum { READ_MAX = 256, FORGET_MS = 1000, IDLE_MS = 60000 };
enum { BACK_OFF_MS = 100, BACK_OFF_MOST_MS = 5000 };

struct relay {
    struct tasks *tasks;
    int64_t told;           /* rows up to this one are the queue's */
    int64_t forgotten;      /* rows up to this one are removed */
    int64_t oldest_told_ms; /* when the first row was told that is not removed yet */
    int64_t back_off_ms;    /* 0: all well */
};

static bool stopped(struct tasks *t)
{
    pthread_mutex_lock(&t->lock);
    bool yes = t->relay_stopped;
    pthread_mutex_unlock(&t->lock);
    return yes;
}

/* A pause that a stop ends. */
static void pause_ms(struct tasks *t, int64_t ms)
{
    int64_t until_ms = clock_mono_ms() + ms;
    pthread_mutex_lock(&t->lock);
    while (!t->relay_stopped && wait_until(&t->stop, &t->lock, until_ms)) {
    }
    pthread_mutex_unlock(&t->lock);
}

static int forget(struct relay *r, struct err *e)
{
    if (r->forgotten == r->told)
        return 0;
    if (store_outbox_done(r->tasks->store, r->told, e) < 0)
        return -1;
    r->forgotten = r->told;
    return 0;
}

/* Tells all there is; -1 when store or queue are down. */
static int tell_all(struct relay *r, struct err *e)
{
    struct tasks *t = r->tasks;
    struct outbox_row rows[READ_MAX];
    int n = READ_MAX;
    while (n == READ_MAX && !stopped(t)) {
        if (store_outbox_read(t->store, READ_MAX, rows, &n, e) < 0)
            return -1;
        for (int i = 0; i < n; i++) {
            if (rows[i].id <= r->told)
                continue;
            if (queue_publish(t->queue, rows[i].task_id, e) < 0)
                return -1;
            if (r->told == r->forgotten)
                r->oldest_told_ms = clock_mono_ms();
            r->told = rows[i].id;
        }
        if (n == READ_MAX && forget(r, e) < 0) /* the next read must see further */
            return -1;
    }
    return 0;
}

static void back_off(struct relay *r, const struct err *e)
{
    if (!r->back_off_ms)
        log_warn(r->tasks->log, "outbox waits", "why", e->text);
    int64_t next = r->back_off_ms ? r->back_off_ms * 2 : BACK_OFF_MS;
    r->back_off_ms = next < BACK_OFF_MOST_MS ? next : BACK_OFF_MOST_MS;
    pause_ms(r->tasks, r->back_off_ms);
}

static int64_t until_forget(const struct relay *r)
{
    if (r->told == r->forgotten)
        return IDLE_MS;
    int64_t left = r->oldest_told_ms + FORGET_MS - clock_mono_ms();
    return left > 0 ? left : 0;
}

void task_relay(struct tasks *t)
{
    struct relay r = {.tasks = t};
    while (!stopped(t)) {
        struct err e = {0};
        if (tell_all(&r, &e) < 0 || (until_forget(&r) == 0 && forget(&r, &e) < 0)) {
            back_off(&r, &e);
            continue;
        }
        if (r.back_off_ms)
            log_info(t->log, "outbox moves again");
        r.back_off_ms = 0;
        store_outbox_wait(t->store, until_forget(&r));
    }
    struct err e = {0};
    if (forget(&r, &e) < 0) /* told twice after the next start, then */
        log_warn(t->log, "outbox rows stay", "why", e.text);
}

void task_relay_stop(struct tasks *t)
{
    pthread_mutex_lock(&t->lock);
    t->relay_stopped = true;
    pthread_cond_broadcast(&t->stop);
    pthread_mutex_unlock(&t->lock);
    store_outbox_wake_all(t->store);
}
