/* What the worker tests share: a whole service but for the jail and HTTP, in a folder of its own,
 * and one user who uploads. */
#pragma once
#include "core/test/test.h"

#include "blob/blob.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "queue/queue.h"
#include "store/store.h"
#include "store/user.h"
#include "task/task.h"
#include "worker/test/stand_in.h"
#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Long enough for a busy machine under a sanitizer; nothing waits for it in vain. */
enum { PATIENCE_MS = 20000, NEVER_MS = 600000 };

struct world {
    char dir[64];
    struct store *store;
    struct queue *queue;
    struct blob *blob;
    struct tasks *tasks;
    struct workers *workers;
    struct task_rules rules;
    struct worker_conf conf;
    struct arena *arena;
    struct log *log;
    int64_t user;
};

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err e = {0};                                                                        \
        if ((call) < 0)                                                                            \
            fail_msg("%s: %s", #call, e.text);                                                     \
    } while (0)

static inline int world_set_up(void **state)
{
    struct world *w = mem_new(sizeof(*w));
    char url[128];
    snprintf(w->dir, sizeof(w->dir), "/tmp/reelgate-worker-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->arena = arena_new();
    w->log = getenv("REELGATE_TEST_LOG") ? log_new(2, LOG_DEBUG, LOG_TEXT) : NULL;
    snprintf(url, sizeof(url), "sqlite://%s/db", w->dir);
    OK(store_open(&w->store, url, w->log, &e));
    OK(store_migrate(w->store, NULL, NULL, &e));
    OK(store_user_add(w->store, "ana", "ana@example.org", "x", &w->user, &e));
    OK(queue_open(&w->queue, "database:", w->log, &e));
    snprintf(url, sizeof(url), "file://%s/blobs", w->dir);
    OK(blob_open(&w->blob, url, NULL, 0, w->log, &e));
    w->rules = (struct task_rules){.max_upload_bytes = 1 << 20,
                                   .lease_ms = 10000,
                                   .retry_wait_ms = 50,
                                   .attempts = 3,
                                   .profile = profile_default(),
                                   .upload_grace_ms = 3600000};
    w->conf = (struct worker_conf){.jobs = 1,
                                   .profile = profile_default(),
                                   .limits = media_limits_default(),
                                   .logo_fd = -1,
                                   .lease_ms = 10000,
                                   .sweep_ms = NEVER_MS,
                                   .attempt_ms = 60000,
                                   .silence_ms = 7000,
                                   .reel_reserve_bytes = 1 << 20};
    stand_in_reset();
    *state = w;
    return 0;
}

/* Starts with the rules and the settings as they now are. */
static inline void world_start(struct world *w)
{
    w->conf.lease_ms = w->rules.lease_ms;
    w->tasks = tasks_new(w->store, w->queue, w->blob, w->log, &w->rules);
    /* The stand-in needs no jail. */
    OK(workers_start(&w->workers, w->tasks, w->queue, NULL, &w->conf, w->log, &e));
}

static inline int world_tear_down(void **state)
{
    struct world *w = *state;
    stand_in_release();
    workers_free(w->workers);
    tasks_free(w->tasks);
    queue_close(w->queue);
    blob_close(w->blob);
    store_close(w->store);
    arena_free(w->arena);
    log_free(w->log);
    test_remove_folder(w->dir);
    free(w);
    return 0;
}

/* A clip that asks for `script`; its task. */
static inline int64_t world_upload(struct world *w, const char *script)
{
    AUTO(arena_freep) struct arena *a = arena_new();
    struct task_upload *u;
    struct task_row row;
    struct task_wish wish = {
        .user_id = w->user, .file_name = "clip.mp4", .fit = FIT_CROP, .start_s = 1.5};
    bool existed;
    OK(task_upload_begin(w->tasks, -1, &u, &e));
    OK(task_upload_write(u, CLIP_HEAD, sizeof(CLIP_HEAD) - 1, &e));
    OK(task_upload_write(u, script, strlen(script), &e));
    OK(task_upload_commit(u, &wish, a, &row, &existed, &e));
    return row.id;
}

/* The row lives in w->arena. */
static inline struct task_row world_row(struct world *w, int64_t id)
{
    struct task_row row;
    OK(task_get(w->tasks, w->arena, id, 0, &row, &e));
    return row;
}

static inline struct task_row world_wait(struct world *w, int64_t id, enum task_state state)
{
    int64_t until = clock_mono_ms() + PATIENCE_MS;
    struct task_row row = world_row(w, id);
    while (row.state != state && clock_mono_ms() < until) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        row = world_row(w, id);
    }
    if (row.state != state)
        fail_msg("task %lld is %s, not %s", (long long)id, task_state_name(row.state),
                 task_state_name(state));
    return row;
}

/* Waits until a fact holds; the clock when it did. */
#define WAIT_FOR(fact)                                                                             \
    do {                                                                                           \
        int64_t until_ = clock_mono_ms() + PATIENCE_MS;                                            \
        while (!(fact) && clock_mono_ms() < until_)                                                \
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);                               \
        if (!(fact))                                                                               \
            fail_msg("never: %s", #fact);                                                          \
    } while (0)

static inline int world_count_blob(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    (void)name, (void)size_bytes, (void)age_ms;
    ++*(int *)arg;
    return 0;
}

static inline int world_blobs(struct world *w)
{
    int n = 0;
    OK(blob_list(w->blob, world_count_blob, &n, &e));
    return n;
}

static inline void world_problem(void *arg, const char *text)
{
    (void)arg;
    fail_msg("%s", text);
}

/* Every byte has a row and every row its bytes. */
static inline void world_is_whole(struct world *w)
{
    OK(task_check(w->tasks, world_problem, NULL, &e));
    OK(store_check(w->store, &e));
}
