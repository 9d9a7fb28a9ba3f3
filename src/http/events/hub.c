/* Plan: a listener is a list entry with a bounded buffer. The library's thread takes bytes out of
 * the buffer and suspends the connection when the buffer is empty; the hub's thread puts events in
 * and resumes the connection. Only the hub's thread asks the store, and it does so without the
 * lock: it notes which users have listeners that lack events, asks the store for each user, and
 * then looks again which listeners are still there.
 *
 * The ids of one user's events rise in commit order; the ids of several users need not. So the hub
 * asks for users with new events from an id of half a minute ago on, and compares the answer with
 * the last id of each listener. */
#include "http/events/hub.h"

#include "auth/auth.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/server/json_put.h"
#include "http/server/watch.h"
#include "task/event.h"
#include "task/task.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

enum {
    BUFFER_MAX = 64 * 1024, /* a client whose buffer exceeds this is disconnected */
    BATCH = 200,
    PASS_MS = 40,     /* between two passes: progress of many tasks comes in one */
    IDLE_MS = 1000,   /* the longest wait when a wake-up is lost */
    AGE_MS = 15000,   /* half the event look-back window */
    KEYS_MS = 2000,   /* between two checks of a listener's key */
    LIFE_MS = 3600000 /* the longest stream: then the client reconnects with a valid token */
};

struct listener {
    struct hub *hub;
    struct MHD_Connection *conn;
    struct watched *client;
    int64_t user_id, task_id;
    int64_t after; /* id of the newest event delivered; -1: from now on */
    bool greeted, suspended, ended;
    struct buf out;
    size_t sent; /* of out */
    int64_t begun_ms, said_ms;
    int64_t key_id, until_ms, asked_ms; /* key_id 0: no key; until_ms 0: the key never expires */
    struct listener *next, **at;
};
struct hub {
    struct tasks *tasks;
    struct auth *auth;
    struct log *log;
    int64_t beat_ms, streams;
    pthread_t thread;
    bool running;
    int64_t floor, floor_next, floor_ms; /* the hub's thread alone */
    bool silent;                         /* of the store; reported already */
    pthread_mutex_t lock;                /* guards the rest */
    struct listener *first;
    bool stopping;
};

/* -- bytes; with the lock -- */

static void listener_resume(struct listener *l)
{
    if (!l->suspended)
        return;
    l->suspended = false;
    MHD_resume_connection(l->conn);
}

static void listener_end(struct listener *l)
{
    l->ended = true;
    listener_resume(l);
}

/* Something was put into its buffer. */
static void said(struct listener *l, int64_t now_ms)
{
    l->said_ms = now_ms;
    if (l->out.cut)
        l->ended = true; /* the buffer no longer ends with a whole event */
    listener_resume(l);
}

static void put_event(struct buf *b, int64_t id, const char *type)
{
    buf_puts(b, "id: ");
    json_put_int(b, id);
    buf_puts(b, "\nevent: ");
    buf_puts(b, type);
    buf_puts(b, "\ndata: {\"type\":");
    json_put_text(b, type);
}

static void put_row(struct buf *b, const struct event_row *ev)
{
    const struct event_about *about = event_about(ev->kind);
    char when[CLOCK_ISO_SIZE];
    clock_iso(ev->created_ms, when);
    put_event(b, ev->id, ev->again ? "task.changed" : about->type);
    buf_puts(b, ",\"task_id\":");
    json_put_int(b, ev->task_id);
    buf_puts(b, ",\"status\":");
    json_put_text(b, about->status);
    buf_puts(b, ",\"progress\":");
    json_put_int(b, event_progress(ev->kind, ev->progress));
    buf_puts(b, ",\"timestamp\":");
    json_put_text(b, when);
    if (*ev->error_slug) {
        buf_puts(b, ",\"code\":");
        json_put_text(b, ev->error_slug);
    }
    buf_puts(b, "}\n\n");
}

/* Writes the first lines: `reset` when events that the listener lacks are deleted, so that the
 * client must ask for the list. */
static void greet(struct listener *l, int64_t newest, int64_t forgotten, int64_t now_ms)
{
    bool gone = l->after >= 0 && l->after < forgotten;
    if (l->after < 0 || gone)
        l->after = newest > forgotten ? newest : forgotten;
    l->greeted = true;
    buf_puts(&l->out, "retry: 2000\n");
    put_event(&l->out, l->after, gone ? "reset" : "hello");
    buf_puts(&l->out, "}\n\n");
    said(l, now_ms);
}

/* -- the hub's thread -- */

/* What a pass works on without the lock. */
struct news {
    int64_t user_id, after, newest;
    bool fresh; /* a listener waits for its first lines */
};
struct pass {
    struct hub *hub;
    struct news *users;
    size_t count, room;
    int64_t after, newest; /* of the batch that is handed out */
    int rows;
};

static struct news *news_of(struct pass *p, int64_t user_id)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->users[i].user_id == user_id)
            return &p->users[i];
    return NULL;
}

static void more_room(struct pass *p)
{
    size_t room = p->room ? p->room * 2 : 64;
    struct news *users = mem_new(room * sizeof(*users));
    if (p->count)
        memcpy(users, p->users, p->count * sizeof(*users));
    free(p->users);
    p->users = users;
    p->room = room;
}

/* Call with the lock: notes each user who has listeners, and the oldest id among those listeners.
 */
static void note_users(struct pass *p)
{
    for (struct listener *l = p->hub->first; l; l = l->next) {
        if (l->ended)
            continue;
        struct news *n = news_of(p, l->user_id);
        if (!n) {
            if (p->count == p->room)
                more_room(p);
            n = &p->users[p->count++];
            *n = (struct news){.user_id = l->user_id, .after = INT64_MAX};
        }
        n->fresh |= !l->greeted;
        if (l->after >= 0 && l->after < n->after)
            n->after = l->after;
    }
}

static int note_newest(void *arg, int64_t user_id, int64_t newest)
{
    struct pass *p = arg;
    struct news *n = news_of(p, user_id);
    if (n)
        n->newest = newest;
    if (newest > p->newest)
        p->newest = newest;
    return 0;
}

static int greet_user(struct pass *p, struct news *n, struct err *e)
{
    int64_t newest, forgotten;
    if (task_event_span(p->hub->tasks, n->user_id, &newest, &forgotten, e) < 0)
        return -1;
    pthread_mutex_lock(&p->hub->lock);
    int64_t now = clock_mono_ms();
    for (struct listener *l = p->hub->first; l; l = l->next)
        if (l->user_id == n->user_id && !l->greeted && !l->ended) {
            greet(l, newest, forgotten, now);
            if (l->after < n->after)
                n->after = l->after;
        }
    pthread_mutex_unlock(&p->hub->lock);
    n->newest = newest;
    return 0;
}

/* Called in the middle of the store's list: only writes texts. */
static int hand_out(void *arg, const struct event_row *ev)
{
    struct pass *p = arg;
    pthread_mutex_lock(&p->hub->lock);
    int64_t now = clock_mono_ms();
    for (struct listener *l = p->hub->first; l; l = l->next) {
        if (l->user_id != ev->user_id || !l->greeted || l->ended || ev->id <= l->after)
            continue;
        l->after = ev->id;
        if (l->task_id && l->task_id != ev->task_id)
            continue;
        put_row(&l->out, ev);
        said(l, now);
    }
    pthread_mutex_unlock(&p->hub->lock);
    p->after = ev->id;
    p->rows++;
    return 0;
}

static int tell_user(struct pass *p, const struct news *n, struct err *e)
{
    p->after = n->after;
    do {
        p->rows = 0;
        if (task_event_list(p->hub->tasks, n->user_id, p->after, BATCH, hand_out, p, e) < 0)
            return -1;
    } while (p->rows == BATCH);
    return 0;
}

static int hub_look(struct pass *p, struct err *e)
{
    struct hub *h = p->hub;
    int64_t forgotten;
    if (h->floor < 0 && task_event_span(h->tasks, 0, &h->floor, &forgotten, e) < 0)
        return -1;
    p->newest = h->floor_next > h->floor ? h->floor_next : h->floor;
    if (task_event_users(h->tasks, h->floor, note_newest, p, e) < 0)
        return -1;
    int64_t now = clock_mono_ms();
    if (now - h->floor_ms >= AGE_MS) {
        h->floor = h->floor_next > h->floor ? h->floor_next : h->floor;
        h->floor_next = p->newest;
        h->floor_ms = now;
    }
    for (size_t i = 0; i < p->count; i++) {
        struct news *n = &p->users[i];
        if (n->fresh && greet_user(p, n, e) < 0)
            return -1;
        if (n->newest > n->after && tell_user(p, n, e) < 0)
            return -1;
    }
    return 0;
}

/* Call with the lock: sends beats to quiet listeners and ends streams that are too old. */
static void hub_keep(struct hub *h)
{
    int64_t now = clock_mono_ms(), date = task_now_ms(h->tasks);
    for (struct listener *l = h->first; l; l = l->next) {
        if (h->stopping || now - l->begun_ms > LIFE_MS || (l->until_ms && date >= l->until_ms) ||
            (l->suspended && watch_has_gone(l->client))) {
            listener_end(l);
        } else if (!l->ended && now - l->said_ms >= h->beat_ms) {
            buf_puts(&l->out, ":\n\n");
            said(l, now);
        }
    }
}

/* Call with the lock: returns a key that was not checked recently; 0: none. */
static int64_t next_key(struct hub *h, int64_t now)
{
    int64_t key_id = 0;
    for (struct listener *l = h->first; l; l = l->next) {
        if (l->ended || !l->key_id || now - l->asked_ms < KEYS_MS ||
            (key_id && key_id != l->key_id))
            continue;
        key_id = l->key_id;
        l->asked_ms = now;
    }
    return key_id;
}

/* Ends the streams whose key has been deleted. */
static void end_keyless(struct hub *h)
{
    int64_t key_id, now = clock_mono_ms();
    pthread_mutex_lock(&h->lock);
    while ((key_id = next_key(h, now)) != 0) {
        pthread_mutex_unlock(&h->lock);
        bool gone = auth_key_gone(h->auth, key_id);
        pthread_mutex_lock(&h->lock);
        for (struct listener *l = h->first; gone && l; l = l->next)
            if (l->key_id == key_id)
                listener_end(l);
    }
    pthread_mutex_unlock(&h->lock);
}

static void *hub_run(void *arg)
{
    struct hub *h = arg;
    for (;;) {
        struct pass p = {.hub = h};
        struct err e = {0};
        pthread_mutex_lock(&h->lock);
        hub_keep(h);
        bool stop = h->stopping, any = h->first != NULL;
        if (any)
            note_users(&p);
        pthread_mutex_unlock(&h->lock);
        if (stop)
            return NULL;
        if (any)
            end_keyless(h);
        bool failed = any && hub_look(&p, &e) < 0;
        if (failed && !h->silent)
            log_warn(h->log, "events cannot be read for now", "why", e.text);
        h->silent = failed;
        if (!any)
            h->floor = h->floor_next = -1; /* without listeners the next one starts from now */
        free(p.users);
        auth_tend(h->auth); /* this thread may wait for the store, and runs often enough */
        usleep(PASS_MS * 1000);
        task_event_wait(h->tasks, h->beat_ms < IDLE_MS ? h->beat_ms : IDLE_MS);
    }
}

/* -- the library's thread -- */

static ssize_t read_out(void *arg, uint64_t pos, char *to, size_t max)
{
    (void)pos;
    struct listener *l = arg;
    ssize_t n = 0;
    pthread_mutex_lock(&l->hub->lock);
    size_t left = l->out.len - l->sent;
    if (l->ended) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (left == 0) {
        l->suspended = true;
        MHD_suspend_connection(l->conn);
    } else {
        n = (ssize_t)(left < max ? left : max);
        memcpy(to, l->out.p + l->sent, (size_t)n);
        l->sent += (size_t)n;
        if (l->sent == l->out.len) { /* a quiet listener keeps no buffer */
            buf_clear(&l->out);
            buf_init(&l->out, BUFFER_MAX);
            l->sent = 0;
        }
    }
    pthread_mutex_unlock(&l->hub->lock);
    return n;
}

static void listener_free(void *arg)
{
    struct listener *l = arg;
    pthread_mutex_lock(&l->hub->lock);
    *l->at = l->next;
    if (l->next)
        l->next->at = l->at;
    pthread_mutex_unlock(&l->hub->lock);
    buf_clear(&l->out);
    free(l);
}

static int64_t streams_of(const struct hub *h, int64_t user_id)
{
    int64_t n = 0;
    for (const struct listener *l = h->first; l; l = l->next)
        n += l->user_id == user_id && !l->ended;
    return n;
}

struct MHD_Response *hub_stream(struct hub *h, struct MHD_Connection *conn, struct watched *client,
                                const struct caller *who, int64_t task_id, int64_t after,
                                struct err *e)
{
    struct listener *l = mem_new(sizeof(*l));
    int64_t now = clock_mono_ms();
    *l = (struct listener){.hub = h,
                           .conn = conn,
                           .client = client,
                           .user_id = who->user_id,
                           .key_id = who->key_id,
                           .until_ms = who->until_ms,
                           .task_id = task_id,
                           .after = after,
                           .begun_ms = now,
                           .said_ms = now};
    buf_init(&l->out, BUFFER_MAX);
    pthread_mutex_lock(&h->lock);
    bool full = streams_of(h, who->user_id) >= h->streams;
    if (!full) {
        l->ended = h->stopping;
        l->next = h->first;
        l->at = &h->first;
        if (l->next)
            l->next->at = &l->next;
        h->first = l;
    }
    pthread_mutex_unlock(&h->lock);
    if (full) {
        free(l);
        err_msg(e, MSG_STREAMS_LIMITED, "over %lld streams", (long long)h->streams);
        return NULL;
    }
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_out, l, listener_free);
    if (!r) {
        listener_free(l);
        err_set(e, ERR_BUSY, "no memory for a stream");
        return NULL;
    }
    task_event_wake(h->tasks);
    return r;
}

/* -- begin and end -- */

int hub_start(struct hub **out, struct tasks *t, struct auth *a, struct log *l, int64_t beat_ms,
              int64_t streams, struct err *e)
{
    struct hub *h = mem_new(sizeof(*h));
    *h = (struct hub){.tasks = t,
                      .auth = a,
                      .log = l,
                      .beat_ms = beat_ms,
                      .streams = streams,
                      .floor = -1,
                      .floor_next = -1};
    pthread_mutex_init(&h->lock, NULL);
    if (pthread_create(&h->thread, NULL, hub_run, h) != 0) {
        hub_free(h);
        return err_set(e, ERR_SYSTEM, "http: the thread of events does not start");
    }
    h->running = true;
    *out = h;
    return 0;
}

void hub_end(struct hub *h)
{
    if (!h || !h->running)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    for (struct listener *l = h->first; l; l = l->next)
        listener_end(l);
    pthread_mutex_unlock(&h->lock);
    task_event_wake(h->tasks);
    pthread_join(h->thread, NULL);
    h->running = false;
}

void hub_free(struct hub *h)
{
    if (!h)
        return;
    hub_end(h);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
