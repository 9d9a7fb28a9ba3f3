/* Plan: the parts of a sweep, each bounded so that one sweep ends: expired leases, bytes of deleted
 * tasks, lost announcements, blobs that no row names. Then the check for doctor. A callback of the
 * store only takes notes; the work follows after the list. */
#include "blob/blob.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "queue/queue.h"
#include "store/event.h"
#include "store/store.h"
#include "task/profile.h"
#include "task/resume.h"
#include "task/task_impl.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

enum { BATCH = 64, ROUNDS = 32 };
/* A task that is due for so long without a worker is announced again. */
enum { ANNOUNCE_MS = 5000 };

/* Rows that outlive the list: what is needed of them, in an arena. */
struct notes {
    struct arena *arena;
    struct task_row rows[BATCH];
    int count;
};

static int note(void *arg, const struct task_row *row)
{
    struct notes *n = arg;
    struct task_row *copy = &n->rows[n->count++];
    *copy = *row;
    copy->worker = arena_strdup(n->arena, row->worker);
    copy->request = arena_strdup(n->arena, row->request);
    copy->clip_blob = arena_strdup(n->arena, row->clip_blob);
    copy->reel_blob = arena_strdup(n->arena, row->reel_blob);
    copy->poster_blob = arena_strdup(n->arena, row->poster_blob);
    copy->file_name = copy->title = copy->clip_hash = copy->error_slug = "";
    copy->error_text = copy->report = "";
    return n->count == BATCH;
}

/* -- leases -- */

static int end_lost(struct tasks *t, int *expired, struct err *e)
{
    for (int round = 0; round < ROUNDS; round++) {
        AUTO(arena_freep) struct arena *a = arena_new();
        struct notes n = {.arena = a};
        if (store_task_expired(t->store, BATCH, note, &n, e) < 0)
            return -1;
        for (int i = 0; i < n.count; i++) {
            const struct task_row *row = &n.rows[i];
            struct verdict v = task_verdict_lost(row->attempts, &t->rules);
            bool done = false;
            const char *why =
                arena_printf(a, "worker %s was not heard of until its lease ran out", row->worker);
            if (task_settle(t, row, &v, why, &done, e) < 0)
                return -1;
            *expired += done;
        }
        if (n.count < BATCH)
            break;
    }
    return 0;
}

/* -- deleted tasks -- */

static bool remove_all(struct tasks *t, const struct task_row *row)
{
    const char *const names[] = {row->clip_blob, row->reel_blob, row->poster_blob};
    for (size_t i = 0; i < LEN(names); i++) {
        struct err e = {0};
        if (*names[i] && blob_remove(t->blob, names[i], &e) < 0) {
            log_warn(t->log, "bytes of a deleted task could not be removed", "task", row->id,
                     "blob", names[i], "why", e.text, "request", row->request);
            return false;
        }
    }
    return true;
}

static int purge(struct tasks *t, int *purged, struct err *e)
{
    struct task_page p = {.max = BATCH, .states = 1u << TASK_DELETED};
    for (int round = 0; round < ROUNDS; round++) {
        AUTO(arena_freep) struct arena *a = arena_new();
        struct notes n = {.arena = a};
        if (store_task_list(t->store, &p, note, &n, e) < 0)
            return -1;
        for (int i = 0; i < n.count; i++) {
            p.after = n.rows[i].id; /* one that resists does not hold up the others */
            if (!remove_all(t, &n.rows[i]))
                continue;
            if (store_task_purge(t->store, n.rows[i].id, e) < 0)
                return -1;
            ++*purged;
        }
        if (n.count < BATCH)
            break;
    }
    return 0;
}

/* -- lost messages -- */

/* Each sweep looks at a piece of what waits, and the next goes on from there: a long line costs no
 * more than a short one. */
static int announce(struct tasks *t, int *announced, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct notes n = {.arena = a};
    pthread_mutex_lock(&t->lock);
    struct task_page p = {.max = BATCH, .states = 1u << TASK_UPLOADED, .after = t->announced};
    pthread_mutex_unlock(&t->lock);
    if (store_task_list(t->store, &p, note, &n, e) < 0)
        return -1;
    int64_t now = store_now_ms(t->store);
    for (int i = 0; i < n.count; i++) {
        const struct task_row *row = &n.rows[i];
        bool due =
            row->not_before_ms ? row->not_before_ms <= now : row->changed_ms + ANNOUNCE_MS <= now;
        if (!due)
            continue;
        if (queue_publish(t->queue, row->id, e) < 0)
            return -1;
        ++*announced;
    }
    pthread_mutex_lock(&t->lock);
    t->announced = n.count < BATCH ? 0 : n.rows[n.count - 1].id;
    pthread_mutex_unlock(&t->lock);
    return 0;
}

/* -- bytes without a row -- */

struct orphan {
    struct orphan *next;
    char name[];
};
struct orphans {
    struct tasks *tasks;
    struct arena *arena;
    struct orphan *first;
    int64_t listed_ms; /* when ages began to be told, 0: not yet */
    bool unsure;       /* the store could not be asked */
};

/* Whether a row knows these bytes: 1, 0, or -1 when the store could not be asked. */
static int known(struct tasks *t, const char *name, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_row row;
    bool logo = false;
    if (strncmp(name, LOGO_FOLDER, strlen(LOGO_FOLDER)) == 0)
        return store_logo_known(t->store, name + strlen(LOGO_FOLDER), &logo, e) < 0 ? -1 : logo;
    if (store_task_by_blob(t->store, a, name, &row, e) == 0)
        return 1;
    return e->code == ERR_MISSING ? 0 : -1;
}

/* Whether an upload that is still under way may have left it; it gets its row in a moment. Ages are
 * those of when the list began, however long it takes to get through it. */
static bool may_be_new(const struct tasks *t, int64_t age_ms, int64_t listed_ms)
{
    enum { CLOCK_SLACK_MS = 1000 };
    if (t->rules.alone && age_ms > listed_ms - t->begun_ms + CLOCK_SLACK_MS)
        return false;
    return age_ms < t->rules.upload_grace_ms;
}

static int note_orphan(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)size_bytes;
    struct orphans *o = arg;
    if (!o->listed_ms) /* not before the list took its time, or what is new would seem old */
        o->listed_ms = clock_mono_ms();
    if (may_be_new(o->tasks, age_ms, o->listed_ms))
        return 0;
    struct err e = {0};
    int is_known = known(o->tasks, name, &e);
    o->unsure |= is_known < 0;
    if (is_known)
        return is_known < 0;
    struct orphan *x = arena_get(o->arena, sizeof(*x) + strlen(name) + 1);
    memcpy(x->name, name, strlen(name) + 1);
    x->next = o->first;
    o->first = x;
    return 0;
}

/* Bytes of an upload in pieces have their name before they have their task. */
static int spare_upload(void *arg, const struct upload_row *u)
{
    struct orphans *o = arg;
    for (struct orphan **x = &o->first; *x; x = &(*x)->next)
        if (strcmp((*x)->name, u->clip_blob) == 0) {
            *x = (*x)->next;
            break;
        }
    return 0;
}

/* Every upload whose bytes are all here and that is no task. */
static int list_whole(struct tasks *t, int (*each)(void *arg, const struct upload_row *u),
                      void *arg, struct err *e)
{
    const int64_t ever_ms = INT64_C(1) << 60;
    return store_upload_list(t->store, true, 0, ever_ms, INT_MAX, each, arg, e);
}

static int remove_orphans(struct tasks *t, int *orphans, struct err *e)
{
    enum { UNFINISHED_MS = 24 * 3600 * 1000 }; /* no upload takes so long */
    int unfinished;
    /* logos that no version of the profile names; their bytes are found below */
    if (blob_sweep(t->blob, UNFINISHED_MS, &unfinished, e) < 0 ||
        store_logo_trim(t->store, t->rules.upload_grace_ms, e) < 0)
        return -1;
    AUTO(arena_freep) struct arena *a = arena_new();
    struct orphans o = {.tasks = t, .arena = a};
    if (blob_list(t->blob, note_orphan, &o, e) < 0 ||
        (o.first && list_whole(t, spare_upload, &o, e) < 0))
        return -1;
    for (const struct orphan *x = o.first; x; x = x->next) {
        if (blob_remove(t->blob, x->name, e) < 0)
            return -1;
        log_info(t->log, "bytes without a task removed", "blob", x->name);
        ++*orphans;
    }
    return o.unsure ? err_set(e, ERR_BUSY, "orphans: the store could not be asked about each") : 0;
}

/* -- events -- */

static int forget(struct tasks *t, int *events, struct err *e)
{
    enum { MOST = 1000 };
    return t->rules.events_kept_ms > 0
               ? store_event_trim(t->store, t->rules.events_kept_ms, MOST, events, e)
               : 0;
}

int task_sweep(struct tasks *t, bool orphans_too, struct task_swept *out, struct err *e)
{
    struct task_swept swept = {0};
    if (end_lost(t, &swept.expired, e) < 0 || purge(t, &swept.purged, e) < 0 ||
        announce(t, &swept.announced, e) < 0 || forget(t, &swept.events, e) < 0 ||
        resume_sweep(t, orphans_too, &swept.uploads, e) < 0 ||
        (orphans_too && remove_orphans(t, &swept.orphans, e) < 0))
        return err_wrap(e, "sweep");
    *out = swept;
    return 0;
}

/* -- check -- */

struct check {
    struct tasks *tasks;
    void (*problem)(void *arg, const char *text);
    void *arg;
    struct arena *arena;
    struct orphan *known; /* of deleted tasks, to go soon; of uploads that will be tasks */
};

static void tell(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct check *c, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    c->problem(c->arg, text);
}

static void check_blob(struct check *c, const char *whose, const char *name, int64_t bytes)
{
    struct err e = {0};
    AUTO(blob_reader_closep) struct blob_reader *r = NULL;
    if (!*name)
        return;
    if (blob_read(c->tasks->blob, name, &r, &e) < 0) {
        tell(c, "%s: %s cannot be read: %s", whose, name, e.text);
        return;
    }
    int64_t size = blob_reader_size(r);
    if (size != bytes)
        tell(c, "%s: %s has %" PRId64 " bytes, %" PRId64 " were stored", whose, name, size, bytes);
}

static int check_row(void *arg, const struct task_row *row)
{
    struct check *c = arg;
    char whose[32];
    snprintf(whose, sizeof(whose), "task %" PRId64, row->id);
    check_blob(c, whose, row->clip_blob, row->clip_bytes);
    check_blob(c, whose, row->reel_blob, row->reel_bytes);
    check_blob(c, whose, row->poster_blob, row->poster_bytes);
    return 0;
}

static int check_logo(void *arg, const char *id, int64_t bytes)
{
    char name[BLOB_NAME_MAX + 1];
    snprintf(name, sizeof(name), LOGO_FOLDER "%s", id);
    check_blob(arg, "logo", name, bytes);
    return 0;
}

static void note_known(struct check *c, const char *name)
{
    struct orphan *x = arena_get(c->arena, sizeof(*x) + strlen(name) + 1);
    memcpy(x->name, name, strlen(name) + 1);
    x->next = c->known;
    c->known = x;
}

static int note_doomed(void *arg, const struct task_row *row)
{
    note_known(arg, row->clip_blob);
    note_known(arg, row->reel_blob);
    note_known(arg, row->poster_blob);
    return 0;
}

static int note_whole(void *arg, const struct upload_row *u)
{
    note_known(arg, u->clip_blob);
    return 0;
}

static int check_bytes(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    struct check *c = arg;
    struct err e = {0};
    int is_known = known(c->tasks, name, &e);
    if (is_known > 0)
        return 0;
    for (const struct orphan *x = c->known; x; x = x->next)
        if (strcmp(x->name, name) == 0)
            return 0;
    if (is_known == 0)
        tell(c, "%s: %" PRId64 " bytes, %" PRId64 " s old, belong to no task", name, size_bytes,
             age_ms / 1000);
    else
        tell(c, "%s: the store could not be asked: %s", name, e.text);
    return 0;
}

int task_check(struct tasks *t, void (*problem)(void *arg, const char *text), void *arg,
               struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct check c = {t, problem, arg, a, NULL};
    const struct task_page all = {.max = -1}, deleted = {.max = -1, .states = 1u << TASK_DELETED};
    if (list_whole(t, note_whole, &c, e) < 0 ||
        store_task_list(t->store, &deleted, note_doomed, &c, e) < 0 ||
        store_task_list(t->store, &all, check_row, &c, e) < 0 ||
        store_logo_list(t->store, check_logo, &c, e) < 0)
        return -1;
    return blob_list(t->blob, check_bytes, &c, e);
}
