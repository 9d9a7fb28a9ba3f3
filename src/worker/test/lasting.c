/* What outlasts what: leases, silent stores, stops, and attempts side by side. The linker puts this
 * file between the worker and what it calls (--wrap), so that calls can be made to fail. */
#include "worker/test/world.h"

#include <pthread.h>
#include <stdatomic.h>

int __real_task_renew(struct tasks *t, const struct task_row *claim, int progress, bool *held,
                      struct err *e);
int __wrap_task_renew(struct tasks *t, const struct task_row *claim, int progress, bool *held,
                      struct err *e);
int __real_task_held(struct tasks *t, const struct task_row *claim, bool *held, struct err *e);
int __wrap_task_held(struct tasks *t, const struct task_row *claim, bool *held, struct err *e);
int __real_task_fail(struct tasks *t, const struct task_row *claim, const struct err *why,
                     enum task_state *verdict, struct err *e);
int __wrap_task_fail(struct tasks *t, const struct task_row *claim, const struct err *why,
                     enum task_state *verdict, struct err *e);
int __real_task_claim(struct tasks *t, struct arena *a, const char *worker, struct task_row *out,
                      bool *found, struct err *e);
int __wrap_task_claim(struct tasks *t, struct arena *a, const char *worker, struct task_row *out,
                      bool *found, struct err *e);
int __real_queue_take(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
                      struct err *e);
int __wrap_queue_take(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
                      struct err *e);

enum call { CALL_RENEW, CALL_HELD, CALL_FAIL, CALL_CLAIM, CALL_TAKE, CALL_COUNT };
static atomic_int failing[CALL_COUNT]; /* how many of the next calls fail */
static atomic_int called[CALL_COUNT];
static atomic_int waits_to_end; /* queue_take for less than a second, for what nobody announces */

static bool fails(enum call c, struct err *e)
{
    atomic_fetch_add(&called[c], 1);
    if (atomic_load(&failing[c]) <= 0)
        return false;
    atomic_fetch_sub(&failing[c], 1);
    err_set(e, ERR_BUSY, "test: no answer");
    return true;
}

int __wrap_task_renew(struct tasks *t, const struct task_row *claim, int progress, bool *held,
                      struct err *e)
{
    return fails(CALL_RENEW, e) ? -1 : __real_task_renew(t, claim, progress, held, e);
}

int __wrap_task_held(struct tasks *t, const struct task_row *claim, bool *held, struct err *e)
{
    return fails(CALL_HELD, e) ? -1 : __real_task_held(t, claim, held, e);
}

int __wrap_task_fail(struct tasks *t, const struct task_row *claim, const struct err *why,
                     enum task_state *verdict, struct err *e)
{
    return fails(CALL_FAIL, e) ? -1 : __real_task_fail(t, claim, why, verdict, e);
}

int __wrap_task_claim(struct tasks *t, struct arena *a, const char *worker, struct task_row *out,
                      bool *found, struct err *e)
{
    return fails(CALL_CLAIM, e) ? -1 : __real_task_claim(t, a, worker, out, found, e);
}

int __wrap_queue_take(struct queue *q, int64_t timeout_ms, struct queue_message *out, bool *got,
                      struct err *e)
{
    atomic_fetch_add(&waits_to_end, timeout_ms > 100 && timeout_ms <= 300);
    return fails(CALL_TAKE, e) ? -1 : __real_queue_take(q, timeout_ms, out, got, e);
}

static int set_up(void **state)
{
    atomic_store(&waits_to_end, 0);
    for (int i = 0; i < CALL_COUNT; i++) {
        atomic_store(&failing[i], 0);
        atomic_store(&called[i], 0);
    }
    return world_set_up(state);
}

static void sleep_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* -- side by side, and at once -- */

static void as_many_attempts_run_as_there_are_jobs(void **state)
{
    struct world *w = *state;
    int64_t ids[5];
    w->conf.jobs = 2;
    world_start(w);
    assert_int_equal(workers_busy(w->workers), 0);
    for (size_t i = 0; i < LEN(ids); i++)
        ids[i] = world_upload(w, CLIP_SLOW);
    WAIT_FOR(stand_in_seen().now == 2);
    assert_int_equal(workers_busy(w->workers), 2);
    stand_in_release();
    for (size_t i = 0; i < LEN(ids); i++)
        assert_int_equal(world_wait(w, ids[i], TASK_PROCESSED).attempts, 1);
    assert_int_equal(stand_in_seen().at_once, 2);
    assert_int_equal(stand_in_seen().made, 5);
    WAIT_FOR(workers_busy(w->workers) == 0);
    world_is_whole(w);
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* A worker that slept between two looks would show as its sleep, in the median too. */
static void an_attempt_begins_when_its_task_is_committed(void **state)
{
    struct world *w = *state;
    int64_t us[31];
    world_start(w);
    for (size_t i = 0; i < LEN(us); i++) {
        sleep_ms(5); /* the worker waits again */
        int64_t id = world_upload(w, "x"), committed = stand_in_now_us();
        world_wait(w, id, TASK_PROCESSED);
        us[i] = stand_in_seen().started_us - committed;
    }
    qsort(us, LEN(us), sizeof(*us), by_size);
    print_message("from commit to attempt: median %lld us\n", (long long)us[LEN(us) / 2]);
    assert_true(us[LEN(us) / 2] < 100000);
}

static void tasks_from_before_the_start_are_worked_on(void **state)
{
    struct world *w = *state;
    w->conf.jobs = 0;
    world_start(w);
    int64_t id = world_upload(w, "x");
    sleep_ms(50);
    assert_int_equal(world_row(w, id).state, TASK_UPLOADED); /* no jobs, no work */
    workers_stop(w->workers, 0);
    workers_free(w->workers);
    tasks_free(w->tasks);
    queue_close(w->queue);
    OK(queue_open(&w->queue, "database:", NULL, &e));
    w->conf.jobs = 1;
    world_start(w);
    world_wait(w, id, TASK_PROCESSED);
}

/* Nobody announces that a wait is over, and no sweep runs here. */
static void a_worker_sleeps_no_longer_than_until_the_next_task_is_due(void **state)
{
    struct world *w = *state;
    w->rules.retry_wait_ms = 300;
    world_start(w);
    world_wait(w, world_upload(w, CLIP_OURS), TASK_PROCESSED);
    assert_true(atomic_load(&waits_to_end) > 0);
}

/* -- leases -- */

static void a_long_attempt_keeps_its_lease(void **state)
{
    struct world *w = *state;
    w->rules.lease_ms = 1500; /* a busy machine sleeps through shorter ones */
    w->conf.sweep_ms = 100;
    w->conf.jobs = 2;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW);
    sleep_ms(4000);
    assert_int_equal(stand_in_seen().made, 1);
    stand_in_release();
    assert_int_equal(world_wait(w, id, TASK_PROCESSED).attempts, 1);
}

static void a_lost_attempt_that_wakes_up_publishes_nothing(void **state)
{
    struct world *w = *state;
    w->rules.lease_ms = 300;
    w->conf.sweep_ms = 50;
    w->conf.jobs = 2;
    world_start(w);
    int64_t id = world_upload(w, CLIP_FROZEN);
    /* The first attempt is silent; the second one, by the other thread, makes the reel. */
    struct task_row row = world_wait(w, id, TASK_PROCESSED);
    assert_int_equal(row.attempts, 2);
    assert_int_equal(row.fence, 2);
    assert_int_equal(stand_in_seen().looked, 1);
    WAIT_FOR(workers_busy(w->workers) == 1); /* the second ends a moment after its reel is there */
    stand_in_release();
    WAIT_FOR(workers_busy(w->workers) == 0);
    assert_int_equal(stand_in_seen().looked, 1); /* it was stopped at its first tick */
    assert_string_equal(world_row(w, id).reel_blob, row.reel_blob);
    assert_int_equal(world_blobs(w), 3);
    world_is_whole(w);
}

static void a_store_that_is_silent_for_less_than_the_lease_costs_nothing(void **state)
{
    struct world *w = *state;
    w->rules.lease_ms = 3000;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW);
    WAIT_FOR(stand_in_seen().made == 1);
    atomic_store(&failing[CALL_RENEW], 2);
    atomic_store(&failing[CALL_HELD], 3);
    WAIT_FOR(atomic_load(&failing[CALL_RENEW]) == 0);
    atomic_store(&failing[CALL_HELD], 2); /* and once more, before the reel is published */
    stand_in_release();
    assert_int_equal(world_wait(w, id, TASK_PROCESSED).attempts, 1);
    assert_int_equal(stand_in_seen().stopped, 0);
    assert_int_equal(atomic_load(&failing[CALL_HELD]), 0);
}

static void a_store_that_is_silent_for_longer_ends_the_attempt_and_another_follows(void **state)
{
    struct world *w = *state;
    struct task_swept swept;
    w->rules.lease_ms = 600;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW);
    sleep_ms(1000); /* the lease that runs is not the first */
    assert_int_equal(stand_in_seen().made, 1);
    int64_t began = clock_mono_ms();
    atomic_store(&failing[CALL_RENEW], 1000);
    atomic_store(&failing[CALL_HELD], 1000);
    atomic_store(&failing[CALL_FAIL], 1000);
    WAIT_FOR(stand_in_seen().stopped == 1);
    /* Not sooner than it must, and then without a word to a store that may think otherwise. */
    assert_true(stand_in_seen().stopped_ms - began >= 350);
    WAIT_FOR(workers_busy(w->workers) == 0);
    assert_int_equal(atomic_load(&called[CALL_FAIL]), 0);
    assert_int_equal(world_row(w, id).state, TASK_PROCESSING);
    for (int i = 0; i < CALL_COUNT; i++)
        atomic_store(&failing[i], 0);
    stand_in_release();
    sleep_ms(600);
    OK(task_sweep(w->tasks, false, &swept, &e));
    assert_int_equal(swept.expired, 1);
    assert_int_equal(world_wait(w, id, TASK_PROCESSED).attempts, 2);
    world_is_whole(w);
}

static void an_attempt_is_settled_when_the_store_answers_again(void **state)
{
    struct world *w = *state;
    world_start(w);
    atomic_store(&failing[CALL_FAIL], 4);
    struct task_row row = world_wait(w, world_upload(w, CLIP_BAD), TASK_FAILED);
    assert_int_equal(atomic_load(&called[CALL_FAIL]), 5);
    assert_string_equal(row.error_slug, "no_video");
    assert_int_equal(stand_in_seen().made, 1);
}

static void without_store_and_queue_a_worker_asks_again_and_not_in_a_hurry(void **state)
{
    struct world *w = *state;
    atomic_store(&failing[CALL_CLAIM], 5);
    world_start(w);
    int64_t began = clock_mono_ms(), id = world_upload(w, "x");
    world_wait(w, id, TASK_PROCESSED);
    assert_true(clock_mono_ms() - began >= 50 + 100 + 200 + 400); /* four pauses lie between five */
    atomic_store(&called[CALL_TAKE], 0);
    atomic_store(&failing[CALL_TAKE], 1000000);
    id = world_upload(w, "x"); /* its message is never taken */
    world_wait(w, id, TASK_PROCESSED);
    sleep_ms(1000);
    assert_in_range(atomic_load(&called[CALL_TAKE]), 2, 20);
}

/* -- stopping -- */

struct stop {
    struct world *w;
    int64_t drain_ms, took_ms;
    pthread_t thread;
    atomic_bool done;
};

static void *stop_run(void *arg)
{
    struct stop *s = arg;
    int64_t began = clock_mono_ms();
    workers_stop(s->w->workers, s->drain_ms);
    s->took_ms = clock_mono_ms() - began;
    atomic_store(&s->done, true);
    return NULL;
}

static void stop_begin(struct stop *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, stop_run, s), 0);
}

static void idle_workers_stop_at_once(void **state)
{
    struct world *w = *state;
    w->conf.jobs = 3;
    world_start(w);
    sleep_ms(20);
    struct stop s = {.w = w, .drain_ms = NEVER_MS};
    stop_begin(&s);
    WAIT_FOR(atomic_load(&s.done));
    pthread_join(s.thread, NULL);
    assert_true(s.took_ms < 900); /* less than any wait of theirs */
    workers_stop(w->workers, 0);
    workers_free(NULL);
}

static void a_running_attempt_may_finish_and_nothing_new_begins(void **state)
{
    struct world *w = *state;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW), next = world_upload(w, "x");
    WAIT_FOR(stand_in_seen().made == 1);
    struct stop s = {.w = w, .drain_ms = NEVER_MS};
    stop_begin(&s);
    sleep_ms(100);
    assert_false(atomic_load(&s.done));
    assert_int_equal(workers_busy(w->workers), 1);
    stand_in_release();
    WAIT_FOR(atomic_load(&s.done));
    pthread_join(s.thread, NULL);
    assert_int_equal(world_row(w, id).state, TASK_PROCESSED);
    assert_int_equal(world_row(w, next).state, TASK_UPLOADED);
    assert_int_equal(stand_in_seen().made, 1);
}

static int note_alive(void *arg, const struct worker_row *row)
{
    char *text = arg;
    snprintf(text + strlen(text), 32 - strlen(text), "%d/%d ", row->busy, row->jobs);
    return 0;
}

/* "<busy>/<jobs> " of each that is alive. */
static const char *alive(struct world *w)
{
    char *text = arena_get(w->arena, 32);
    *text = 0;
    OK(store_worker_list(w->store, note_alive, text, &e));
    return text;
}

static void who_works_is_told_until_the_last_attempt_has_ended(void **state)
{
    struct world *w = *state;
    w->conf.jobs = 2;
    world_start(w);
    WAIT_FOR(strcmp(alive(w), "0/2 ") == 0);
    world_upload(w, CLIP_SLOW);
    WAIT_FOR(strcmp(alive(w), "1/2 ") == 0);
    struct stop s = {.w = w, .drain_ms = NEVER_MS};
    stop_begin(&s);
    sleep_ms(100);
    assert_string_equal(alive(w), "1/2 ");
    stand_in_release();
    WAIT_FOR(atomic_load(&s.done));
    pthread_join(s.thread, NULL);
    assert_string_equal(alive(w), "");
}

static void who_only_relays_and_sweeps_is_no_worker(void **state)
{
    struct world *w = *state;
    w->conf.jobs = 0;
    world_start(w);
    sleep_ms(100);
    workers_stop(w->workers, 0);
    assert_string_equal(alive(w), "");
}

static void what_does_not_finish_in_time_is_handed_back(void **state)
{
    struct world *w = *state;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW);
    WAIT_FOR(stand_in_seen().made == 1);
    int64_t began = clock_mono_ms();
    workers_stop(w->workers, 200);
    assert_in_range(clock_mono_ms() - began, 200, 2000);
    struct task_row row = world_row(w, id);
    assert_int_equal(row.state, TASK_UPLOADED);
    assert_int_equal(row.attempts, 0); /* no fault, not counted */
    assert_int_equal(row.not_before_ms, 0);
    assert_int_equal(world_blobs(w), 1);
    world_is_whole(w);
}

static void a_second_stop_hastens_the_first(void **state)
{
    struct world *w = *state;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW);
    WAIT_FOR(stand_in_seen().made == 1);
    struct stop first = {.w = w, .drain_ms = NEVER_MS};
    stop_begin(&first);
    sleep_ms(50);
    assert_false(atomic_load(&first.done));
    int64_t began = clock_mono_ms();
    workers_stop(w->workers, 0);
    WAIT_FOR(atomic_load(&first.done));
    assert_true(clock_mono_ms() - began < 1000);
    pthread_join(first.thread, NULL);
    assert_int_equal(world_row(w, id).state, TASK_UPLOADED);
}

static void a_later_stop_with_more_time_gives_none(void **state)
{
    struct world *w = *state;
    world_start(w);
    int64_t id = world_upload(w, CLIP_SLOW);
    WAIT_FOR(stand_in_seen().made == 1);
    struct stop first = {.w = w, .drain_ms = 300};
    stop_begin(&first);
    sleep_ms(50);
    int64_t began = clock_mono_ms();
    workers_stop(w->workers, NEVER_MS);
    assert_true(clock_mono_ms() - began < 2000);
    pthread_join(first.thread, NULL);
    assert_int_equal(world_row(w, id).state, TASK_UPLOADED);
}

static void a_stop_does_not_wait_for_a_store_that_is_silent(void **state)
{
    struct world *w = *state;
    world_start(w);
    world_upload(w, CLIP_SLOW);
    WAIT_FOR(stand_in_seen().made == 1);
    atomic_store(&failing[CALL_FAIL], 1000);
    int64_t began = clock_mono_ms();
    workers_stop(w->workers, 0);
    assert_true(clock_mono_ms() - began < 2000);
    assert_in_range(atomic_load(&called[CALL_FAIL]), 1, 2);
}

#define FACT(f) cmocka_unit_test_setup_teardown(f, set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest facts[] = {
        FACT(as_many_attempts_run_as_there_are_jobs),
        FACT(an_attempt_begins_when_its_task_is_committed),
        FACT(tasks_from_before_the_start_are_worked_on),
        FACT(a_worker_sleeps_no_longer_than_until_the_next_task_is_due),
        FACT(a_long_attempt_keeps_its_lease),
        FACT(a_lost_attempt_that_wakes_up_publishes_nothing),
        FACT(a_store_that_is_silent_for_less_than_the_lease_costs_nothing),
        FACT(a_store_that_is_silent_for_longer_ends_the_attempt_and_another_follows),
        FACT(an_attempt_is_settled_when_the_store_answers_again),
        FACT(without_store_and_queue_a_worker_asks_again_and_not_in_a_hurry),
        FACT(idle_workers_stop_at_once),
        FACT(a_running_attempt_may_finish_and_nothing_new_begins),
        FACT(who_works_is_told_until_the_last_attempt_has_ended),
        FACT(who_only_relays_and_sweeps_is_no_worker),
        FACT(what_does_not_finish_in_time_is_handed_back),
        FACT(a_second_stop_hastens_the_first),
        FACT(a_later_stop_with_more_time_gives_none),
        FACT(a_stop_does_not_wait_for_a_store_that_is_silent),
    };
    return cmocka_run_group_tests_name("lasting", facts, NULL, NULL);
}
