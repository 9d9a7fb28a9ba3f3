/* Plan: creating the room's object; the owner's calls; the worker's calls before its attempt ends
 * (settle.c has the ends). */
#include "blob/blob.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/wait.h"
#include "store/store.h"
#include "task/name.h"
#include "task/task_impl.h"

#include <assert.h>
#include <sodium.h>
#include <unistd.h>

struct tasks *tasks_new(struct store *s, struct queue *q, struct blob *b, struct log *l,
                        const struct task_rules *rules)
{
    if (sodium_init() < 0) /* fails only where the kernel gives no randomness */
        abort();
    struct tasks *t = mem_new(sizeof(*t));
    t->store = s;
    t->queue = q;
    t->blob = b;
    t->log = l;
    t->rules = *rules;
    t->begun_ms = clock_mono_ms();
    pthread_mutex_init(&t->lock, NULL);
    wait_init(&t->stop);
    return t;
}

void tasks_free(struct tasks *t)
{
    if (!t)
        return;
    task_line_free(t->line);
    pthread_cond_destroy(&t->stop);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* -- owners -- */

int task_get(struct tasks *t, struct arena *a, int64_t id, int64_t user_id, struct task_row *out,
             struct err *e)
{
    return store_task_get(t->store, a, id, user_id, out, e);
}

int task_list(struct tasks *t, const struct task_page *p,
              int (*each)(void *arg, const struct task_row *row), void *arg, struct err *e)
{
    return store_task_list(t->store, p, each, arg, e);
}

int task_delete(struct tasks *t, struct arena *a, int64_t id, int64_t user_id, struct task_row *out,
                struct err *e)
{
    struct task_row row;
    struct task_change c = {.id = id, .user_id = user_id};
    bool done = false;
    if (store_task_get(t->store, a, id, user_id, &row, e) < 0 ||
        task_happen(t->store, TASK_EVENT_DELETE, &c, &done, e) < 0)
        return -1;
    if (!done) /* somebody else was faster */
        return err_msg(e, MSG_TASK_NOT_FOUND, "task %lld is deleted", (long long)id);
    log_info(t->log, "task deleted", "task", id, "was", task_state_name(row.state), "request",
             row.request);
    *out = row;
    return 0;
}

int task_retry(struct tasks *t, int64_t id, int64_t user_id, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_row row;
    struct task_change c = {.id = id, .user_id = user_id, .reset_attempts = true};
    bool done = false;
    if (task_happen(t->store, TASK_EVENT_RETRY, &c, &done, e) < 0)
        return -1;
    if (!done && store_task_get(t->store, a, id, user_id, &row, e) < 0)
        return -1;
    if (!done)
        return err_msg(e, MSG_RETRY_STATE, "task %lld is %s", (long long)id,
                       task_state_name(row.state));
    log_info(t->log, "task retried", "task", id);
    return 0;
}

struct failed {
    int64_t *ids;
    int count;
};

static int note_failed(void *arg, const struct task_row *row)
{
    struct failed *f = arg;
    f->ids[f->count++] = row->id;
    return 0;
}

int task_retry_failed(struct tasks *t, int max, int64_t *after, int *retried, struct err *e)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct failed f = {arena_get(a, ((size_t)max + 1) * sizeof(*f.ids)), 0};
    const struct task_page page = {.after = *after, .max = max + 1, .states = 1u << TASK_FAILED};
    if (store_task_list(t->store, &page, note_failed, &f, e) < 0)
        return -1;
    int64_t last = 0;
    for (int i = 0; i < f.count && i < max; i++) {
        struct task_change c = {.id = f.ids[i], .reset_attempts = true};
        bool done = false;
        if (task_happen(t->store, TASK_EVENT_RETRY, &c, &done, e) < 0)
            return -1;
        if (done)
            log_info(t->log, "task retried", "task", c.id);
        *retried += done;
        last = c.id;
    }
    *after = f.count > max ? last : 0;
    return 0;
}

const char *task_public_name(const char *blob_name)
{
    const char *slash = strchr(blob_name, '/');
    return slash ? slash + 1 : "";
}

int task_find(struct tasks *t, struct arena *a, enum task_part part, const char *public_name,
              struct task_row *row, const char **blob_name, struct err *e)
{
    static const char *const folders[] = {
        [TASK_PART_CLIP] = "clips", [TASK_PART_REEL] = "reels", [TASK_PART_POSTER] = "posters"};
    char name[BLOB_NAME_MAX + 1];
    int n = snprintf(name, sizeof(name), "%s/%s", folders[part], public_name);
    if (n < 0 || n >= (int)sizeof(name))
        return err_msg(e, MSG_TASK_NOT_FOUND, "no blob has a name that long");
    if (store_task_by_blob(t->store, a, name, row, e) < 0)
        return -1;
    *blob_name = arena_strdup(a, name);
    return 0;
}

int task_open(struct tasks *t, struct arena *a, enum task_part part, const char *public_name,
              struct task_row *row, struct blob_reader **out, struct err *e)
{
    struct task_row found;
    const char *name;
    if (task_find(t, a, part, public_name, &found, &name, e) < 0 ||
        blob_read(t->blob, name, out, e) < 0)
        return -1;
    *row = found;
    return 0;
}

/* -- workers -- */

int task_claim(struct tasks *t, struct arena *a, const char *worker, struct task_row *out,
               bool *found, struct err *e)
{
    /* The claim is the store's own step, because it must find and take in one; the table has it. */
    assert(task_edge(TASK_EVENT_CLAIM)->from == 1u << TASK_UPLOADED &&
           task_edge(TASK_EVENT_CLAIM)->to == TASK_PROCESSING);
    return store_task_claim(t->store, a, worker, t->rules.lease_ms, out, found, e);
}

int task_beat(struct tasks *t, const struct worker_row *w, struct err *e)
{
    return store_worker_beat(t->store, w, e);
}

int task_next_due(struct tasks *t, int64_t *in_ms, struct err *e)
{
    return store_task_next_due(t->store, in_ms, e);
}

int task_renew(struct tasks *t, const struct task_row *claim, int progress, bool *held,
               struct err *e)
{
    return store_task_renew(t->store, claim->id, claim->fence, t->rules.lease_ms, progress, held,
                            e);
}

int task_held(struct tasks *t, const struct task_row *claim, bool *held, struct err *e)
{
    return store_task_renew(t->store, claim->id, claim->fence, 0, 0, held, e);
}

int task_open_clip(struct tasks *t, const struct task_row *claim, struct blob_reader **out,
                   struct err *e)
{
    AUTO(blob_reader_closep) struct blob_reader *r = NULL;
    if (blob_read(t->blob, claim->clip_blob, &r, e) < 0)
        return err_wrap(e, "clip of task %lld", (long long)claim->id);
    if (blob_reader_size(r) != claim->clip_bytes)
        return err_set(e, ERR_SYSTEM, "clip of task %lld: %lld bytes are there, %lld were stored",
                       (long long)claim->id, (long long)blob_reader_size(r),
                       (long long)claim->clip_bytes);
    *out = TAKE(r);
    return 0;
}

bool task_is_far(const struct tasks *t)
{
    return store_shared(t->store) || blob_is_far(t->blob);
}

int64_t task_now_ms(const struct tasks *t)
{
    return store_now_ms(t->store);
}

bool task_storage_is_far(const struct tasks *t)
{
    return blob_is_far(t->blob);
}

int task_scratch_file(const struct tasks *t, struct err *e)
{
    return blob_scratch_file(t->blob, e);
}

int task_output(struct tasks *t, int64_t reserve_bytes, struct blob_writer **out, struct err *e)
{
    return blob_begin_file(t->blob, reserve_bytes, out, e);
}
