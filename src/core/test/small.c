/* The small ones of core: ids, clock, memory, descriptors. */
#include "core/test/test.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/id.h"
#include "core/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void ids_are_26_letters_and_never_the_same(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static char ids[COUNT][ID_SIZE];
    unsigned seen[256] = {0};
    for (int i = 0; i < COUNT; i++) {
        id_make(ids[i]);
        assert_int_equal(strlen(ids[i]), ID_SIZE - 1);
        assert_int_equal(strspn(ids[i], "abcdefghijklmnopqrstuvwxyz234567"), ID_SIZE - 1);
        for (const char *p = ids[i]; *p; p++)
            seen[(unsigned char)*p]++;
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
    /* 26,000 draws of 32 letters: each about 800 times; the last letter has 3 random bits only */
    for (const char *p = "abcdefghijklmnopqrstuvwxyz234567"; *p; p++)
        assert_in_range(seen[(unsigned char)*p], 500, 1300);
}

static void times_are_written_as_their_standards_say(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *iso, *http;
        int year, month, day;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT", 1970, 1, 1},
        {1795452749123, "2026-11-23T16:52:29.123Z", "Mon, 23 Nov 2026 16:52:29 GMT", 2026, 11, 23},
        {1709164800000, "2024-02-29T00:00:00.000Z", "Thu, 29 Feb 2024 00:00:00 GMT", 2024, 2, 29},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char iso[CLOCK_ISO_SIZE], http[CLOCK_HTTP_SIZE];
        int y, m, d;
        clock_iso(rows[i].ms, iso);
        clock_http(rows[i].ms, http);
        clock_date(rows[i].ms, &y, &m, &d);
        assert_string_equal(iso, rows[i].iso);
        assert_string_equal(http, rows[i].http);
        assert_int_equal(y, rows[i].year);
        assert_int_equal(m, rows[i].month);
        assert_int_equal(d, rows[i].day);
    }
    int64_t before = clock_mono_ms();
    assert_true(clock_mono_ms() >= before);
    assert_true(clock_now_ms() > INT64_C(1700000000000));
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    AUTO(arena_freep) struct arena *a = arena_new();
    char *last = NULL;
    for (size_t n = 1; n < 9000; n = n * 2 + 1) {
        char *p = arena_get(a, n);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 'x', n);
        assert_ptr_not_equal(p, last);
        last = p;
    }
    assert_string_equal(arena_printf(a, "%s-%d", "clip", 7), "clip-7");
    assert_string_equal(arena_strdup(a, ""), "");
    arena_free(NULL);
}

static void take_hands_over_and_leaves_null(void **state)
{
    (void)state;
    char *p = mem_strdup("x");
    char *q = TAKE(p);
    assert_null(p);
    assert_string_equal(q, "x");
    freep(&q);
    assert_null(q);
    freep(&q);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int other = fd_take(&fd);
    assert_int_equal(fd, -1);
    fd_closep(&fd);
    fd_closep(&other);
    assert_int_equal(other, -1);
}

static void whole_reads_stop_at_the_end_and_leave_the_position(void **state)
{
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    int fd = fileno(f);
    struct err e = {0};
    assert_int_equal(fd_write_all(fd, "0123456789", 10, &e), 0);
    char out[16] = "";
    assert_int_equal(fd_pread_full(fd, out, 4, 3, &e), 4);
    assert_memory_equal(out, "3456", 4);
    assert_int_equal(fd_pread_full(fd, out, sizeof(out), 8, &e), 2);
    assert_int_equal(fd_pread_full(fd, out, sizeof(out), 100, &e), 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 10);
    assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
    assert_int_equal(fd_read_full(fd, out, sizeof(out), &e), 8);
    fclose(f);
}

static void a_full_disk_has_a_code_of_its_own(void **state)
{
    (void)state;
    struct err e = {0};
    AUTO(fd_closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(fd_write_all(full, "x", 1, &e), -1);
    assert_int_equal(e.code, ERR_FULL);
    AUTO(fd_closep) int reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fd_write_all(reader, "x", 1, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
}

/* -- errors, waits -- */

static void a_failure_is_passed_on_to_who_wants_to_know(void **state)
{
    (void)state;
    struct err why, e = {0};
    err_set(&why, ERR_BUSY, "not now");
    assert_int_equal(err_pass(&e, &why), -1);
    assert_int_equal(e.code, ERR_BUSY);
    assert_string_equal(e.text, "not now");
    assert_int_equal(err_pass(NULL, &why), -1);
}

static void a_wait_ends_at_its_time_and_not_before(void **state)
{
    (void)state;
    pthread_cond_t c;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    wait_init(&c);
    pthread_mutex_lock(&lock);
    assert_false(wait_until(&c, &lock, clock_mono_ms()));
    int64_t until_ms = clock_mono_ms() + 30;
    while (wait_until(&c, &lock, until_ms)) {
    }
    assert_true(clock_mono_ms() >= until_ms);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_26_letters_and_never_the_same),
        cmocka_unit_test(times_are_written_as_their_standards_say),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(take_hands_over_and_leaves_null),
        cmocka_unit_test(whole_reads_stop_at_the_end_and_leave_the_position),
        cmocka_unit_test(a_full_disk_has_a_code_of_its_own),
        cmocka_unit_test(a_failure_is_passed_on_to_who_wants_to_know),
        cmocka_unit_test(a_wait_ends_at_its_time_and_not_before),
    };
    return cmocka_run_group_tests_name("core/small", tests, NULL, NULL);
}
