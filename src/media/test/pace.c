/* Which times of pictures a reel of varying rate may have. */
#include "media/pace.h"
#include "core/reel.h"
#include "core/test/test.h"

#include <string.h>

enum { PER_S = 90000, TIMES_MAX = 6 };

static void steps_are_neither_too_short_nor_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t at[TIMES_MAX];
        int count;
        const char *wrong; /* of the last; NULL: none */
    } rows[] = {
        {"one picture, wherever it is", {777777}, 1, NULL},
        {"at the rate and off it", {0, 3000, 9000, 9500, 90000}, 5, NULL},
        {"just 0.9 ms", {0, 81}, 2, NULL},
        {"less than 0.9 ms", {0, 80}, 2, "all but at one time"},
        {"one time", {500, 500}, 2, "have one time"},
        {"backwards", {500, 9000, 8999}, 3, "have one time"},
        {"just a second", {4, 90004}, 2, NULL},
        {"more than a second", {4, 90005}, 2, "more than a second"},
        {"more than a second later on", {0, 3000, 6000, 100000}, 4, "more than a second"},
    };
    struct profile profile = profile_default();
    for (size_t i = 0; i < LEN(rows); i++) {
        struct pace p;
        pace_init(&p, PER_S, &profile);
        for (int n = 0; n < rows[i].count; n++) {
            const char *wrong = pace_take(&p, rows[i].at[n]);
            const char *wanted = n == rows[i].count - 1 ? rows[i].wrong : NULL;
            if (!wrong != !wanted || (wanted && !strstr(wrong, wanted)))
                fail_msg("%s: picture %d: %s", rows[i].name, n, wrong ? wrong : "taken");
        }
    }
}

/* Pictures `step` ticks apart, from `from` on; how many are taken until the first that is not. */
static int taken(struct pace *p, int64_t from, int64_t step, int most)
{
    for (int n = 0; n < most; n++) {
        const char *wrong = pace_take(p, from + n * step);
        if (wrong) {
            assert_non_null(strstr(wrong, "above the profile's"));
            return n;
        }
    }
    return most;
}

/* A tenth more than the profile's rate, and one, in any second; however many came before. */
static void no_second_has_more_pictures_than_the_profile_and_a_tenth(void **state)
{
    (void)state;
    static const struct {
        int max_fps, per_s, taken; /* of 2000 */
    } rows[] = {
        {60, 60, 2000}, {60, 67, 2000}, {60, 68, 67}, {60, 120, 67},
        {30, 34, 2000}, {30, 35, 34},   {1, 2, 2000}, {1, 3, 2},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct profile profile = profile_default();
        struct pace p;
        profile.max_fps = rows[i].max_fps;
        int64_t per_s = (int64_t)rows[i].per_s * 1000;
        pace_init(&p, per_s, &profile);
        int n = taken(&p, 0, per_s / rows[i].per_s, 2000);
        if (n != rows[i].taken)
            fail_msg("%d of %d a second under %d", n, rows[i].per_s, rows[i].max_fps);
    }
}

static void a_burst_counts_after_a_long_quiet_time(void **state)
{
    (void)state;
    struct profile profile = profile_default();
    struct pace p;
    profile.max_fps = 60;
    pace_init(&p, PER_S, &profile);
    assert_int_equal(taken(&p, 0, PER_S / 10, 2 * PACE_RING), 2 * PACE_RING);
    int64_t end = (2 * PACE_RING - 1) * (int64_t)(PER_S / 10);
    /* of the second that the 68th ends, those of the quiet time before are part */
    assert_in_range(taken(&p, end + 900, 900, 200), 57, 66);
}

/* The ring bounds what is counted, whatever a profile says. */
static void a_profile_of_any_rate_stays_inside_the_ring(void **state)
{
    (void)state;
    struct profile profile = profile_default();
    struct pace p;
    profile.max_fps = 1000;
    pace_init(&p, 1000000, &profile);
    assert_true(p.most < PACE_RING);
    assert_int_equal(taken(&p, 0, 1000, 3 * PACE_RING), PACE_RING - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_neither_too_short_nor_too_long),
        cmocka_unit_test(no_second_has_more_pictures_than_the_profile_and_a_tenth),
        cmocka_unit_test(a_burst_counts_after_a_long_quiet_time),
        cmocka_unit_test(a_profile_of_any_rate_stays_inside_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
