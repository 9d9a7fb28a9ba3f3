/* When the pictures of a copied body are whole in both orders, and which times are refused. */
#include "media/copy/hold.h"
#include "core/reel.h"
#include "core/test/test.h"

#include <stdlib.h>
#include <string.h>

enum { PER_S = 12800, SLOT = 512, TIMES_MAX = 8 };

static struct hold hold_of(bool varies, int delay)
{
    struct profile profile = profile_default();
    struct hold h = {.clock = {.per_s = PER_S, .slot = SLOT},
                     .time_base = {1, PER_S},
                     .varies = varies,
                     .delay = delay,
                     .shown = -1};
    pace_init(&h.pace, PER_S, &profile);
    return h;
}

static const char *take(struct hold *h, int64_t pts)
{
    AVPacket *p = av_packet_alloc();
    assert_non_null(p);
    p->pts = pts;
    const char *wrong = hold_take(h, p);
    av_packet_free(&p);
    return wrong;
}

static void a_time_of_the_clip_becomes_one_of_the_body(void **state)
{
    (void)state;
    static const struct {
        bool varies;
        AVRational base;
        int64_t first, pts, at;
        bool wrong;
    } rows[] = {
        {false, {1, PER_S}, 1024, 1024, 0, false},
        {false, {1, PER_S}, 1024, 2560, 1536, false},
        {false, {1, PER_S}, 1024, 2560 + 128, 1536, false}, /* a quarter of a slot */
        {false, {1, PER_S}, 1024, 2560 + 129, 1536, true},
        {false, {1, PER_S}, 1024, 2560 - 129, 1536, true},
        {false, {1, 1000}, 0, 81, 1024, false}, /* a container's milliseconds, rounded */
        {true, {1, PER_S}, 1024, 2560 + 129, 1536 + 129, false},
        {true, {1, 1000}, 5, 86, 1037, false},
        {true, {1, 1000}, 5, 4, -13, false},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct hold h = hold_of(rows[i].varies, 0);
        int64_t at = -1;
        h.time_base = rows[i].base;
        h.first_pts = rows[i].first;
        const char *wrong = hold_time(&h, rows[i].pts, &at);
        if (at != rows[i].at || !wrong != !rows[i].wrong)
            fail_msg("row %zu: %lld, %s", i, (long long)at, wrong ? wrong : "taken");
    }
}

/* After each picture: how many are then safe (and dropped). */
static void a_point_is_safe_once_nothing_earlier_can_come(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool varies;
        int delay;
        int64_t at[TIMES_MAX];
        int safe[TIMES_MAX], count;
        int at_end[2]; /* safe once no more come, and safe after those */
    } rows[] = {
        {"constant, in order", false, 0, {0, 512, 1024}, {1, 1, 1}, 3, {0, 0}},
        {"constant, reordered", false, 1, {0, 1536, 512, 1024}, {1, 0, 0, 3}, 4, {0, 0}},
        {"constant, with a hole", false, 1, {0, 1024, 1536}, {1, 0, 0}, 3, {0, 0}},
        {"varying, in order", true, 0, {0, 700, 3000}, {0, 1, 1}, 3, {1, 0}},
        {"varying, reordered", true, 1, {0, 1536, 512, 9000, 2000}, {0, 1, 0, 2, 0}, 5, {2, 0}},
        {"varying, waits for as many as are reordered",
         true,
         2,
         {0, 900, 1300, 1400},
         {0, 0, 1, 1},
         4,
         {1, 1}},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct hold h = hold_of(rows[i].varies, rows[i].delay);
        for (int n = 0; n < rows[i].count; n++) {
            const char *wrong = take(&h, rows[i].at[n]);
            int safe = hold_safe(&h, false);
            if (wrong || safe != rows[i].safe[n])
                fail_msg("%s: picture %d: %d, %s", rows[i].name, n, safe, wrong ? wrong : "taken");
            assert_true(!safe || !hold_check(&h, safe));
            hold_drop(&h, safe);
        }
        for (size_t n = 0; n < LEN(rows[i].at_end); n++) {
            int safe = hold_safe(&h, true);
            if (safe != rows[i].at_end[n])
                fail_msg("%s: %d at the end", rows[i].name, safe);
            assert_true(!safe || !hold_check(&h, safe));
            hold_drop(&h, safe);
        }
        hold_clear(&h);
    }
}

/* Takes them and lets each group go as soon as it is safe; the first that is wrong. */
static const char *all(struct hold *h, const int64_t *at, int count)
{
    const char *wrong = NULL;
    for (int n = 0; n < count && !wrong; n++) {
        wrong = take(h, at[n]);
        int safe = wrong ? 0 : hold_safe(h, false);
        if (safe)
            wrong = hold_check(h, safe);
        hold_drop(h, safe);
    }
    return wrong;
}

static void what_cannot_be_shown_is_refused(void **state)
{
    (void)state;
    static const struct {
        bool varies;
        int delay;
        int64_t at[TIMES_MAX];
        int count;
        const char *wrong;
    } rows[] = {
        {false, 1, {-512}, 1, "before its first key picture"},
        {true, 1, {-1}, 1, "before its first key picture"},
        {false, 1, {0, 700}, 2, "rate varies"},
        {false, 1, {0, 1024, 1024}, 3, "one time"},
        {true, 1, {0, 1000, 1000}, 3, "one time"},
        {true, 0, {0, 1000, 2000, 1000}, 4, "one time"},       /* as one that is past */
        {true, 0, {0, 1000, 2000, 900}, 4, "further than it"}, /* before one that is past */
        {false, 1, {0, 1536, 1024, 512}, 4, "further than it"},
        {true, 1, {0, 1000, 1005, 1500}, 4, "all but at one"},
        {true, 1, {0, 1000, 13801, 14000}, 4, "more than a second"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct hold h = hold_of(rows[i].varies, rows[i].delay);
        const char *wrong = all(&h, rows[i].at, rows[i].count);
        if (!wrong || !strstr(wrong, rows[i].wrong))
            fail_msg("row %zu: %s, not %s", i, wrong ? wrong : "taken", rows[i].wrong);
        hold_clear(&h);
    }
}

/* A hole is never filled: so many wait for it and no more. */
static void a_hole_ends_in_a_refusal(void **state)
{
    (void)state;
    struct hold h = hold_of(false, 2);
    assert_null(take(&h, 0));
    hold_drop(&h, hold_safe(&h, false));
    for (int n = 0; n < HOLD_MAX; n++) {
        assert_null(take(&h, (n + 2) * SLOT));
        assert_int_equal(hold_safe(&h, false), 0);
    }
    assert_int_equal(hold_next(&h, 0), 2 * SLOT);
    const char *wrong = take(&h, (HOLD_MAX + 2) * SLOT);
    assert_non_null(wrong);
    assert_string_equal(wrong, "a picture is missing");
    hold_clear(&h);
    assert_int_equal(hold_next(&h, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_of_the_clip_becomes_one_of_the_body),
        cmocka_unit_test(a_point_is_safe_once_nothing_earlier_can_come),
        cmocka_unit_test(what_cannot_be_shown_is_refused),
        cmocka_unit_test(a_hole_ends_in_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
