#include "core/test/test.h"

#include "task/verdict.h"

static const struct task_rules rules = {.attempts = 4, .retry_wait_ms = 2000, .lease_ms = 10000};

static void each_fault_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum err_code code;
        enum msg msg;
        int attempts;
        struct verdict is;
    } rows[] = {
#define FINAL(m) {TASK_EVENT_FAIL, 0, false, m}
#define AGAIN(ms)                                                                                  \
    {                                                                                              \
        TASK_EVENT_AGAIN, ms, false, MSG_OK                                                        \
    }
        {"no video", ERR_INPUT, MSG_NO_VIDEO, 1, FINAL(MSG_NO_VIDEO)},
        {"hostile", ERR_INPUT, MSG_CLIP_HOSTILE, 1, FINAL(MSG_CLIP_HOSTILE)},
        {"frozen", ERR_INPUT, MSG_NO_PROGRESS, 1, FINAL(MSG_NO_PROGRESS)},
        {"too long to make", ERR_INPUT, MSG_TIME_LIMIT, 1, FINAL(MSG_TIME_LIMIT)},
        {"playlist", ERR_UNSUPPORTED, MSG_PLAYLIST, 1, FINAL(MSG_PLAYLIST)},
        {"too large", ERR_TOO_LARGE, MSG_TOO_LARGE, 1, FINAL(MSG_TOO_LARGE)},
        {"memory, first", ERR_INPUT, MSG_MEMORY_LIMIT, 1, AGAIN(2000)},
        {"memory, second", ERR_INPUT, MSG_MEMORY_LIMIT, 2, FINAL(MSG_MEMORY_LIMIT)},
        {"stopped", ERR_STOPPED, MSG_STOPPED, 1, {TASK_EVENT_HAND_BACK, 0, true, MSG_OK}},
        {"stopped, last", ERR_STOPPED, MSG_STOPPED, 4, {TASK_EVENT_HAND_BACK, 0, true, MSG_OK}},
        {"full", ERR_FULL, MSG_DISK_FULL, 4, {TASK_EVENT_HAND_BACK, 15000, true, MSG_DISK_FULL}},
        {"ours, 1", ERR_SYSTEM, MSG_INTERNAL, 1, AGAIN(2000)},
        {"ours, 2", ERR_SYSTEM, MSG_RECEIPT_FAILED, 2, AGAIN(4000)},
        {"ours, 3", ERR_SYSTEM, MSG_INTERNAL, 3, AGAIN(8000)},
        {"down", ERR_BUSY, MSG_UNAVAILABLE, 4, {TASK_EVENT_HAND_BACK, 3000, true, MSG_UNAVAILABLE}},
        {"ours, 4", ERR_SYSTEM, MSG_RECEIPT_FAILED, 4, FINAL(MSG_ATTEMPTS_USED)},
        {"ours, 5", ERR_SYSTEM, MSG_INTERNAL, 5, FINAL(MSG_ATTEMPTS_USED)},
        {"bytes gone", ERR_MISSING, MSG_NOT_FOUND, 1, AGAIN(2000)},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct err why = {rows[i].code, rows[i].msg, ""};
        struct verdict v = task_verdict(&why, rows[i].attempts, &rules), is = rows[i].is;
        if (v.event != is.event || v.wait_ms != is.wait_ms || v.uncounted != is.uncounted ||
            v.msg != is.msg)
            fail_msg("%s: event %d, wait %d, msg %s", rows[i].what, (int)v.event, (int)v.wait_ms,
                     msg_slug(v.msg));
    }
}

static void waits_double_up_to_a_limit(void **state)
{
    (void)state;
    struct task_rules many = rules;
    many.attempts = 100;
    const struct err why = {ERR_SYSTEM, MSG_INTERNAL, ""};
    int64_t before = 0;
    for (int i = 1; i < 100; i++) {
        int64_t wait = task_verdict(&why, i, &many).wait_ms;
        assert_true(wait >= before && wait >= 2000 && wait <= 600000);
        before = wait;
    }
    assert_int_equal(before, 600000);
    many.retry_wait_ms = 3600000; /* longer than the limit by setting: kept as it is */
    assert_int_equal(task_verdict(&why, 9, &many).wait_ms, 3600000);
}

static void a_lost_attempt_counts_and_the_first_is_followed_at_once(void **state)
{
    (void)state;
    assert_int_equal(task_verdict_lost(1, &rules).event, TASK_EVENT_AGAIN);
    assert_int_equal(task_verdict_lost(1, &rules).wait_ms, 0);
    assert_false(task_verdict_lost(1, &rules).uncounted);
    assert_int_equal(task_verdict_lost(2, &rules).wait_ms, 2000);
    assert_int_equal(task_verdict_lost(3, &rules).wait_ms, 4000);
    assert_int_equal(task_verdict_lost(4, &rules).event, TASK_EVENT_FAIL);
    assert_int_equal(task_verdict_lost(4, &rules).msg, MSG_ATTEMPTS_USED);
}

static void another_try_is_offered_where_it_can_help(void **state)
{
    (void)state;
    static const struct {
        const char *slug;
        bool is;
    } rows[] = {{"truncated", false},        {"not_a_video", false},  {"no_video", false},
                {"encrypted", false},        {"clip_hostile", false}, {"file_lost", false},
                {"start_beyond_end", false}, {"memory_limit", true},  {"time_limit", true},
                {"no_progress", true},       {"clip_crashed", true},  {"attempts_used", true},
                {"receipt_failed", true},    {"disk_full", true},     {"of_a_later_version", true}};
    for (size_t i = 0; i < LEN(rows); i++)
        for (enum task_state s = TASK_UPLOADED; s <= TASK_DELETED; s++) {
            const struct task_row t = {.state = s, .error_slug = rows[i].slug};
            if (task_retryable(&t) != (s == TASK_FAILED && rows[i].is))
                fail_msg("%s, %s", rows[i].slug, task_state_name(s));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_verdict),
        cmocka_unit_test(waits_double_up_to_a_limit),
        cmocka_unit_test(another_try_is_offered_where_it_can_help),
        cmocka_unit_test(a_lost_attempt_counts_and_the_first_is_followed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
