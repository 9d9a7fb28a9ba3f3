/* The facts about work that hold for every back end of the store: claims and their fairness,
 * leases, threads that meet, the outbox, and the end of a process. */
#include "store/test/world.h"

#include "core/clock.h"
#include "core/str.h"
#include "store/outbox.h"
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* -- claims -- */

static void a_claim_takes_the_oldest_and_gives_it_once(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), first = add_task(w, ana), second = add_task(w, ana);
    struct task_row t = {0};
    int64_t before = store_now_ms(w->s);
    assert_true(claim(w, &t));
    assert_int_equal(t.id, first);
    assert_int_equal(t.state, TASK_PROCESSING);
    assert_int_equal(t.fence, 1);
    assert_int_equal(t.attempts, 1);
    assert_string_equal(t.worker, "worker-1");
    /* a store elsewhere sets the lease by its own clock, which store_now_ms only reckons */
    assert_in_range(t.lease_until_ms, before + 9900, before + 15000);
    assert_true(claim(w, &t));
    assert_int_equal(t.id, second);
    struct task_row untouched = {.id = 99};
    assert_false(claim(w, &untouched));
    assert_int_equal(untouched.id, 99);
}

static void ask16_a_flood_by_one_delays_another_by_at_most_one(void **state)
{
    struct world *w = *state;
    int64_t flood = add_user(w, "flood"), late = add_user(w, "late"), third = add_user(w, "third");
    for (int i = 0; i < 20; i++)
        add_task(w, flood);
    struct task_row t;
    for (int i = 0; i < 5; i++)
        assert_true(claim(w, &t));
    for (int i = 0; i < 4; i++)
        add_task(w, late);
    add_task(w, third);
    char turns[32] = "";
    while (claim(w, &t) && strlen(turns) < 12)
        str_copy(turns + strlen(turns), 2,
                 t.user_id == flood  ? "f"
                 : t.user_id == late ? "l"
                                     : "t");
    assert_string_equal(turns, "ltflflflffff");
    /* who comes back after having been served is behind who was not */
    add_task(w, third);
    add_task(w, late);
    assert_true(claim(w, &t));
    assert_true(t.user_id == third);
}

static void a_wait_keeps_a_task_from_being_claimed_until_it_is_over(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), in_ms = 5;
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_int_equal(in_ms, -1);
    int64_t id = add_task(w, ana);
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_int_equal(in_ms, 0);
    struct task_row t;
    assert_true(claim(w, &t));
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_int_equal(in_ms, -1);
    assert_true(change(
        w, (struct task_change){.id = id, .from = ANY, .to = TASK_UPLOADED, .wait_ms = 60000}));
    assert_false(claim(w, &t));
    OK(store_task_next_due(w->s, &in_ms, e));
    assert_in_range(in_ms, 50000, 60000);
    assert_true(change(
        w, (struct task_change){.id = id, .from = ANY, .to = TASK_UPLOADED, .wait_ms = 150}));
    assert_false(claim(w, &t));
    int64_t end = clock_mono_ms() + 5000;
    while (!claim(w, &t) && clock_mono_ms() < end)
        usleep(20000);
    assert_int_equal(t.id, id);
    assert_int_equal(t.fence, 2);
}

static void a_deleted_or_settled_task_is_never_claimed(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana"), eva = add_user(w, "eva");
    int64_t gone = add_task(w, ana), failed = add_task(w, ana), waits = add_task(w, eva);
    assert_true(change_to(w, gone, ANY, TASK_DELETED));
    assert_true(change_to(w, failed, ANY, TASK_FAILED));
    struct task_row t;
    assert_true(claim(w, &t));
    assert_int_equal(t.id, waits);
    assert_false(claim(w, &t));
}

/* -- leases -- */

static int64_t first_expired(struct world *w)
{
    char ids[64] = "";
    OK(store_task_expired(w->s, 8, note_task, ids, e));
    return *ids ? strtol(ids, NULL, 10) : 0;
}

static bool renew(struct world *w, const struct task_row *t, int64_t lease_ms, int progress)
{
    bool held = false;
    OK(store_task_renew(w->s, t->id, t->fence, lease_ms, progress, &held, e));
    return held;
}

static void a_lease_is_moved_by_its_holder_and_runs_out_without(void **state)
{
    struct world *w = *state;
    int64_t id = add_task(w, add_user(w, "ana"));
    struct task_row t, now;
    assert_true(claim(w, &t));
    assert_int_equal(first_expired(w), 0);
    assert_true(renew(w, &t, 60000, 42));
    now = get(w, id);
    assert_int_equal(now.progress, 42);
    assert_true(now.lease_until_ms > t.lease_until_ms + 40000);
    assert_true(renew(w, &t, 0, 77)); /* only asks */
    assert_int_equal(get(w, id).progress, 42);
    assert_true(renew(w, &t, 1, 1000));
    assert_int_equal(get(w, id).progress, 100);
    usleep(5000);
    assert_int_equal(first_expired(w), id);
    assert_true(change_to(w, id, PROCESSING, TASK_UPLOADED));
    assert_int_equal(first_expired(w), 0);
    assert_false(renew(w, &t, 1000, 50));
    struct task_row again;
    assert_true(claim(w, &again));
    assert_int_equal(again.id, id);
    assert_false(renew(w, &t, 1000, 50)); /* the old number */
    assert_false(renew(w, &t, 0, 0));
    assert_true(renew(w, &again, 1000, 50));
    assert_true(change_to(w, id, ANY, TASK_DELETED));
    assert_false(renew(w, &again, 0, 0));
}

/* -- threads -- */

enum { HAMMERS = 4, HAMMERED = 60 };
struct hammer {
    struct world *w;
    atomic_int *claims; /* by task id */
    int64_t user;
    int failed;
};

/* Adds, claims and settles; every second add is over the quota and must leave no trace, though it
 * may share its transaction with another thread's. */
static void *hammer(void *arg)
{
    struct hammer *h = arg;
    AUTO(arena_freep) struct arena *a = arena_new();
    for (int i = 0; i < HAMMERED; i++) {
        struct task_new n = {.user_id = h->user,
                             .file_name = "a",
                             .clip_blob = arena_printf(a, "clips/%d/%d", (int)h->user, i),
                             .clip_hash = "h",
                             .clip_bytes = 10,
                             .quota_bytes = i % 2 ? 1 : 0};
        int64_t id;
        bool existed, found, done;
        struct err e = {0};
        int rc = store_task_add(h->w->s, &n, &id, &existed, &e);
        if (rc != (i % 2 ? -1 : 0) || (rc < 0 && e.msg != MSG_QUOTA_EXCEEDED))
            h->failed++;
        struct task_row t;
        if (store_task_claim(h->w->s, a, "w", 10000, &t, &found, &e) < 0)
            h->failed++;
        else if (found) {
            atomic_fetch_add(&h->claims[t.id], 1);
            struct task_change c = {.id = t.id,
                                    .from = PROCESSING,
                                    .fence = t.fence,
                                    .to = i % 3 ? TASK_FAILED : TASK_DELETED};
            if (store_task_change(h->w->s, &c, &done, &e) < 0 || !done)
                h->failed++;
        }
    }
    return NULL;
}

static void threads_that_meet_claim_each_task_once(void **state)
{
    struct world *w = *state;
    static atomic_int claims[HAMMERS * HAMMERED * 2];
    for (size_t i = 0; i < LEN(claims); i++)
        atomic_store(&claims[i], 0); /* another back end's run */
    struct hammer h[HAMMERS];
    pthread_t thread[HAMMERS];
    const char *const names[HAMMERS] = {"a", "b", "c", "d"};
    for (int i = 0; i < HAMMERS; i++)
        h[i] = (struct hammer){w, claims, add_user(w, names[i]), 0};
    for (int i = 0; i < HAMMERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hammer, &h[i]), 0);
    int claimed = 0;
    for (int i = 0; i < HAMMERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(h[i].failed, 0);
    }
    for (size_t i = 0; i < LEN(claims); i++) {
        assert_true(claims[i] <= 1);
        claimed += claims[i];
    }
    int64_t counts[TASK_STATE_COUNT];
    OK(store_task_counts(w->s, counts, e));
    assert_int_equal(claimed, HAMMERS * HAMMERED / 2 - counts[TASK_UPLOADED]);
    assert_int_equal(claimed, counts[TASK_FAILED] + counts[TASK_DELETED]);
}

/* -- the outbox -- */

static void *ring_later(void *arg)
{
    struct world *w = arg;
    usleep(50000);
    add_task(w, 1);
    return NULL;
}

static void who_waits_for_the_outbox_is_woken_by_a_row(void **state)
{
    struct world *w = *state;
    add_user(w, "ana");
    store_outbox_wait(w->s, 0); /* a fresh store is looked at once in any case */
    int64_t start = clock_mono_ms();
    store_outbox_wait(w->s, 100);
    assert_in_range(clock_mono_ms() - start, 95, 5000);
    start = clock_mono_ms();
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, ring_later, w), 0);
    store_outbox_wait(w->s, 20000);
    assert_true(clock_mono_ms() - start < 10000);
    pthread_join(t, NULL);
    add_task(w, 1); /* before the wait: it must not sleep over it */
    store_outbox_wait(w->s, 20000);
    store_outbox_wake_all(w->s);
    store_outbox_wait(w->s, 20000);
    store_outbox_wait(w->s, 20000);
    assert_true(clock_mono_ms() - start < 10000);
}

static void what_was_told_goes_and_what_came_since_stays(void **state)
{
    struct world *w = *state;
    int64_t ana = add_user(w, "ana");
    add_task(w, ana);
    add_task(w, ana);
    struct outbox_row rows[8];
    int n = 0;
    OK(store_outbox_read(w->s, 8, rows, &n, e));
    assert_int_equal(n, 2);
    OK(store_outbox_done(w->s, rows[1].id, e));
    int64_t third = add_task(w, ana);
    OK(store_outbox_done(w->s, rows[1].id, e)); /* told again: not the new one */
    OK(store_outbox_read(w->s, 8, rows, &n, e));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].task_id, third);
    OK(store_outbox_read(w->s, 0, rows, &n, e));
    assert_int_equal(n, 0);
}

/* -- the end of a process -- */

/* Adds tasks and claims them for ever, saying which are acknowledged. */
static void child_adds(const char *url, int64_t user, int fd)
{
    struct store *s;
    struct arena *a = arena_new();
    if (store_open(&s, url, NULL, NULL) < 0)
        _exit(1);
    for (int i = 0;; i++) {
        struct task_new n = {.user_id = user,
                             .file_name = "a",
                             .clip_blob = arena_printf(a, "clips/k/%d/%d", (int)getpid(), i),
                             .clip_hash = "h",
                             .clip_bytes = 10};
        int64_t id;
        bool existed, found;
        struct task_row t;
        if (store_task_add(s, &n, &id, &existed, NULL) < 0 ||
            write(fd, &id, sizeof(id)) != sizeof(id) ||
            (i % 3 == 0 && store_task_claim(s, a, "doomed", 1, &t, &found, NULL) < 0))
            _exit(1);
    }
}

static void kill_9_loses_no_acknowledged_row(void **state)
{
    struct world *w = *state;
    int64_t user = add_user(w, "ana"), last = 0, counts[TASK_STATE_COUNT];
    for (int round = 0; round < 4; round++) {
        store_close(w->s);
        w->s = NULL;
        int p[2];
        assert_int_equal(pipe(p), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(p[0]);
            child_adds(w->url, user, p[1]);
        }
        close(p[1]);
        int64_t acknowledged[256], id;
        int n = 0;
        while (n < 20 + round && read(p[0], &id, sizeof(id)) == sizeof(id))
            acknowledged[n++] = id;
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (n < 256 && read(p[0], &id, sizeof(id)) == sizeof(id))
            acknowledged[n++] = id;
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        close(p[0]);
        open_store(w);
        assert_true(n >= 20);
        for (int i = 0; i < n; i++) {
            assert_int_equal(get(w, acknowledged[i]).user_id, user);
            last = acknowledged[i];
        }
        OK(store_check(w->s, e));
        OK(store_task_counts(w->s, counts, e));
        assert_true(counts[TASK_PROCESSING] > 0);
        assert_true(first_expired(w) > 0);
    }
    assert_true(last > 80);
}

static void a_store_is_as_it_was_when_it_is_opened_again(void **state)
{
    struct world *w = *state;
    int64_t id = add_task(w, add_user(w, "ana"));
    struct task_row t;
    assert_true(claim(w, &t));
    store_close(w->s);
    open_store(w);
    struct task_row now = get(w, id);
    assert_int_equal(now.state, TASK_PROCESSING);
    assert_int_equal(now.fence, 1);
    OK(store_ping(w->s, e));
    int from = -1, to = -1;
    OK(store_migrate(w->s, &from, &to, e));
    assert_true(from == to && to > 0);
}

int main(void)
{
    static const struct fact facts[] = {
        FACT(a_claim_takes_the_oldest_and_gives_it_once),
        FACT(ask16_a_flood_by_one_delays_another_by_at_most_one),
        FACT(a_wait_keeps_a_task_from_being_claimed_until_it_is_over),
        FACT(a_deleted_or_settled_task_is_never_claimed),
        FACT(a_lease_is_moved_by_its_holder_and_runs_out_without),
        FACT(threads_that_meet_claim_each_task_once),
        FACT(who_waits_for_the_outbox_is_woken_by_a_row),
        FACT(what_was_told_goes_and_what_came_since_stays),
        FACT(kill_9_loses_no_acknowledged_row),
        FACT(a_store_is_as_it_was_when_it_is_opened_again),
    };
    return run_facts(facts, LEN(facts));
}
