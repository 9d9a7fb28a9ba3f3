/* Housekeeping: the relay, the sweep, the check; and everything at once. */
#include "task/test/world.h"

#include "core/clock.h"
#include "store/outbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static void *run_relay(void *arg)
{
    task_relay(((struct world *)arg)->tasks);
    return NULL;
}

static bool take(struct world *w, int64_t timeout_ms, int64_t *task)
{
    struct queue_message m = {0};
    bool got = false;
    OK(queue_take(w->queue, timeout_ms, &m, &got, e));
    if (got)
        OK(queue_ack(w->queue, &m, e));
    *task = m.task_id;
    return got;
}

static int outbox_rows(struct world *w)
{
    struct outbox_row rows[8];
    int n = 0;
    OK(store_outbox_read(w->store, 8, rows, &n, e));
    return n;
}

static bool outbox_empties(struct world *w, int64_t within_ms)
{
    int64_t end = clock_mono_ms() + within_ms;
    while (outbox_rows(w) > 0 && clock_mono_ms() < end)
        usleep(10000);
    return outbox_rows(w) == 0;
}

static void the_relay_tells_the_queue_and_empties_the_outbox(void **state)
{
    struct world *w = *state;
    pthread_t relay;
    int64_t id, start = clock_mono_ms();
    upload_any(w); /* before the relay starts: it must not be missed */
    assert_int_equal(pthread_create(&relay, NULL, run_relay, w), 0);
    assert_true(take(w, 20000, &id));
    upload_any(w);
    assert_true(take(w, 20000, &id));
    assert_true(clock_mono_ms() - start < 10000);
    assert_true(outbox_empties(w, 20000));
    assert_false(take(w, 0, &id));
    task_relay_stop(w->tasks);
    pthread_join(relay, NULL);
}

static void a_stopped_relay_forgets_what_it_told(void **state)
{
    struct world *w = *state;
    pthread_t relay;
    int64_t id;
    upload_any(w);
    assert_int_equal(pthread_create(&relay, NULL, run_relay, w), 0);
    assert_true(take(w, 20000, &id));
    task_relay_stop(w->tasks);
    pthread_join(relay, NULL);
    assert_int_equal(outbox_rows(w), 0);
}

static void a_queue_that_is_down_is_told_when_it_is_back(void **state)
{
    struct world *w = *state;
    pthread_t relay;
    int64_t id, start = clock_mono_ms();
    fault_publish = (struct faults){FAULT_BEFORE, ERR_BUSY, 3};
    upload_any(w);
    upload_any(w);
    assert_int_equal(pthread_create(&relay, NULL, run_relay, w), 0);
    assert_true(take(w, 20000, &id));
    assert_true(clock_mono_ms() - start >= 100 + 200 + 400 - 5); /* it backed off */
    assert_true(outbox_empties(w, 20000));
    task_relay_stop(w->tasks);
    pthread_join(relay, NULL);
    assert_int_equal(fault_publish.calls, 0);
}

static void a_long_outbox_is_told_whole(void **state)
{
    struct world *w = *state;
    pthread_t relay;
    enum { MANY = 600 };
    for (int i = 0; i < MANY; i++) {
        struct task_new n = {.user_id = w->user,
                             .file_name = "a",
                             .clip_blob = arena_printf(w->a, "clips/none/%d", i),
                             .clip_hash = "h"};
        int64_t id;
        bool existed;
        struct task_row row;
        OK(store_task_add(w->store, &n, &id, &existed, e));
        OK(task_delete(w->tasks, w->a, id, 0, &row, e)); /* has no bytes for the check */
    }
    assert_int_equal(pthread_create(&relay, NULL, run_relay, w), 0);
    assert_true(outbox_empties(w, 30000));
    task_relay_stop(w->tasks);
    pthread_join(relay, NULL);
    int purged = 0;
    for (int i = 0; i < 10 && purged < MANY; i++)
        purged += sweep(w, false).purged;
    assert_int_equal(purged, MANY);
}

/* -- the sweep -- */

static void a_task_whose_wait_is_over_is_announced_again(void **state)
{
    struct world *w = *state;
    struct task_rules rules = w->rules;
    struct task_row c;
    int64_t id;
    upload_any(w);
    struct task_row up = upload_any(w);
    assert_int_equal(sweep(w, false).announced, 0); /* told a moment ago */
    assert_true(claim(w, "w1", &c));
    assert_true(claim(w, "w1", &c));
    assert_int_equal(c.id, up.id);
    rules.retry_wait_ms = 200;
    world_rules(w, rules);
    fail_with(w, &c, ERR_SYSTEM, MSG_INTERNAL);
    assert_int_equal(sweep(w, false).announced, 0);
    usleep(250000);
    assert_int_equal(sweep(w, false).announced, 1);
    assert_true(take(w, 1000, &id));
    assert_true(claim(w, "w1", &c));
    assert_int_equal(c.id, up.id);
    assert_int_equal(sweep(w, false).announced, 0);
}

static void a_sweep_takes_many_of_each_kind(void **state)
{
    struct world *w = *state;
    enum { MANY = 150 };
    struct task_rules rules = w->rules;
    rules.lease_ms = 1;
    world_rules(w, rules);
    struct task_row row, c;
    for (int i = 0; i < MANY; i++) {
        struct task_row up = upload_any(w);
        if (i % 2)
            OK(task_delete(w->tasks, w->a, up.id, w->user, &row, e));
    }
    int claimed = 0;
    while (claim(w, "w1", &c))
        claimed++;
    assert_int_equal(claimed, MANY / 2);
    usleep(5000);
    struct task_swept swept = sweep(w, false);
    assert_int_equal(swept.expired, MANY / 2);
    assert_int_equal(swept.purged, MANY / 2);
    assert_int_equal(rows_in(w, TASK_UPLOADED), MANY / 2);
    assert_int_equal(blob_count(w), MANY / 2);
    swept = sweep(w, true);
    assert_int_equal(swept.expired + swept.purged + swept.orphans, 0);
}

static void put_orphan(struct world *w, const char *name)
{
    struct blob_writer *b;
    int64_t size;
    OK(blob_begin(w->blob, 0, &b, e));
    OK(blob_write(b, "orphan", 6, e));
    OK(blob_commit(b, name, &size, e));
}

static void ask9_bytes_without_a_row_are_found_and_removed_when_old(void **state)
{
    struct world *w = *state;
    struct task_row c;
    bool published;
    upload_any(w);
    assert_true(claim(w, "w1", &c));
    OK(finish(w, &c, true, &published, e));
    put_orphan(w, "clips/2026/11/23/left");
    put_orphan(w, "reels/2026/11/23/left.mp4");
    put_orphan(w, "posters/2026/11/23/left.jpg");
    const char *found = problems(w);
    assert_non_null(strstr(found, "clips/2026/11/23/left: 6 bytes"));
    assert_non_null(strstr(found, "reels/2026/11/23/left.mp4"));
    assert_non_null(strstr(found, "posters/2026/11/23/left.jpg"));
    assert_int_equal(sweep(w, true).orphans, 0); /* they may be an upload's under way */
    struct task_rules rules = w->rules;
    rules.alone = true; /* then nobody but a dead process can have left what was there before */
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 200000000}, NULL);
    world_rules(w, rules);
    put_orphan(w, "clips/2026/11/23/new");
    assert_int_equal(sweep(w, false).orphans, 0);
    assert_int_equal(sweep(w, true).orphans, 3);
    rules.upload_grace_ms = 0;
    world_rules(w, rules);
    assert_int_equal(sweep(w, true).orphans, 1);
    assert_int_equal(blob_count(w), 3);
}

/* -- everything at once -- */

enum { UPLOADERS = 2, WORKERS = 3, UPLOADS = 25 };
struct busy {
    struct world *w;
    atomic_int uploaded, published, gone, wrong;
    atomic_bool done;
};

static void *uploads(void *arg)
{
    struct busy *b = arg;
    struct world own = *b->w;
    own.a = arena_new();
    for (int i = 0; i < UPLOADS; i++) {
        const struct task_wish wish = {.user_id = own.user, .file_name = "a.mp4"};
        struct task_row row, was;
        bool existed;
        if (upload(&own, clip_make(&own, 6000, i), 6000, &wish, &row, &existed, NULL) < 0 ||
            existed)
            b->wrong++;
        else if (i % 5 == 4 && task_delete(own.tasks, own.a, row.id, own.user, &was, NULL) == 0)
            b->gone++;
        else
            b->uploaded++;
    }
    arena_free(own.a);
    return NULL;
}

static void *works(void *arg)
{
    struct busy *b = arg;
    struct world own = *b->w;
    while (!b->done) {
        own.a = arena_new();
        struct task_row c;
        bool published = false, held, found = false;
        int64_t task;
        take(&own, 20, &task);
        if (task_claim(own.tasks, own.a, "w", &c, &found, NULL) < 0)
            b->wrong++;
        else if (found) {
            if (task_renew(own.tasks, &c, 50, &held, NULL) < 0 ||
                (c.fence % 2 == 1 && c.id % 4 == 0
                     ? fail_with(&own, &c, ERR_STOPPED, MSG_STOPPED) != TASK_UPLOADED
                     : finish(&own, &c, true, &published, NULL) < 0))
                b->wrong++;
            b->published += published;
        }
        arena_free(own.a);
    }
    return NULL;
}

static void *sweeps(void *arg)
{
    struct busy *b = arg;
    while (!b->done) {
        sweep(b->w, true);
        usleep(5000);
    }
    return NULL;
}

static void everything_at_once_keeps_every_promise(void **state)
{
    struct world *w = *state;
    struct busy b = {.w = w};
    pthread_t relay, up[UPLOADERS], work[WORKERS], sweeper;
    assert_int_equal(pthread_create(&relay, NULL, run_relay, w), 0);
    assert_int_equal(pthread_create(&sweeper, NULL, sweeps, &b), 0);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&work[i], NULL, works, &b), 0);
    for (int i = 0; i < UPLOADERS; i++)
        assert_int_equal(pthread_create(&up[i], NULL, uploads, &b), 0);
    for (int i = 0; i < UPLOADERS; i++)
        pthread_join(up[i], NULL);
    int64_t end = clock_mono_ms() + 60000;
    while (rows_in(w, TASK_UPLOADED) + rows_in(w, TASK_PROCESSING) > 0 && clock_mono_ms() < end)
        usleep(10000);
    b.done = true;
    for (int i = 0; i < WORKERS; i++)
        pthread_join(work[i], NULL);
    pthread_join(sweeper, NULL);
    task_relay_stop(w->tasks);
    pthread_join(relay, NULL);
    sweep(w, true);
    assert_int_equal(b.wrong, 0);
    assert_int_equal(b.uploaded + b.gone, UPLOADERS * UPLOADS);
    assert_int_equal(rows_in(w, TASK_PROCESSED), b.uploaded);
    assert_int_equal(rows_in(w, TASK_DELETED), 0);
    assert_int_equal(blob_count(w), 3 * b.uploaded); /* I3, I6: one reel a task, nothing else */
    assert_int_equal(bytes_used(w), (int64_t)6011 * b.uploaded);
    assert_true(b.published >= b.uploaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define FACT(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
        FACT(the_relay_tells_the_queue_and_empties_the_outbox),
        FACT(a_stopped_relay_forgets_what_it_told),
        FACT(a_queue_that_is_down_is_told_when_it_is_back),
        FACT(a_long_outbox_is_told_whole),
        FACT(a_task_whose_wait_is_over_is_announced_again),
        FACT(a_sweep_takes_many_of_each_kind),
        FACT(ask9_bytes_without_a_row_are_found_and_removed_when_old),
        FACT(everything_at_once_keeps_every_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
