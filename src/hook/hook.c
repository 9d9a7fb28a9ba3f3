/* Plan: one thread. It asks the store for hooks with due deliveries, leases a few of each as places
 * are free, hands them to the sender, and settles those that have ended. Each hook and each user
 * may use only some of the places, so a slow receiver holds up nobody else. */
#include "hook/hook_impl.h"

#include "auth/auth.h"
#include "core/clock.h"
#include "core/engine.h"
#include "core/err.h"
#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "hook/send_impl.h"
#include "hook/sign.h"
#include "store/event.h"
#include "store/hook.h"
#include "store/store.h"
#include "task/task.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
    PLACES_FIRST = 32, /* of them, for who has none yet: slow receivers of many never fill all */
    PLACES_OF_USER = 8,
    PLACES_OF_HOOK = 4,
    HOOKS_AT_ONCE = 64, /* looked at in one pass */
    BUSY_MS = 50,       /* between two passes while something is under way */
    IDLE_MS = 5000,     /* a lost bell costs no more */
    PAUSE_MS = 20,      /* between two passes: what comes together is taken together */
    TROUBLE_MS = 1000,  /* after the store did not answer */
    LEASE_MS = 5000,    /* beyond the time for one attempt */
    TRIM_MS = 60000,
    TRIM_MOST = 1000,
    WAIT_MAX_MS = 24 * 3600 * 1000,
    BODY_MAX = 16 * 1024,
};

/* -- names -- */

const char *hook_event_name(int kind)
{
    if (kind == HOOK_TEST)
        return "hook.test";
    return kind >= 0 && kind < EVENT_KINDS ? event_about((enum event_kind)kind)->type : "";
}

int hook_event_kind(const char *name)
{
    for (int i = 0; i < EVENT_KINDS; i++)
        if (strcmp(hook_event_name(i), name) == 0)
            return i;
    return -1;
}

unsigned hook_usual_kinds(void)
{
    return ((1u << EVENT_KINDS) - 1) & ~(1u << EVENT_PROGRESS);
}

/* -- what is said -- */

/* A signed link, made anew at each attempt, since links end. JSON null: there is none. */
static json_t *download(struct hooks *h, struct arena *a, const struct delivery_row *d)
{
    const char *base = h->conf.public_url;
    size_t n = strlen(base);
    if (d->kind != EVENT_PROCESSED || !*d->reel_blob || n == 0)
        return json_null();
    const char *path = arena_printf(a, "/api/video/download/%s", task_public_name(d->reel_blob));
    return json_sprintf("%.*s%s?%s", (int)(base[n - 1] == '/' ? n - 1 : n), base, path,
                        auth_link_sign(h->auth, a, path));
}

/* free() it. */
static char *body_of(struct hooks *h, struct arena *a, const struct delivery_row *d)
{
    char when[CLOCK_ISO_SIZE];
    clock_iso(d->created_ms, when);
    json_t *data;
    if (d->kind == HOOK_TEST)
        data = json_pack("{s:n, s:n, s:n, s:n, s:n, s:n, s:n}", "task_id", "status", "progress",
                         "title", "file_name", "code", "download");
    else
        data = json_pack("{s:I, s:s, s:i, s:s, s:s, s:s?, s:o}", "task_id", (json_int_t)d->task_id,
                         "status", event_about((enum event_kind)d->kind)->status, "progress",
                         event_progress((enum event_kind)d->kind, d->progress), "title", d->title,
                         "file_name", d->file_name, "code", *d->error_slug ? d->error_slug : NULL,
                         "download", download(h, a, d));
    json_t *o = json_pack("{s:s, s:s, s:o}", "type", hook_event_name(d->kind), "timestamp", when,
                          "data", data);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

/* -- one delivery -- */

/* 5 s, 15 s, 45 s ... each a little shorter or longer, so that what failed together does not come
 * back together. */
static int64_t wait_ms(const struct hooks *h, int tries)
{
    unsigned chance;
    int64_t ms = h->conf.retry_ms;
    for (int i = 1; i < tries && ms < WAIT_MAX_MS; i++)
        ms *= 3;
    if (ms > WAIT_MAX_MS)
        ms = WAIT_MAX_MS;
    id_random(&chance, sizeof(chance));
    return ms * 8 / 10 + (int64_t)(chance % 1000) * ms * 4 / 10000;
}

static void disable(struct hooks *h, const struct flight *f)
{
    struct err e = {0};
    struct hook_row row;
    AUTO(arena_freep) struct arena *a = arena_new();
    if (store_hook_get(h->store, a, f->hook_id, f->user_id, &row, &e) < 0)
        return;
    row.enabled = false;
    if (store_hook_set(h->store, &row, &e) == 0)
        log_info(h->log, "webhook disabled by its receiver", "hook", f->hook_id);
}

/* The attempt has ended: taken, to be tried again, or given up. */
static void settle(struct hooks *h, struct flight *f, int status, const char *error)
{
    struct err e = {0};
    bool taken = status >= 200 && status < 300, gone = status == 410;
    struct delivery_end end = {.id = f->id, .fence = f->fence, .status = status, .error = error};
    char text[64];
    if (!taken && status) {
        snprintf(text, sizeof(text), "the receiver answered %d", status);
        end.error = text;
    }
    end.state = taken                                  ? DELIVERY_DONE
                : gone || f->tries >= h->conf.attempts ? DELIVERY_DEAD
                                                       : DELIVERY_WAITING;
    end.wait_ms = end.state == DELIVERY_WAITING ? wait_ms(h, f->tries) : 0;
    METRIC_ADD(h->conf.metrics, METRIC_DELIVERIES, 1,
               taken                        ? "delivered"
               : end.state == DELIVERY_DEAD ? "dead"
                                            : "again");
    if (gone)
        disable(h, f);
    if (store_delivery_settle(h->store, &end, &e) < 0)
        log_warn(h->log, "a delivery could not be noted and is made again", "delivery", f->id,
                 "why", e.text);
    else if (end.state == DELIVERY_DEAD)
        log_info(h->log, "delivery given up", "hook", f->hook_id, "delivery", f->id, "attempts",
                 f->fence, "why", end.error);
    f->used = false;
    h->busy--;
}

static int send_one(struct hooks *h, struct arena *a, const struct hook_row *hook,
                    const struct delivery_row *d, struct flight *f, struct err *e)
{
    AUTO(buf_clear) struct buf signatures = {0};
    AUTO(freep) char *body = body_of(h, a, d);
    int64_t now = store_now_ms(h->store);
    /* the same for all hooks that hear of an event, and for every time that they do */
    struct message m = {
        .url = hook->url,
        .id = d->event_id ? arena_printf(a, "evt_%" PRId64, d->event_id)
                          : arena_printf(a, "test_%" PRId64, d->id),
        .body = body,
        .seconds = now / 1000,
    };
    buf_init(&signatures, 400);
    if (!body || strlen(body) > BODY_MAX)
        return err_set(e, ERR_SYSTEM, "its body could not be written");
    if (sign_add(&signatures, hook->secret, m.id, m.seconds, body) < 0)
        return err_set(e, ERR_SYSTEM, "its secret cannot be used");
    if (*hook->old_secret && hook->old_until_ms > now)
        (void)sign_add(&signatures, hook->old_secret, m.id, m.seconds, body);
    m.signatures = signatures.p;
    /* an address that was allowed once need not be any more */
    if (hook_url_check(hook->url, h->conf.private_too, e) < 0)
        return -1;
    return h->ops->start(h->sender, &m, f, e);
}

/* -- what is due -- */

struct due {
    int64_t hook_id, user_id;
};
struct pass {
    struct due due[HOOKS_AT_ONCE];
    int count;
    int64_t next_ms; /* until more is due */
    struct hooks *hooks;
};

static int busy_with(const struct hooks *h, int64_t hook_id, int64_t user_id)
{
    int n = 0;
    for (size_t i = 0; i < HOOK_PLACES; i++)
        n += h->flights[i].used &&
             (hook_id ? h->flights[i].hook_id == hook_id : h->flights[i].user_id == user_id);
    return n;
}

/* How many more may be sent to a hook. */
static int room_for(const struct hooks *h, int64_t hook_id, int64_t user_id)
{
    int held = busy_with(h, 0, user_id), room = HOOK_PLACES - PLACES_FIRST - h->busy;
    int of_hook = PLACES_OF_HOOK - busy_with(h, hook_id, 0);
    int of_user = PLACES_OF_USER - held;
    if (room <= 0 && held == 0 && h->busy < HOOK_PLACES)
        room = 1;
    room = of_hook < room ? of_hook : room;
    return of_user < room ? of_user : room;
}

static int note_due(void *arg, int64_t hook_id, int64_t user_id, int64_t in_ms)
{
    struct pass *p = arg;
    if (in_ms > 0) { /* the rest comes later still */
        p->next_ms = in_ms < p->next_ms ? in_ms : p->next_ms;
        return 1;
    }
    if (room_for(p->hooks, hook_id, user_id) > 0)
        p->due[p->count++] = (struct due){hook_id, user_id};
    return p->count == HOOKS_AT_ONCE;
}

static struct flight *take_place(struct hooks *h, const struct delivery_row *d)
{
    struct flight *f = h->flights;
    while (f->used)
        f++; /* room_for has seen that there is one */
    *f = (struct flight){true, d->id, d->hook_id, d->user_id, d->fence, d->tries};
    h->busy++;
    return f;
}

static int load(struct hooks *h, struct err *e)
{
    if (h->sender)
        return 0;
    h->ops = engine_find("hook", "hook_send_ops", e);
    return h->ops ? h->ops->open(&h->sender, h->conf.timeout_ms, h->conf.private_too, e) : -1;
}

static int send_due(struct hooks *h, const struct due *d, struct err *e)
{
    struct delivery_row rows[PLACES_OF_HOOK];
    struct hook_row hook;
    int room = room_for(h, d->hook_id, d->user_id), count = 0;
    if (room <= 0)
        return 0;
    AUTO(arena_freep) struct arena *a = arena_new();
    if (load(h, e) < 0 || store_delivery_claim(h->store, a, d->hook_id, room,
                                               h->conf.timeout_ms + LEASE_MS, rows, &count, e) < 0)
        return -1;
    if (count == 0)
        return 0;
    if (store_hook_get(h->store, a, d->hook_id, 0, &hook, e) < 0)
        return e->code == ERR_MISSING ? 0 : -1; /* deleted just now */
    for (int i = 0; i < count; i++) {
        struct err why = {0};
        struct flight *f = take_place(h, &rows[i]);
        if (send_one(h, a, &hook, &rows[i], f, &why) < 0)
            settle(h, f, 0, why.text);
    }
    return 0;
}

static int pass(struct hooks *h, int64_t *next_ms, struct err *e)
{
    struct pass p = {.hooks = h, .next_ms = IDLE_MS};
    int64_t now = clock_mono_ms();
    if (h->busy < HOOK_PLACES && store_delivery_due(h->store, note_due, &p, e) < 0)
        return -1;
    for (int i = 0; i < p.count; i++)
        if (send_due(h, &p.due[i], e) < 0)
            return -1;
    if (now - h->trimmed_ms > TRIM_MS) {
        h->trimmed_ms = now;
        if (store_delivery_trim(h->store, h->conf.kept_ms, TRIM_MOST, e) < 0)
            return -1;
    }
    *next_ms = p.next_ms;
    return 0;
}

static void *run(void *arg)
{
    struct hooks *h = arg;
    while (!atomic_load(&h->stopping)) {
        struct err e = {0};
        struct sent done;
        int64_t next_ms = TROUBLE_MS;
        if (pass(h, &next_ms, &e) == 0) {
            h->silent = false;
        } else if (!h->silent) {
            h->silent = true;
            log_warn(h->log, "webhooks wait", "why", e.text);
        }
        if (h->busy == 0) {
            store_delivery_wait(h->store, next_ms);
            if (!atomic_load(&h->stopping))
                nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
            continue;
        }
        for (int64_t wait = BUSY_MS; h->ops->next(h->sender, wait, &done); wait = 0)
            settle(h, done.tag, done.status, done.error);
    }
    return NULL;
}

int hooks_start(struct hooks **out, struct store *s, struct auth *a, const struct hook_conf *c,
                struct log *l, struct err *e)
{
    AUTO(freep) struct hooks *h = mem_new(sizeof(*h));
    h->store = s;
    h->auth = a;
    h->conf = *c;
    h->log = l;
    METRIC_ADD(c->metrics, METRIC_DELIVERIES, 0, "delivered");
    METRIC_ADD(c->metrics, METRIC_DELIVERIES, 0, "dead");
    if (pthread_create(&h->thread, NULL, run, h) != 0)
        return err_set(e, ERR_SYSTEM, "hooks: the thread could not be started");
    *out = TAKE(h);
    return 0;
}

void hooks_stop(struct hooks *h)
{
    if (!h)
        return;
    atomic_store(&h->stopping, true);
    store_delivery_wake(h->store);
    pthread_join(h->thread, NULL);
    if (h->ops)
        h->ops->close(h->sender);
    free(h);
}
