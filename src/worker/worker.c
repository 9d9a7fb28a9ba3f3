/* Plan: several threads take tasks, each with one attempt at a time; one thread relays the outbox;
 * one sweeps; one looks for bytes without a row; one reports who works here (beat.c). The search
 * for bytes has its own thread because it reads every name in the storage, and lost leases must not
 * wait for that.
 *
 * A taker asks the store for tasks until there are none, then waits for a message. The hot path
 * from a committed task to its attempt is outbox -> relay -> queue -> claim, and each step wakes
 * the next. A taker also wakes when the wait of a task is over, which no message announces, and
 * once a second.
 *
 * To stop, takers take no more tasks, and attempts see cut_at_ms at their next tick. */
#include "worker/worker.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/wait.h"
#include "queue/queue.h"
#include "task/task.h"
#include "worker/versions.h"
#include "worker/worker_impl.h"

#include <unistd.h>

enum {
    IDLE_MS = 1000,   /* a message that was lost costs this */
    AGAIN_MS = 20,    /* a task is due that a claim did not give: somebody else is taking it */
    BACK_OFF_MS = 50, /* while store or queue do not answer; doubled each time */
    BACK_OFF_MOST_MS = 2000,
    ORPHANS_FIRST_MS = 10 * 1000, /* after the start, which has enough to do */
    ORPHANS_MS = 3600 * 1000,
    AFTER_FAILURE_MS = 10 * 1000, /* a sweep that failed is not put off for an hour */
    HELPERS = 4,
};

/* -- waiting -- */

static bool past(struct workers *w, bool cut)
{
    return cut ? clock_mono_ms() >= w->cut_at_ms : w->stopping;
}

/* Waits ms, or until past() says so: false. */
static bool wait_ms(struct workers *w, int64_t ms, bool cut)
{
    int64_t until_ms = clock_mono_ms() + ms;
    pthread_mutex_lock(&w->lock);
    while (!past(w, cut) && clock_mono_ms() < until_ms) {
        int64_t end_ms = cut && w->cut_at_ms < until_ms ? w->cut_at_ms : until_ms;
        (void)wait_until(&w->change, &w->lock, end_ms);
    }
    bool all = !past(w, cut);
    pthread_mutex_unlock(&w->lock);
    return all;
}

bool workers_wait_cut(struct workers *w, int64_t ms)
{
    return wait_ms(w, ms, true);
}

bool workers_cut(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    bool yes = past(w, true);
    pthread_mutex_unlock(&w->lock);
    return yes;
}

static bool stopping(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    bool yes = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return yes;
}

static void count(struct workers *w, int *counter, int by)
{
    pthread_mutex_lock(&w->lock);
    *counter += by;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
}

/* -- takers -- */

struct taker {
    struct workers *w;
    struct queue_message message;
    bool got;                           /* message is not acknowledged yet */
    int64_t store_off_ms, queue_off_ms; /* back-off; 0: all well */
};

static void trouble(struct taker *t, int64_t *off_ms, const char *what, const struct err *e)
{
    if (!*off_ms)
        log_warn(t->w->log, "no answer, asked again", "from", what, "why", e->text);
    int64_t next = *off_ms ? *off_ms * 2 : BACK_OFF_MS;
    *off_ms = next < BACK_OFF_MOST_MS ? next : BACK_OFF_MOST_MS;
    (void)wait_ms(t->w, *off_ms, false);
}

static void well(struct taker *t, int64_t *off_ms, const char *what)
{
    if (*off_ms)
        log_info(t->w->log, "answers again", "from", what);
    *off_ms = 0;
}

/* The store was asked: the message has done its duty, whatever there was. Held any longer, a broker
 * would take it from us in the middle of a long attempt. */
static void acknowledge(struct taker *t)
{
    struct err e = {0};
    if (t->got && queue_ack(t->w->queue, &t->message, &e) < 0) /* it comes again, for nothing */
        log_warn(t->w->log, "message not acknowledged", "why", e.text);
    t->got = false;
}

/* Claims and works; false when there was nothing to claim, or no answer. */
static bool one_task(struct taker *t)
{
    struct workers *w = t->w;
    AUTO(arena_freep) struct arena *a = arena_new();
    struct err e = {0};
    struct task_row row;
    bool found = false;
    int64_t now = clock_mono_ms();
    if (task_claim(w->tasks, a, w->name, &row, &found, &e) < 0) {
        trouble(t, &t->store_off_ms, "store", &e);
        return false;
    }
    well(t, &t->store_off_ms, "store");
    acknowledge(t);
    if (!found)
        return false;
    count(w, &w->busy, 1);
    METRIC_ADD(w->conf.metrics, METRIC_BUSY, 1);
    attempt_run(w, &row, now);
    METRIC_ADD(w->conf.metrics, METRIC_BUSY, -1);
    count(w, &w->busy, -1);
    return true;
}

static int64_t idle_ms(struct workers *w)
{
    int64_t due_ms = -1;
    if (task_next_due(w->tasks, &due_ms, NULL) < 0 || due_ms < 0 || due_ms > IDLE_MS)
        return IDLE_MS;
    return due_ms > 0 ? due_ms : AGAIN_MS;
}

static void *take(void *arg)
{
    struct workers *w = arg;
    struct taker t = {.w = w};
    while (!stopping(w)) {
        struct err e = {0};
        if (one_task(&t) || t.store_off_ms)
            continue;
        if (queue_take(w->queue, idle_ms(w), &t.message, &t.got, &e) < 0)
            trouble(&t, &t.queue_off_ms, "queue", &e);
        else
            well(&t, &t.queue_off_ms, "queue");
    }
    /* A message that is still held was not handled: the broker gives it to another worker. */
    count(w, &w->takers, -1);
    return NULL;
}

/* -- helpers -- */

static void *relay(void *arg)
{
    struct workers *w = arg;
    task_relay(w->tasks);
    count(w, &w->helpers, -1);
    return NULL;
}

static void sweep_until_stop(struct workers *w, bool orphans_too, int64_t every_ms)
{
    bool silent = false;
    int64_t wait;
    do {
        struct err e = {0};
        struct task_swept swept = {0};
        bool failed = task_sweep(w->tasks, orphans_too, &swept, &e) < 0;
        wait = failed && every_ms > AFTER_FAILURE_MS ? AFTER_FAILURE_MS : every_ms;
        if (failed && !silent)
            log_warn(w->log, "sweep failed, it is tried again", "why", e.text);
        silent = failed;
        METRIC_ADD(w->conf.metrics, METRIC_SWEPT, swept.expired);
        if (swept.expired || swept.orphans)
            log_info(w->log, "swept", "expired", swept.expired, "orphans", swept.orphans);
    } while (wait_ms(w, wait, false));
}

static void *sweep(void *arg)
{
    struct workers *w = arg;
    sweep_until_stop(w, false, w->conf.sweep_ms);
    count(w, &w->helpers, -1);
    return NULL;
}

static void *sweep_orphans(void *arg)
{
    struct workers *w = arg;
    if (wait_ms(w, ORPHANS_FIRST_MS, false))
        sweep_until_stop(w, true, ORPHANS_MS);
    count(w, &w->helpers, -1);
    return NULL;
}

static void *beat(void *arg)
{
    struct workers *w = arg;
    workers_beat(w);
    count(w, &w->helpers, -1);
    return NULL;
}

/* -- starting and stopping -- */

static int start_one(struct workers *w, void *(*run)(void *), int *counter, struct err *e)
{
    count(w, counter, 1);
    int number = pthread_create(&w->threads[w->thread_count], NULL, run, w);
    if (number) {
        count(w, counter, -1);
        return err_set(e, ERR_SYSTEM, "workers: thread: %s", strerror(number));
    }
    w->thread_count++;
    return 0;
}

static void make_name(char name[WORKER_NAME_SIZE])
{
    char host[65] = "", id[ID_SIZE];
    (void)gethostname(host, sizeof(host) - 1);
    id_make(id);
    snprintf(name, WORKER_NAME_SIZE, "%s/%d/%.8s", host, (int)getpid(), id);
}

static void workers_freep(struct workers **w)
{
    workers_free(*w);
}

int workers_start(struct workers **out, struct tasks *t, struct queue *q, struct jail *j,
                  const struct worker_conf *c, struct log *l, struct err *e)
{
    AUTO(workers_freep) struct workers *w = mem_new(sizeof(*w));
    w->tasks = t;
    w->queue = q;
    w->jail = j;
    w->log = l;
    w->conf = *c;
    w->versions = versions_new(t, &c->profile, c->logo_fd);
    w->cut_at_ms = INT64_MAX;
    w->threads = mem_new(sizeof(*w->threads) * (size_t)(c->jobs + HELPERS));
    make_name(w->name);
    METRIC_SET(c->metrics, METRIC_JOBS, c->jobs);
    METRIC_ADD(c->metrics, METRIC_BUSY, 0);
    METRIC_ADD(c->metrics, METRIC_SWEPT, 0);
    METRIC_ADD(c->metrics, METRIC_REMADE, 0);
    METRIC_ADD(c->metrics, METRIC_REFUSED, 0);
    METRIC_ADD(c->metrics, METRIC_ATTEMPTS, 0, "processed", path_name(PATH_COPY));
    METRIC_ADD(c->metrics, METRIC_ATTEMPTS, 0, "processed", path_name(PATH_ENCODE));
    METRIC_ADD(c->metrics, METRIC_ATTEMPTS, 0, "failed", path_name(PATH_NONE));
    pthread_mutex_init(&w->lock, NULL);
    wait_init(&w->change);
    if (start_one(w, relay, &w->helpers, e) < 0 || start_one(w, sweep, &w->helpers, e) < 0 ||
        start_one(w, sweep_orphans, &w->helpers, e) < 0)
        return -1;
    for (int i = 0; i < c->jobs; i++)
        if (start_one(w, take, &w->takers, e) < 0)
            return -1;
    if (c->jobs && start_one(w, beat, &w->helpers, e) < 0)
        return -1;
    *out = TAKE(w);
    return 0;
}

static void wait_gone(struct workers *w, const int *counter)
{
    pthread_mutex_lock(&w->lock);
    while (*counter)
        pthread_cond_wait(&w->change, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

void workers_stop(struct workers *w, int64_t drain_ms)
{
    int64_t cut_at_ms = clock_mono_ms() + (drain_ms > 0 ? drain_ms : 0);
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    if (cut_at_ms < w->cut_at_ms)
        w->cut_at_ms = cut_at_ms;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
    queue_stop(w->queue);
    wait_gone(w, &w->takers);
    /* Last, so that what was handed back is announced to others. */
    task_relay_stop(w->tasks);
    wait_gone(w, &w->helpers);
}

void workers_free(struct workers *w)
{
    if (!w)
        return;
    workers_stop(w, 0);
    for (int i = 0; i < w->thread_count; i++)
        pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->change);
    pthread_mutex_destroy(&w->lock);
    versions_free(w->versions);
    free(w->threads);
    free(w);
}

static int look(const struct workers *w, const int *what)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&w->lock; /* looking changes nothing to the caller */
    pthread_mutex_lock(lock);
    int n = *what;
    pthread_mutex_unlock(lock);
    return n;
}

int workers_busy(const struct workers *w)
{
    return look(w, &w->busy);
}

int workers_remade(const struct workers *w)
{
    return look(w, &w->remade);
}

void workers_count_remade(struct workers *w)
{
    count(w, &w->remade, 1);
}
