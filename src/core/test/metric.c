#include "core/test/test.h"

#include "core/metric.h"
#include "core/str.h"

#include <pthread.h>

static const char *text_of(struct metrics *m, struct buf *b)
{
    buf_clear(b);
    buf_init(b, 1 << 20);
    metrics_text(m, b);
    assert_false(b->cut);
    return b->p;
}

static void a_counter_counts_for_each_of_its_labels(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    METRIC_ADD(m, METRIC_ATTEMPTS, 1, "processed", "copy");
    METRIC_ADD(m, METRIC_ATTEMPTS, 2, "processed", "copy");
    METRIC_ADD(m, METRIC_ATTEMPTS, 1, "failed", "encode");
    METRIC_ADD(m, METRIC_ATTEMPTS, 0, "lost", "none");
    const char *text = text_of(m, &b);
    assert_non_null(
        strstr(text, "\nreelgate_attempts_total{outcome=\"processed\",path=\"copy\"} 3\n"));
    assert_non_null(
        strstr(text, "\nreelgate_attempts_total{outcome=\"failed\",path=\"encode\"} 1\n"));
    assert_non_null(strstr(text, "\nreelgate_attempts_total{outcome=\"lost\",path=\"none\"} 0\n"));
    metrics_free(m);
}

static void a_gauge_is_set_and_moved(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    METRIC_SET(m, METRIC_OLDEST_WAITING, 2.5);
    METRIC_ADD(m, METRIC_BUSY, 1);
    METRIC_ADD(m, METRIC_BUSY, 1);
    METRIC_ADD(m, METRIC_BUSY, -1);
    const char *text = text_of(m, &b);
    assert_non_null(strstr(text, "\nreelgate_oldest_waiting_seconds 2.5\n"));
    assert_non_null(strstr(text, "\nreelgate_worker_busy 1\n"));
    METRIC_SET(m, METRIC_OLDEST_WAITING, 0);
    assert_non_null(strstr(text_of(m, &b), "\nreelgate_oldest_waiting_seconds 0\n"));
    metrics_free(m);
}

static void buckets_hold_all_below_their_bound(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    METRIC_SEE(m, METRIC_RENDER_RATIO, 0.004, "copy");
    METRIC_SEE(m, METRIC_RENDER_RATIO, 0.005, "copy"); /* a bound belongs to what is below it */
    METRIC_SEE(m, METRIC_RENDER_RATIO, 1000, "copy");
    METRIC_SEE(m, METRIC_RENDER_RATIO, -1, "copy");
    METRIC_SEE(m, METRIC_RENDER_RATIO, 0.0 / 0.0, "copy");
    const char *text = text_of(m, &b);
#define NAME "\nreelgate_render_seconds_per_clip_second_"
    assert_non_null(strstr(text, NAME "bucket{path=\"copy\",le=\"0.0025\"} 0\n"));
    assert_non_null(strstr(text, NAME "bucket{path=\"copy\",le=\"0.005\"} 2\n"));
    assert_non_null(strstr(text, NAME "bucket{path=\"copy\",le=\"10\"} 2\n"));
    assert_non_null(strstr(text, NAME "bucket{path=\"copy\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(text, NAME "sum{path=\"copy\"} 1000.009000\n"));
    assert_non_null(strstr(text, NAME "count{path=\"copy\"} 3\n"));
    metrics_free(m);
}

static void a_value_cannot_end_its_line(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    METRIC_ADD(m, METRIC_FAILURES, 1, "a\"} 9\nb\\c");
    assert_non_null(strstr(text_of(m, &b),
                           "\nreelgate_attempt_failures_total{code=\"a\\\"} 9\\nb\\\\c\"} 1\n"));
    metrics_free(m);
}

static void too_many_series_are_counted_as_one(void **state)
{
    (void)state;
    enum { MORE = 1000 };
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    for (int i = 0; i < METRIC_SERIES_MAX + MORE; i++) {
        char name[16];
        snprintf(name, sizeof(name), "code_%d", i);
        METRIC_ADD(m, METRIC_FAILURES, 1, name);
    }
    METRIC_ADD(m, METRIC_FAILURES, 1, "code_0");
    const char *text = text_of(m, &b);
    assert_non_null(strstr(text, "\nreelgate_attempt_failures_total{code=\"code_0\"} 2\n"));
    assert_non_null(strstr(text, "\nreelgate_attempt_failures_total{code=\"other\"} 1000\n"));
    metrics_free(m);
}

static void every_metric_is_told_with_its_kind(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    const char *text = text_of(m, &b);
    int helps = 0, types = 0;
    for (const char *p = text; (p = strstr(p, "# HELP ")); p++)
        helps++;
    for (const char *p = text; (p = strstr(p, "# TYPE ")); p++)
        types++;
    assert_int_equal(helps, METRIC_COUNT_);
    assert_int_equal(types, METRIC_COUNT_);
    metrics_free(m);
}

static void the_process_is_described(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    metrics_process(m);
    const char *text = text_of(m, &b);
    static const char *const names[] = {"process_resident_memory_bytes", "process_open_fds",
                                        "process_max_fds", "process_start_time_seconds",
                                        "process_threads"};
    for (size_t i = 0; i < LEN(names); i++) {
        char line[80];
        snprintf(line, sizeof(line), "\n%s ", names[i]);
        const char *at = strstr(text, line);
        assert_non_null(at);
        assert_true(strtod(at + strlen(line), NULL) > 0);
    }
    metrics_free(m);
}

static void nobody_to_count_for_is_fine(void **state)
{
    (void)state;
    METRIC_ADD(NULL, METRIC_BUSY, 1);
    METRIC_SET(NULL, METRIC_BUSY, 1);
    METRIC_SEE(NULL, METRIC_WAITED, 1);
}

enum { THREADS = 4, ROUNDS = 20000 };
static void *count_much(void *arg)
{
    static const char *const codes[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < ROUNDS; i++) {
        METRIC_ADD(arg, METRIC_FAILURES, 1, codes[i % LEN(codes)]);
        METRIC_SEE(arg, METRIC_WAITED, 0.5);
    }
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    AUTO(buf_clear) struct buf b = {0};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, m), 0);
    for (int i = 0; i < 10; i++)
        (void)text_of(m, &b);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *text = text_of(m, &b);
    assert_non_null(strstr(text, "\nreelgate_attempt_failures_total{code=\"a\"} 16000\n"));
    assert_non_null(strstr(text, "\nreelgate_attempt_failures_total{code=\"e\"} 16000\n"));
    assert_non_null(strstr(text, "\nreelgate_task_wait_seconds_count 80000\n"));
    assert_non_null(strstr(text, "\nreelgate_task_wait_seconds_sum 40000.000000\n"));
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_counts_for_each_of_its_labels),
        cmocka_unit_test(a_gauge_is_set_and_moved),
        cmocka_unit_test(buckets_hold_all_below_their_bound),
        cmocka_unit_test(a_value_cannot_end_its_line),
        cmocka_unit_test(too_many_series_are_counted_as_one),
        cmocka_unit_test(every_metric_is_told_with_its_kind),
        cmocka_unit_test(the_process_is_described),
        cmocka_unit_test(nobody_to_count_for_is_fine),
        cmocka_unit_test(threads_lose_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
