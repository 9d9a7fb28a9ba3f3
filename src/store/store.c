/* Plan: pick the back end by the URL's scheme; the bells, which are the same for every back
 * end; then one line a function: shared checks, and on to the slot. */
#include "store/store.h"

#include "core/engine.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/hook.h"
#include "store/store_impl.h"

#include <assert.h>

static const struct back_end {
    const char *scheme;
    const struct store_ops *ops; /* NULL: in a module */
    const char *module, *symbol;
} back_ends[] = {
    {"sqlite", &store_sqlite_ops, NULL, NULL},
    {"postgresql", NULL, "postgres", "store_postgres_ops"},
};

/* The back end of a URL, and what follows its scheme; NULL with *e. */
static const struct store_ops *find(const char *url, const char **rest, struct err *e)
{
    for (size_t i = 0; i < LEN(back_ends); i++) {
        const struct back_end *b = &back_ends[i];
        size_t n = strlen(b->scheme);
        if (strncmp(url, b->scheme, n) != 0 || url[n] != ':')
            continue;
        *rest = url + n + 1;
        return b->ops ? b->ops : engine_find(b->module, b->symbol, e);
    }
    /* nothing of it is said: there may be a password in it */
    err_set(e, ERR_INPUT, "database: the URL should begin with sqlite: or postgresql:");
    return NULL;
}

int store_open(struct store **out, const char *url, struct log *log, struct err *e)
{
    const char *rest;
    const struct store_ops *ops = find(url, &rest, e);
    return ops ? ops->open(out, rest, log, e) : -1;
}

int store_open_beside(struct store **out, const char *url, struct log *log, struct err *e)
{
    const char *rest;
    const struct store_ops *ops = find(url, &rest, e);
    if (!ops)
        return -1;
    return ops->open_beside ? ops->open_beside(out, rest, log, e)
                            : err_set(e, ERR_UNSUPPORTED, "store: %s is a server", ops->scheme);
}

int store_copy(struct store *s, const char *path, struct err *e)
{
    return s->ops->copy ? s->ops->copy(s, path, e)
                        : err_set(e, ERR_UNSUPPORTED, "store: %s is a server", s->ops->scheme);
}

bool store_shared(const struct store *s)
{
    return s->ops->shared;
}

void store_schema(const struct store *s, int *version, int *newest)
{
    *version = s->schema;
    *newest = s->schema_newest;
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

void store_closep(struct store **s)
{
    store_close(*s);
    *s = NULL;
}

/* -- bells -- */

static void bell_init(struct store_bell *b)
{
    b->rung = true; /* an earlier process may have left rows */
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&b->change, &a);
    pthread_condattr_destroy(&a);
    pthread_mutex_init(&b->lock, NULL);
}

static void bell_clear(struct store_bell *b)
{
    pthread_cond_destroy(&b->change);
    pthread_mutex_destroy(&b->lock);
}

static void bell_ring(struct store_bell *b)
{
    pthread_mutex_lock(&b->lock);
    b->rung = true;
    pthread_cond_signal(&b->change);
    pthread_mutex_unlock(&b->lock);
}

static void bell_wait(struct store_bell *b, int64_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&b->lock);
    int gone = 0;
    while (!b->rung && !b->stopped && gone == 0)
        gone = pthread_cond_timedwait(&b->change, &b->lock, &until);
    b->rung = false;
    pthread_mutex_unlock(&b->lock);
}

void store_init(struct store *s, const struct store_ops *ops, struct log *log)
{
    s->ops = ops;
    s->log = log;
    bell_init(&s->outbox);
    bell_init(&s->events);
    bell_init(&s->deliveries);
}

void store_clear(struct store *s)
{
    bell_clear(&s->outbox);
    bell_clear(&s->events);
    bell_clear(&s->deliveries);
}

void store_ring(struct store *s)
{
    bell_ring(&s->outbox);
}

void store_ring_events(struct store *s)
{
    bell_ring(&s->events);
    bell_ring(&s->deliveries);
}

void store_outbox_wait(struct store *s, int64_t timeout_ms)
{
    bell_wait(&s->outbox, timeout_ms);
}

void store_outbox_wake_all(struct store *s)
{
    pthread_mutex_lock(&s->outbox.lock);
    s->outbox.stopped = true;
    pthread_cond_broadcast(&s->outbox.change);
    pthread_mutex_unlock(&s->outbox.lock);
}

void store_event_wait(struct store *s, int64_t timeout_ms)
{
    bell_wait(&s->events, timeout_ms);
}

void store_event_wake(struct store *s)
{
    bell_ring(&s->events);
}

void store_delivery_wait(struct store *s, int64_t timeout_ms)
{
    bell_wait(&s->deliveries, timeout_ms);
}

void store_delivery_wake(struct store *s)
{
    bell_ring(&s->deliveries);
}

/* -- on to the back end -- */

int store_migrate(struct store *s, int *from, int *to, struct err *e)
{
    int a, b;
    return s->ops->migrate(s, from ? from : &a, to ? to : &b, e);
}

int store_ping(struct store *s, struct err *e)
{
    return s->ops->ping(s, e);
}

int store_check(struct store *s, struct err *e)
{
    return s->ops->check(s, e);
}

int64_t store_now_ms(struct store *s)
{
    return s->ops->now_ms(s);
}

int store_user_add(struct store *s, const char *username, const char *email,
                   const char *password_hash, int64_t *id, struct err *e)
{
    if (strlen(username) > USER_NAME_MAX)
        return err_msg(e, MSG_USERNAME_BAD, "the name has over %d bytes", USER_NAME_MAX);
    if (strlen(email) > EMAIL_MAX)
        return err_msg(e, MSG_EMAIL_BAD, "the address has over %d bytes", EMAIL_MAX);
    return s->ops->user_add(s, username, email, password_hash, id, e);
}

int store_user_by_name(struct store *s, struct arena *a, const char *username, struct user_row *out,
                       struct err *e)
{
    return s->ops->user_get(s, a, username, false, 0, out, e);
}

int store_user_by_name_or_email(struct store *s, struct arena *a, const char *text,
                                struct user_row *out, struct err *e)
{
    return s->ops->user_get(s, a, text, true, 0, out, e);
}

int store_user_by_id(struct store *s, struct arena *a, int64_t id, struct user_row *out,
                     struct err *e)
{
    return s->ops->user_get(s, a, NULL, false, id, out, e);
}

int store_user_set_password(struct store *s, int64_t id, const char *password_hash, struct err *e)
{
    return s->ops->user_set_password(s, id, password_hash, e);
}

int store_user_list(struct store *s, int64_t after, int max,
                    int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    return s->ops->user_list(s, after, max, each, arg, e);
}

int store_user_search(struct store *s, const char *part, int64_t after, int max,
                      int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e)
{
    return s->ops->user_search(s, part, after, max, each, arg, e);
}

int store_user_set(struct store *s, int64_t id, const struct user_change *u, struct err *e)
{
    return s->ops->user_set(s, id, u, e);
}

int store_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                  int64_t *expires_ms, struct err *e)
{
    return s->ops->key_add(s, k, id, created_ms, expires_ms, e);
}

int store_key_get(struct store *s, struct arena *a, int64_t id, struct key_row *out, struct err *e)
{
    return s->ops->key_get(s, a, id, out, e);
}

int store_key_list(struct store *s, int64_t user_id,
                   int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e)
{
    return s->ops->key_list(s, user_id, each, arg, e);
}

int store_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e)
{
    return s->ops->key_remove(s, id, user_id, e);
}

int store_key_used(struct store *s, int64_t id, struct err *e)
{
    return s->ops->key_used(s, id, e);
}

int store_worker_beat(struct store *s, const struct worker_row *w, struct err *e)
{
    return s->ops->worker_beat(s, w, e);
}

int store_worker_list(struct store *s, int (*each)(void *arg, const struct worker_row *w),
                      void *arg, struct err *e)
{
    return s->ops->worker_list(s, each, arg, e);
}

int store_task_oldest(struct store *s, int64_t *waited_ms, struct err *e)
{
    return s->ops->task_oldest(s, waited_ms, e);
}

int store_totals(struct store *s, struct store_totals *out, struct err *e)
{
    return s->ops->totals(s, out, e);
}

int store_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                   struct err *e)
{
    assert(*t->clip_blob && t->clip_bytes >= 0 && (unsigned)t->fit < FIT_COUNT_);
    return s->ops->task_add(s, t, id, existed, e);
}

int store_task_by_key(struct store *s, struct arena *a, int64_t user_id, const char *key,
                      struct task_row *out, struct err *e)
{
    return s->ops->task_by_key(s, a, user_id, key, out, e);
}

int store_task_get(struct store *s, struct arena *a, int64_t id, int64_t user_id,
                   struct task_row *out, struct err *e)
{
    return s->ops->task_get(s, a, id, user_id, out, e);
}

int store_task_list(struct store *s, const struct task_page *p,
                    int (*each)(void *arg, const struct task_row *t), void *arg, struct err *e)
{
    return s->ops->task_list(s, p, each, arg, e);
}

int store_task_by_blob(struct store *s, struct arena *a, const char *blob, struct task_row *out,
                       struct err *e)
{
    if (!*blob)
        return err_set(e, ERR_MISSING, "no task has a blob without a name");
    return s->ops->task_by_blob(s, a, blob, out, e);
}

int store_task_change(struct store *s, const struct task_change *c, bool *done, struct err *e)
{
    assert((unsigned)c->to < TASK_STATE_COUNT && c->to != TASK_PROCESSING);
    assert(c->to != TASK_PROCESSED || (c->reel_blob && c->poster_blob));
    assert(!c->remake || (c->to == TASK_UPLOADED && (unsigned)c->fit < FIT_COUNT_));
    return s->ops->task_change(s, c, done, e);
}

int store_task_rename(struct store *s, int64_t id, int64_t user_id, const char *title,
                      struct err *e)
{
    return s->ops->task_rename(s, id, user_id, title, e);
}

int store_task_claim(struct store *s, struct arena *a, const char *worker, int64_t lease_ms,
                     struct task_row *out, bool *found, struct err *e)
{
    return s->ops->task_claim(s, a, worker, lease_ms, out, found, e);
}

int store_task_renew(struct store *s, int64_t id, int64_t fence, int64_t lease_ms, int progress,
                     bool *held, struct err *e)
{
    int percent = progress < 0 ? 0 : progress > 100 ? 100 : progress;
    return s->ops->task_renew(s, id, fence, lease_ms, percent, held, e);
}

int store_task_expired(struct store *s, int max, int (*each)(void *arg, const struct task_row *t),
                       void *arg, struct err *e)
{
    return s->ops->task_expired(s, max, each, arg, e);
}

int store_task_next_due(struct store *s, int64_t *in_ms, struct err *e)
{
    return s->ops->task_next_due(s, in_ms, e);
}

int store_task_purge(struct store *s, int64_t id, struct err *e)
{
    return s->ops->task_purge(s, id, e);
}

int store_task_counts(struct store *s, int64_t counts[TASK_STATE_COUNT], struct err *e)
{
    return s->ops->task_counts(s, counts, e);
}

int store_line_read(struct store *s, int max, struct line_row *rows, int *count, struct err *e)
{
    return s->ops->line_read(s, max, rows, count, e);
}

int store_line_pace(struct store *s, struct line_pace *out, struct err *e)
{
    return s->ops->line_pace(s, out, e);
}

int store_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count, struct err *e)
{
    return s->ops->outbox_read(s, max, rows, count, e);
}

int store_outbox_done(struct store *s, int64_t id, struct err *e)
{
    return s->ops->outbox_done(s, id, e);
}

int store_event_list(struct store *s, int64_t user_id, int64_t task_id, int64_t after, int max,
                     int (*each)(void *arg, const struct event_row *ev), void *arg, struct err *e)
{
    return s->ops->event_list(s, user_id, task_id, after, max, each, arg, e);
}

int store_event_users(struct store *s, int64_t after,
                      int (*each)(void *arg, int64_t user_id, int64_t newest), void *arg,
                      struct err *e)
{
    return s->ops->event_users(s, after, each, arg, e);
}

int store_event_span(struct store *s, int64_t user_id, int64_t *newest, int64_t *forgotten,
                     struct err *e)
{
    return s->ops->event_span(s, user_id, newest, forgotten, e);
}

int store_event_trim(struct store *s, int64_t keep_ms, int most, int *count, struct err *e)
{
    return s->ops->event_trim(s, keep_ms, most, count, e);
}

int store_upload_add(struct store *s, const struct upload_row *u, int64_t keep_ms,
                     int64_t quota_bytes, int64_t *expires_ms, struct err *e)
{
    return s->ops->upload_add(s, u, keep_ms, quota_bytes, expires_ms, e);
}

int store_upload_get(struct store *s, struct arena *a, const char *id, int64_t user_id,
                     struct upload_row *out, struct err *e)
{
    return s->ops->upload_get(s, a, id, user_id, out, e);
}

int store_upload_wish(struct store *s, const char *id, int64_t user_id, int64_t *wish,
                      struct err *e)
{
    return s->ops->upload_wish(s, id, user_id, wish, e);
}

int store_upload_hold(struct store *s, const char *id, int64_t wish, bool force, bool *held,
                      struct err *e)
{
    return s->ops->upload_hold(s, id, wish, force, held, e);
}

int store_upload_advance(struct store *s, const char *id, int64_t holder, int64_t from_bytes,
                         int64_t to_bytes, int64_t keep_ms, bool *done, struct err *e)
{
    return s->ops->upload_advance(s, id, holder, from_bytes, to_bytes, keep_ms, done, e);
}

int store_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e)
{
    return s->ops->upload_finish(s, id, task_id, e);
}

int store_upload_remove(struct store *s, const char *id, struct err *e)
{
    return s->ops->upload_remove(s, id, e);
}

int store_upload_free_all(struct store *s, struct err *e)
{
    return s->ops->upload_free_all(s, e);
}

int store_upload_list(struct store *s, bool whole, int64_t idle_ms, int64_t keep_ms, int max,
                      int (*each)(void *arg, const struct upload_row *u), void *arg, struct err *e)
{
    return s->ops->upload_list(s, whole, idle_ms, keep_ms, max, each, arg, e);
}
