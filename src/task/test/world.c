#include "task/test/world.h"
#include "store/store.h"
#include "store/user.h"

#include <unistd.h>

struct faults fault_add, fault_change, fault_publish, fault_finish;

/* true: the real call is left out. */
static bool strikes(struct faults *f, enum fault kind, struct err *e)
{
    if (f->kind != kind || f->calls <= 0)
        return false;
    if (kind == FAULT_EXIT)
        _exit(9);
    f->calls--;
    err_set(e, f->code, "made to fail");
    return true;
}

int __real_store_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                          struct err *e);
int __wrap_store_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                          struct err *e);
int __wrap_store_task_add(struct store *s, const struct task_new *t, int64_t *id, bool *existed,
                          struct err *e)
{
    strikes(&fault_add, FAULT_EXIT, e);
    if (strikes(&fault_add, FAULT_BEFORE, e))
        return -1;
    int64_t got;
    bool known;
    if (__real_store_task_add(s, t, &got, &known, e) < 0 || strikes(&fault_add, FAULT_AFTER, e))
        return -1;
    *id = got;
    *existed = known;
    return 0;
}

int __real_store_task_change(struct store *s, const struct task_change *c, bool *done,
                             struct err *e);
int __wrap_store_task_change(struct store *s, const struct task_change *c, bool *done,
                             struct err *e);
int __wrap_store_task_change(struct store *s, const struct task_change *c, bool *done,
                             struct err *e)
{
    strikes(&fault_change, FAULT_EXIT, e);
    if (strikes(&fault_change, FAULT_BEFORE, e))
        return -1;
    bool did;
    if (__real_store_task_change(s, c, &did, e) < 0 || strikes(&fault_change, FAULT_AFTER, e))
        return -1;
    *done = did;
    return 0;
}

int __real_queue_publish(struct queue *q, int64_t task_id, struct err *e);
int __wrap_queue_publish(struct queue *q, int64_t task_id, struct err *e);
int __wrap_queue_publish(struct queue *q, int64_t task_id, struct err *e)
{
    return strikes(&fault_publish, FAULT_BEFORE, e) ? -1 : __real_queue_publish(q, task_id, e);
}

int __real_store_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e);
int __wrap_store_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e);
int __wrap_store_upload_finish(struct store *s, const char *id, int64_t task_id, struct err *e)
{
    strikes(&fault_finish, FAULT_EXIT, e);
    return strikes(&fault_finish, FAULT_BEFORE, e) ? -1
                                                   : __real_store_upload_finish(s, id, task_id, e);
}

/* -- the world -- */

static void open_all(struct world *w, int64_t floor_bytes)
{
    OK(store_open(&w->store, arena_printf(w->a, "sqlite://%s/x.db", w->dir), NULL, e));
    OK(store_migrate(w->store, NULL, NULL, e));
    OK(queue_open(&w->queue, "database:", NULL, e));
    OK(blob_open(&w->blob, arena_printf(w->a, "file://%s/blobs", w->dir), NULL, floor_bytes, NULL,
                 e));
    w->tasks = tasks_new(w->store, w->queue, w->blob, NULL, &w->rules);
}

static void close_all(struct world *w)
{
    tasks_free(w->tasks);
    queue_closep(&w->queue);
    blob_closep(&w->blob);
    store_closep(&w->store);
}

void world_rules(struct world *w, struct task_rules rules)
{
    tasks_free(w->tasks);
    w->rules = rules;
    w->tasks = tasks_new(w->store, w->queue, w->blob, NULL, &w->rules);
}

void world_reopen(struct world *w, int64_t floor_bytes)
{
    close_all(w);
    open_all(w, floor_bytes);
}

int world_set_up(void **state)
{
    struct world *w = mem_new(sizeof(*w));
    fault_add = fault_change = fault_publish = fault_finish = (struct faults){0};
    snprintf(w->dir, sizeof(w->dir), "/tmp/reelgate-task-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->a = arena_new();
    w->rules = (struct task_rules){.max_upload_bytes = 1 << 20,
                                   .lease_ms = 60000,
                                   .retry_wait_ms = 60000,
                                   .attempts = 3,
                                   .upload_grace_ms = 3600000};
    open_all(w, 0);
    OK(store_user_add(w->store, "ana", "ana@x.y", "h", &w->user, e));
    *state = w;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *w = *state;
    OK(store_check(w->store, e));
    assert_string_equal(problems(w), "");
    close_all(w);
    arena_free(w->a);
    test_remove_folder(w->dir);
    free(w);
    return 0;
}

/* -- steps -- */

void *clip_make(struct world *w, size_t len_bytes, int seed)
{
    static const char head[] = "\0\0\0\x18"
                               "ftypisom\0\0\2\0isomiso2";
    unsigned char *p = arena_get(w->a, len_bytes);
    for (size_t i = 0; i < len_bytes; i++)
        p[i] = i < sizeof(head) - 1 ? (unsigned char)head[i]
                                    : (unsigned char)(i * 31 + (size_t)seed * 7);
    return p;
}

int upload(struct world *w, const void *data, size_t len_bytes, const struct task_wish *wish,
           struct task_row *out, bool *existed, struct err *e)
{
    enum { PIECE = 1000 };
    struct task_upload *u;
    if (task_upload_begin(w->tasks, (int64_t)len_bytes, &u, e) < 0)
        return -1;
    for (size_t at = 0; at < len_bytes; at += PIECE) {
        size_t n = len_bytes - at < PIECE ? len_bytes - at : PIECE;
        if (task_upload_write(u, (const char *)data + at, n, e) < 0) {
            task_upload_abort(u);
            return -1;
        }
    }
    return task_upload_commit(u, wish, w->a, out, existed, e);
}

struct task_row upload_any(struct world *w)
{
    static int seed;
    const struct task_wish wish = {.user_id = w->user, .file_name = "gol.mp4"};
    struct task_row row;
    bool existed;
    OK(upload(w, clip_make(w, 5000, ++seed), 5000, &wish, &row, &existed, e));
    assert_false(existed);
    return row;
}

bool claim(struct world *w, const char *worker, struct task_row *out)
{
    bool found = false;
    OK(task_claim(w->tasks, w->a, worker, out, &found, e));
    return found;
}

int finish(struct world *w, const struct task_row *claimed, bool poster, bool *published,
           struct err *fault)
{
    const struct render_report report = {
        .path = PATH_ENCODE, .reason = "a test", .body_us = 3000000};
    struct blob_writer *reel = NULL, *picture = NULL;
    OK(task_output(w->tasks, 1000, &reel, e));
    OK(blob_write(reel, "the reel", 8, e));
    if (poster) {
        OK(task_output(w->tasks, 0, &picture, e));
        OK(blob_write(picture, "jpg", 3, e));
    }
    return task_finish(w->tasks, claimed, &report, reel, picture, published, fault);
}

enum task_state fail_with(struct world *w, const struct task_row *claimed, enum err_code code,
                          enum msg msg)
{
    const struct err why = {code, msg, "as the test says"};
    enum task_state verdict = TASK_DELETED;
    OK(task_fail(w->tasks, claimed, &why, &verdict, e));
    return verdict;
}

struct task_row row_of(struct world *w, int64_t id)
{
    struct task_row row = {0};
    OK(task_get(w->tasks, w->a, id, 0, &row, e));
    return row;
}

int64_t bytes_used(struct world *w)
{
    struct user_row u = {0};
    OK(store_user_by_id(w->store, w->a, w->user, &u, e));
    return u.bytes_used;
}

static int count_blob(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)name, (void)size_bytes, (void)age_ms;
    ++*(int *)arg;
    return 0;
}

int blob_count(struct world *w)
{
    int n = 0;
    OK(blob_list(w->blob, count_blob, &n, e));
    return n;
}

int64_t rows_in(struct world *w, enum task_state state)
{
    int64_t counts[TASK_STATE_COUNT] = {0};
    OK(store_task_counts(w->store, counts, e));
    return counts[state];
}

struct task_swept sweep(struct world *w, bool orphans_too)
{
    struct task_swept swept = {0};
    OK(task_sweep(w->tasks, orphans_too, &swept, e));
    return swept;
}

struct told {
    struct arena *a;
    const char *all;
};

static void note_problem(void *arg, const char *text)
{
    struct told *t = arg;
    t->all = arena_printf(t->a, "%s%s\n", t->all, text);
}

const char *problems(struct world *w)
{
    struct told t = {w->a, ""};
    OK(task_check(w->tasks, note_problem, &t, e));
    return t.all;
}
