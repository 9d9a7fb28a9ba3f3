/* The facts that hold for every back end of the queue. A back end is a row of `back_ends`. A
 * message may come twice and may be for "some task" (0), so no test counts on less or more. */
#include "core/test/test.h"

#include "core/clock.h"
#include "core/err.h"
#include "queue/queue.h"
#include "queue/test/broker.h"

#include <pthread.h>
#include <stdatomic.h>

/* Long enough for a machine that is busy with other things; nothing here waits for it in vain. */
enum { PATIENCE_MS = 10000, SHORT_MS = 30 };

static void database_url(char *out, size_t size)
{
    snprintf(out, size, "database:");
}

static const struct back_end {
    const char *name;
    void (*url)(char *out, size_t size);
    int flood;
    int settle_ms; /* how long a message may be on its way */
} back_ends[] = {{"database", database_url, 20000, 0},
                 {"amqp", rabbit_url, 1000, 500},
                 {"redis", redis_url, 1000, 500},
                 {"kafka", kafka_url, 1000, 2000}};
enum { BACK_ENDS = LEN(back_ends) - !KAFKA_CAN_RUN }; /* it is the last */
static const struct back_end *now;                    /* the one under test */

static int set_up(void **state)
{
    struct queue *q;
    struct err e = {0};
    char url[256];
    now = *state;
    now->url(url, sizeof(url));
    if (queue_open(&q, url, NULL, &e) < 0)
        fail_msg("open: %s", e.text);
    *state = q;
    return 0;
}

static int tear_down(void **state)
{
    queue_close(*state);
    return 0;
}

static void publish(struct queue *q, int64_t task)
{
    struct err e = {0};
    if (queue_publish(q, task, &e) < 0)
        fail_msg("publish: %s", e.text);
}

static bool take(struct queue *q, int64_t timeout_ms, struct queue_message *m)
{
    struct err e = {0};
    bool got = true;
    if (queue_take(q, timeout_ms, m, &got, &e) < 0)
        fail_msg("take: %s", e.text);
    if (got && queue_ack(q, m, &e) < 0)
        fail_msg("ack: %s", e.text);
    return got;
}

/* Takes what comes again, which on a slow machine may be each message once more (a broker gives
 * what is not acknowledged in time to somebody else), until nothing comes any more. */
static void ends(struct queue *q, int sent)
{
    struct queue_message m;
    int again = 0;
    while (again <= sent && take(q, now->settle_ms, &m))
        again++;
    assert_in_range(again, 0, sent);
}

static void what_is_published_is_taken(void **state)
{
    struct queue *q = *state;
    struct queue_message m;
    publish(q, 7);
    assert_true(take(q, PATIENCE_MS, &m));
    assert_true(m.task_id == 7 || m.task_id == 0);
    ends(q, 1);
}

static void each_message_wakes_a_taker_of_its_own(void **state)
{
    struct queue *q = *state;
    struct queue_message m;
    for (int i = 1; i <= 50; i++)
        publish(q, i);
    for (int i = 1; i <= 50; i++)
        assert_true(take(q, PATIENCE_MS, &m));
    ends(q, 50);
}

static void an_empty_queue_is_waited_on_for_as_long_as_was_asked(void **state)
{
    struct queue *q = *state;
    struct queue_message m;
    int64_t began = clock_mono_ms();
    assert_false(take(q, SHORT_MS, &m));
    int64_t took = clock_mono_ms() - began;
    assert_true(took >= SHORT_MS - 1 && took < PATIENCE_MS);
    began = clock_mono_ms();
    assert_false(take(q, -5, &m));
    assert_true(clock_mono_ms() - began < PATIENCE_MS);
}

static void a_flood_without_takers_neither_blocks_nor_grows_without_end(void **state)
{
    struct queue *q = *state;
    struct queue_message m;
    for (int i = 1; i <= now->flood; i++)
        publish(q, i);
    int taken = 0;
    while (taken <= 2 * now->flood && take(q, taken ? now->settle_ms : PATIENCE_MS, &m))
        taken++;
    assert_in_range(taken, 256, 2 * now->flood); /* as many as there may be workers are woken */
}

struct taker {
    struct queue *queue;
    atomic_int *taken;
    pthread_t thread;
    bool failed;
};

static void *take_until_stopped(void *arg)
{
    struct taker *t = arg;
    struct queue_message m;
    bool got = true;
    /* The last answer is "none", and only a stop gives it before the time is over. */
    int64_t began = clock_mono_ms();
    while (got) {
        if (queue_take(t->queue, 6 * PATIENCE_MS, &m, &got, NULL) < 0)
            t->failed = true;
        if (got && queue_ack(t->queue, &m, NULL) < 0)
            t->failed = true;
        atomic_fetch_add(t->taken, got);
    }
    t->failed = t->failed || clock_mono_ms() - began >= 6 * PATIENCE_MS;
    return NULL;
}

static void takers_share_the_messages_and_a_stop_ends_them_all(void **state)
{
    struct queue *q = *state;
    enum { TAKERS = 4, MESSAGES = 400 };
    struct taker takers[TAKERS];
    atomic_int taken = 0;
    for (int i = 0; i < TAKERS; i++) {
        takers[i] = (struct taker){.queue = q, .taken = &taken};
        assert_int_equal(pthread_create(&takers[i].thread, NULL, take_until_stopped, &takers[i]),
                         0);
    }
    for (int i = 1; i <= MESSAGES; i++)
        publish(q, i);
    int64_t until = clock_mono_ms() + PATIENCE_MS;
    while (atomic_load(&taken) < MESSAGES && clock_mono_ms() < until)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    queue_stop(q);
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(takers[i].thread, NULL);
        assert_false(takers[i].failed);
    }
    assert_in_range(atomic_load(&taken), MESSAGES, 2 * MESSAGES);
}

static void after_a_stop_nothing_is_taken_though_publishing_still_works(void **state)
{
    struct queue *q = *state;
    struct queue_message m;
    publish(q, 1);
    queue_stop(q);
    queue_stop(q);
    publish(q, 2);
    int64_t began = clock_mono_ms();
    assert_false(take(q, PATIENCE_MS, &m));
    assert_true(clock_mono_ms() - began < PATIENCE_MS);
}

struct echo {
    struct queue *there, *back;
};

static void *echo(void *arg)
{
    struct echo *x = arg;
    struct queue_message m;
    bool got = true;
    while (queue_take(x->there, PATIENCE_MS, &m, &got, NULL) == 0 && got)
        queue_publish(x->back, 1, NULL);
    return NULL;
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* A hand-over that slept between two looks would show as its sleep, in the median too. */
static void a_waiting_taker_is_handed_the_message_at_once(void **state)
{
    enum { ROUNDS = 201 };
    int64_t us[ROUNDS];
    struct echo x = {.there = *state};
    struct queue_message m;
    struct err e = {0};
    pthread_t thread;
    assert_int_equal(queue_open(&x.back, "database:", NULL, &e), 0);
    assert_int_equal(pthread_create(&thread, NULL, echo, &x), 0);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t began = now_us();
        publish(x.there, 1);
        assert_true(take(x.back, PATIENCE_MS, &m));
        us[i] = now_us() - began;
    }
    queue_stop(x.there);
    pthread_join(thread, NULL);
    queue_close(x.back);
    qsort(us, ROUNDS, sizeof(*us), by_size);
    print_message("there and back: median %lld us\n", (long long)us[ROUNDS / 2]);
    assert_true(us[ROUNDS / 2] < 20000);
}

static void a_queue_that_works_answers_a_ping(void **state)
{
    struct err e = {0};
    assert_int_equal(queue_ping(*state, &e), 0);
}

static void other_urls_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"",         "database", "databases:", "database:x",
                                       "nats://h", ":",        "file:///x"};
    for (size_t i = 0; i < LEN(urls); i++) {
        struct queue *q = NULL;
        struct err e = {0};
        assert_int_equal(queue_open(&q, urls[i], NULL, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_null(q);
    }
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    struct queue *q = NULL;
    queue_close(NULL);
    queue_closep(&q);
}

#define FACT(f)                                                                                    \
    {                                                                                              \
#f, f, set_up, tear_down, (void *)(uintptr_t)&back_ends[i]                                 \
    }

int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < BACK_ENDS; i++) {
        const struct CMUnitTest facts[] = {
            FACT(what_is_published_is_taken),
            FACT(each_message_wakes_a_taker_of_its_own),
            FACT(an_empty_queue_is_waited_on_for_as_long_as_was_asked),
            FACT(a_flood_without_takers_neither_blocks_nor_grows_without_end),
            FACT(takers_share_the_messages_and_a_stop_ends_them_all),
            FACT(after_a_stop_nothing_is_taken_though_publishing_still_works),
            FACT(a_waiting_taker_is_handed_the_message_at_once),
            FACT(a_queue_that_works_answers_a_ping),
        };
        failed += cmocka_run_group_tests_name(back_ends[i].name, facts, NULL, NULL);
    }
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(other_urls_are_refused),
        cmocka_unit_test(closing_nothing_is_fine),
    };
    failed += cmocka_run_group_tests_name("queue", rest, NULL, NULL);
    brokers_stop();
    return failed;
}
