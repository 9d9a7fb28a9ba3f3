/* Facts of brokers that are programs of their own: what one that goes away takes with it, and what
 * it does not. */
#include "queue/test/broker.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/test/test.h"
#include "queue/queue.h"

#include <time.h>

enum { PATIENCE_MS = 60000 };

static const struct broker {
    const char *name;
    void (*url)(char *out, size_t size);
    void (*crash)(void), (*again)(void);
    int settle_ms;                     /* how long a message may be on its way */
    int64_t (*aside)(const char *url); /* NULL: it knows of no deliveries */
    const char *nobody,
        *wrong; /* URLs: where none listens; with a wrong password, up to the host */
} brokers[] = {
    {"amqp", rabbit_url, rabbit_crash, rabbit_again, 500, rabbit_aside,
     "amqp://guest:guest@127.0.0.1:1/", "amqp://guest:geheim@"},
    {"redis", redis_url, redis_crash, redis_again, 500, redis_aside, "redis://127.0.0.1:1",
     "redis://:geheim@"},
    {"kafka", kafka_url, kafka_crash, kafka_again, 2000, NULL, "kafka://127.0.0.1:1/t", NULL},
};

static struct queue *open_queue(const char *url)
{
    struct queue *q = NULL;
    struct err e = {0};
    if (queue_open(&q, url, NULL, &e) < 0)
        fail_msg("open: %s", e.text);
    return q;
}

/* A broker that has just started may refuse for a moment, as the relay knows. */
static void publish(struct queue *q, int64_t task)
{
    struct err e = {0};
    int64_t began = clock_mono_ms();
    while (queue_publish(q, task, &e) < 0) {
        if (e.code != ERR_BUSY || clock_mono_ms() - began > PATIENCE_MS)
            fail_msg("publish: %s", e.text);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
}

/* Takes until nothing more comes, and notes which; acknowledges when told to. */
static int take_all(const struct broker *b, struct queue *q, int64_t patience_ms, bool ack,
                    bool seen[])
{
    struct queue_message m;
    int n = 0;
    bool got = true;
    while (queue_take(q, n ? b->settle_ms : patience_ms, &m, &got, NULL) == 0 && got) {
        n += !seen[m.task_id];
        seen[m.task_id] = true;
        if (ack)
            assert_int_equal(queue_ack(q, &m, NULL), 0);
    }
    return n;
}

static void what_was_confirmed_survives_a_crash_of_the_broker(void **state)
{
    const struct broker *b = *state;
    char url[256];
    bool seen[64] = {0};
    b->url(url, sizeof(url));
    struct queue *q = open_queue(url);
    for (int i = 1; i <= 50; i++)
        publish(q, i);
    b->crash();
    struct err e = {0};
    int64_t began = clock_mono_ms();
    assert_int_equal(queue_publish(q, 51, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_int_equal(queue_ping(q, &e), -1);
    assert_true(clock_mono_ms() - began < 15000);
    b->again();
    began = clock_mono_ms();
    while (queue_publish(q, 51, &e) < 0 && clock_mono_ms() - began < PATIENCE_MS)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    int n =
        0; /* what was on its way when the broker died may come late: Redis claims it when idle */
    for (began = clock_mono_ms(); n < 51 && clock_mono_ms() - began < PATIENCE_MS;)
        n += take_all(b, q, b->settle_ms, true, seen);
    assert_int_equal(n, 51);
    queue_close(q);
}

static void what_was_not_acknowledged_comes_again_to_another(void **state)
{
    const struct broker *b = *state;
    char url[256];
    bool seen[64] = {0}, again[64] = {0}, none[64] = {0};
    b->url(url, sizeof(url));
    struct queue *first = open_queue(url);
    for (int i = 1; i <= 10; i++)
        publish(first, i);
    assert_int_equal(take_all(b, first, PATIENCE_MS, false, seen), 10);
    queue_close(first);
    struct queue *second = open_queue(url);
    assert_int_equal(take_all(b, second, PATIENCE_MS, true, again), 10);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL); /* the acknowledgements travel */
    queue_close(second);
    struct queue *third = open_queue(url);
    assert_int_equal(take_all(b, third, 2 * b->settle_ms, true, none), 0);
    queue_close(third);
}

/* As of a process that dies of each message. */
static void what_nobody_ever_acknowledges_is_put_aside(void **state)
{
    const struct broker *b = *state;
    char url[300];
    struct queue_message m;
    bool got;
    b->url(url, sizeof(url));
    if (strstr(url, "idle=2000")) /* a short one, or it would take a minute */
        memcpy(strstr(url, "idle=2000"), "idle=0010", 9);
    struct queue *q = open_queue(url);
    publish(q, 4711);
    queue_close(q);
    int64_t aside = 0;
    for (int64_t began = clock_mono_ms(); !aside && clock_mono_ms() - began < PATIENCE_MS;
         aside = b->aside(url)) {
        q = open_queue(url);
        for (got = true; got;)
            assert_int_equal(queue_take(q, 100, &m, &got, NULL), 0);
        queue_close(q);
    }
    assert_int_equal(aside, 4711);
    q = open_queue(url);
    assert_int_equal(queue_take(q, b->settle_ms, &m, &got, NULL), 0);
    assert_false(got);
    queue_close(q);
}

static void a_broker_that_is_not_there_keeps_nobody_from_starting(void **state)
{
    const struct broker *b = *state;
    struct queue *q = open_queue(b->nobody);
    struct queue_message m;
    struct err e = {0};
    bool got = true;
    assert_int_equal(queue_take(q, 50, &m, &got, &e), 0);
    assert_false(got);
    assert_int_equal(queue_publish(q, 1, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    queue_close(q);
}

static void a_wrong_password_is_said_without_it(void **state)
{
    const struct broker *b = *state;
    char url[256], wrong[300];
    b->url(url, sizeof(url));
    snprintf(wrong, sizeof(wrong), "%s%s", b->wrong, strchr(url, '@') + 1);
    struct queue *q = open_queue(wrong);
    struct err e = {0};
    assert_int_equal(queue_publish(q, 1, &e), -1);
    assert_null(strstr(e.text, "geheim"));
    assert_non_null(strstr(e.text, "log-in"));
    queue_close(q);
}

#define FACT(f)                                                                                    \
    {                                                                                              \
#f, f, NULL, NULL, (void *)(uintptr_t)&brokers[i]                                          \
    }

int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < LEN(brokers) - !KAFKA_CAN_RUN; i++) { /* it is the last */
        const struct CMUnitTest tests[] = {
            FACT(what_was_confirmed_survives_a_crash_of_the_broker),
            FACT(what_was_not_acknowledged_comes_again_to_another),
            FACT(a_broker_that_is_not_there_keeps_nobody_from_starting),
            FACT(a_wrong_password_is_said_without_it),
            FACT(what_nobody_ever_acknowledges_is_put_aside),
        };
        /* the last two are of those with passwords, and with deliveries that are counted */
        failed += _cmocka_run_group_tests(brokers[i].name, tests,
                                          LEN(tests) - (brokers[i].wrong ? 0 : 2), NULL, NULL);
    }
    brokers_stop();
    return failed;
}
