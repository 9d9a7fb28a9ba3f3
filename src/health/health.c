/* Plan: a caller starts a pass and waits for its end; a pass checks each part in turn. The results
 * go into the metrics and into up[]. A part that has not answered for SLOW_MS counts as down, and
 * the results of the other parts stay. */
#include "health/health_impl.h"

#include "blob/blob.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/wait.h"
#include "queue/queue.h"
#include "store/store.h"
#include "store/task.h"

enum {
    FRESH_MS = 1000,      /* what was found then is given again */
    PATIENCE_MS = 2000,   /* of who asks */
    SLOW_MS = 1000,       /* of a part; well within that */
    TOTALS_MS = 2 * 1000, /* sums over all users are not made each second */
    FAR_MS = 10 * 1000,   /* an object storage is asked less often: each question costs money */
};

static const char *const part_names[] = {"database", "storage", "queue"};

/* -- one question a part -- */

static int ask_totals(struct health *h, struct err *e)
{
    struct metrics *m = h->parts.metrics;
    struct store_totals t;
    int64_t now = clock_mono_ms();
    if (h->totals_ms && now - h->totals_ms < TOTALS_MS)
        return 0;
    if (store_totals(h->parts.store, &t, e) < 0)
        return -1;
    h->totals_ms = now;
    METRIC_SET(m, METRIC_USERS, (double)t.users);
    METRIC_SET(m, METRIC_STORAGE_USED, (double)t.bytes_used);
    METRIC_SET(m, METRIC_DELIVERIES_KEPT, (double)t.deliveries_waiting, "waiting");
    METRIC_SET(m, METRIC_DELIVERIES_KEPT, (double)t.deliveries_dead, "dead");
    return 0;
}

static int ask_database(struct health *h, struct err *e)
{
    static const char *const states[] = {"uploaded", "processing", "processed", "failed",
                                         "deleted"};
    int64_t n[TASK_STATE_COUNT] = {0}, waited_ms = 0;
    if (store_ping(h->parts.store, e) < 0 || store_task_counts(h->parts.store, n, e) < 0 ||
        store_task_oldest(h->parts.store, &waited_ms, e) < 0)
        return -1;
    for (int i = 0; i < TASK_DELETED; i++)
        METRIC_SET(h->parts.metrics, METRIC_TASKS, (double)n[i], states[i]);
    METRIC_SET(h->parts.metrics, METRIC_OLDEST_WAITING,
               waited_ms > 0 ? (double)waited_ms / 1e3 : 0);
    return ask_totals(h, e);
}

static int ask_far(struct health *h, struct err *e)
{
    int64_t now = clock_mono_ms();
    if (h->far_ms && now - h->far_ms < FAR_MS && h->up[PART_STORAGE])
        return 0;
    if (blob_ping(h->parts.blob, e) < 0)
        return -1;
    h->far_ms = now;
    return 0;
}

/* Whether it can be written to shows only when it is written to; a full one can be read from. */
static int ask_storage(struct health *h, struct err *e)
{
    struct blob *b = h->parts.blob;
    struct blob_writer *writer;
    int64_t left, all;
    if (blob_is_far(b))
        return ask_far(h, e);
    if (blob_space(b, &left, &all, e) < 0)
        return -1;
    METRIC_SET(h->parts.metrics, METRIC_STORAGE_FREE, left > 0 ? (double)left : 0);
    METRIC_SET(h->parts.metrics, METRIC_STORAGE_TOTAL, (double)all);
    if (blob_begin(b, 0, &writer, e) == 0)
        blob_abort(writer);
    else if (!e || e->code != ERR_FULL)
        return -1;
    return 0;
}

static int ask_queue(struct health *h, struct err *e)
{
    return queue_ping(h->parts.queue, e);
}

static int (*const questions[PART_COUNT])(struct health *h,
                                          struct err *e) = {ask_database, ask_storage, ask_queue};

/* -- the thread -- */

static void ask(struct health *h, enum part p)
{
    struct err e = {0};
    pthread_mutex_lock(&h->lock);
    bool was = h->up[p];
    h->since_ms[p] = clock_mono_ms();
    pthread_mutex_unlock(&h->lock);
    bool up = questions[p](h, &e) == 0;
    if (was && !up)
        log_warn(h->parts.log, "a part does not answer", "part", part_names[p], "why", e.text);
    else if (!was && up)
        log_info(h->parts.log, "a part answers again", "part", part_names[p]);
    pthread_mutex_lock(&h->lock);
    h->up[p] = up;
    h->since_ms[p] = 0;
    pthread_mutex_unlock(&h->lock);
}

static void *look(void *arg)
{
    struct health *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->ending) {
        if (!h->wanted) {
            pthread_cond_wait(&h->change, &h->lock);
            continue;
        }
        h->wanted = false;
        int64_t now = clock_mono_ms();
        pthread_mutex_unlock(&h->lock);
        for (int p = 0; p < PART_COUNT; p++)
            ask(h, (enum part)p);
        pthread_mutex_lock(&h->lock);
        h->asked_ms = now;
        h->passes++;
        pthread_cond_broadcast(&h->change);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* Returns with the lock held, when what is known is fresh or time is up. */
static void lock_fresh(struct health *h)
{
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
    pthread_mutex_lock(&h->lock);
    if (h->asked_ms && until_ms - PATIENCE_MS - h->asked_ms < FRESH_MS)
        return;
    int64_t before = h->passes;
    h->wanted = true;
    pthread_cond_broadcast(&h->change);
    while (h->passes == before && !h->ending && wait_until(&h->change, &h->lock, until_ms)) {
    }
}

static bool is_up(const struct health *h, enum part p)
{
    return h->up[p] && !(h->since_ms[p] && clock_mono_ms() - h->since_ms[p] >= SLOW_MS);
}

/* -- what is known -- */

void health_ready(struct health *h, struct health_ready *out)
{
    lock_fresh(h);
    out->database = is_up(h, PART_DATABASE);
    out->storage = is_up(h, PART_STORAGE);
    out->queue = is_up(h, PART_QUEUE);
    out->stopping = h->stopping;
    pthread_mutex_unlock(&h->lock);
    out->ready = out->database && out->storage && !out->stopping;
}

void health_ready_json(const struct health_ready *r, const char *request_id, struct buf *out)
{
    static const char *const words[] = {"down", "ok"};
    buf_printf(out,
               "{\"status\":\"%s\",\"database\":\"%s\",\"storage\":\"%s\",\"queue\":\"%s\","
               "\"stopping\":%s",
               r->ready ? "ready" : "not_ready", words[r->database], words[r->storage],
               words[r->queue], r->stopping ? "true" : "false");
    if (request_id && !r->ready)
        buf_printf(out, ",\"request_id\":\"%s\"", request_id);
    buf_puts(out, "}");
}

void health_metrics(struct health *h, struct buf *out)
{
    struct metrics *m = h->parts.metrics;
    struct health_ready r;
    health_ready(h, &r);
    METRIC_SET(m, METRIC_READY, r.ready);
    METRIC_SET(m, METRIC_PART_UP, r.database, part_names[PART_DATABASE]);
    METRIC_SET(m, METRIC_PART_UP, r.storage, part_names[PART_STORAGE]);
    METRIC_SET(m, METRIC_PART_UP, r.queue, part_names[PART_QUEUE]);
    metrics_process(m);
    metrics_text(m, out);
}

void health_stopping(struct health *h)
{
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_mutex_unlock(&h->lock);
}

/* -- beginning and end -- */

int health_start(struct health **out, const struct health_parts *p, struct err *e)
{
    struct health *h = mem_new(sizeof(*h));
    h->parts = *p;
    for (int i = 0; i < PART_COUNT; i++)
        h->up[i] = true; /* or it would not have started */
    pthread_mutex_init(&h->lock, NULL);
    wait_init(&h->change);
    METRIC_SET(p->metrics, METRIC_BUILD_INFO, 1, REELGATE_VERSION, p->role);
    if (pthread_create(&h->thread, NULL, look, h) != 0) {
        health_free(h);
        return err_set(e, ERR_SYSTEM, "health: a thread could not be started");
    }
    h->running = true;
    *out = h;
    return 0;
}

void health_free(struct health *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->ending = true;
    pthread_cond_broadcast(&h->change);
    pthread_mutex_unlock(&h->lock);
    health_deafen(h);
    if (h->running)
        pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->change);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

int health_database(struct health *h, struct err *e)
{
    return store_ping(h->parts.store, e);
}
