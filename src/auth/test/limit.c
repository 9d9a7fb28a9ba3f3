#include "auth/test/world.h"

static void failures_run_up_and_drain_away(void **state)
{
    (void)state;
    struct limits *l = limits_new(6); /* one each ten seconds */
    int64_t now = 1000;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(limits_wait_s(l, "a", now), 0);
        limits_failed(l, "a", now);
    }
    assert_in_range(limits_wait_s(l, "a", now), 10, 11);
    assert_int_equal(limits_wait_s(l, "b", now), 0);
    int in_s = -1;
    assert_int_equal(limits_left(l, "a", now, &in_s), 0);
    assert_int_equal(in_s, 60);
    assert_int_equal(limits_left(l, "b", now, &in_s), 6);
    assert_int_equal(in_s, 0);
    assert_true(limits_wait_s(l, "a", now + 9000) > 0);
    assert_int_equal(limits_wait_s(l, "a", now + 10001), 0);
    assert_int_equal(limits_left(l, "a", now + 10001, &in_s), 1);
    assert_int_equal(in_s, 50);
    limits_failed(l, "a", now + 10001);
    assert_true(limits_wait_s(l, "a", now + 10002) > 0);
    assert_int_equal(limits_wait_s(l, "a", now + 80000), 0);
    limits_free(l);
}

static void failing_on_does_not_lengthen_the_wait_beyond_one_turn(void **state)
{
    (void)state;
    struct limits *l = limits_new(6);
    for (int i = 0; i < 1000; i++)
        limits_failed(l, "a", 1000);
    assert_in_range(limits_wait_s(l, "a", 1000), 10, 11);
    limits_forget(l, "a", 1000);
    assert_int_equal(limits_wait_s(l, "a", 1000), 0);
    limits_free(l);
}

static void a_clock_of_another_thread_that_is_behind_adds_nothing(void **state)
{
    (void)state;
    struct limits *l = limits_new(6);
    limits_failed(l, "a", 100000);
    assert_int_equal(limits_wait_s(l, "a", 1000), 0);
    limits_failed(l, "a", 1000);
    assert_int_equal(limits_wait_s(l, "a", 100000), 0);
    limits_free(l);
}

static void any_number_of_keys_fits_and_the_newest_is_known(void **state)
{
    struct world *w = *state;
    struct limits *l = limits_new(1);
    for (int i = 0; i < 50000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "a:%d", i);
        limits_failed(l, key, 1000 + i);
        assert_true(limits_wait_s(l, key, 1000 + i) > 0);
    }
    limits_free(l);
    (void)w;
}

static void networks_count_as_one(void **state)
{
    (void)state;
    static const struct {
        const char *address, *net;
    } facts[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2::9", "2001:db8:1:2::"},
        {"2001:db8::a:b:c:d", "2001:db8::"},
        {"2001:db8::1", "2001:db8::"},
        {"::1", "::"},
        {"-", "-"},
        {"", ""},
    };
    for (size_t i = 0; i < LEN(facts); i++) {
        char net[64];
        limits_net(net, sizeof(net), facts[i].address);
        assert_string_equal(net, facts[i].net);
    }
}

static void one_address_waits_and_others_get_in(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    for (int i = 0; i < 5; i++)
        assert_int_equal(log_in(w, "ana", "wrong horse", "10.0.0.1"), MSG_LOGIN_WRONG);
    hashes_checked = 0;
    assert_int_equal(log_in(w, "ana", "correct horse", "10.0.0.1"), MSG_LOGIN_LIMITED);
    assert_int_equal(log_in(w, "eva", "wrong horse", "10.0.0.1"), MSG_LOGIN_LIMITED);
    assert_int_equal(hashes_checked, 0);
    assert_int_equal(log_in(w, "ana", "correct horse", "10.0.0.2"), MSG_OK);
    clock_ahead_ms += 61000;
    assert_int_equal(log_in(w, "ana", "correct horse", "10.0.0.1"), MSG_OK);
}

static void others_guessing_at_a_name_do_not_lock_its_owner_out(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    for (int i = 0; i < 40; i++)
        assert_int_equal(
            log_in(w, "ana", "wrong horse", arena_printf(w->a, "10.0.%d.%d", 1 + i / 4, i)),
            MSG_LOGIN_WRONG);
    assert_int_equal(log_in(w, "ana", "correct horse", "10.9.9.9"), MSG_OK);
}

static void a_log_in_of_ones_own_does_not_buy_more_guesses(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    sign_up(w, "eva", "battery staple");
    int refused = 0;
    for (int i = 0; i < 12; i++) {
        (void)log_in(w, "eva", "battery staple", "10.0.0.1");
        refused += log_in(w, "ana", "guess", "10.0.0.1") == MSG_LOGIN_LIMITED;
    }
    assert_true(refused >= 7);
}

static void one_network_of_ipv6_counts_as_one(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            log_in(w, "ana", "wrong horse", arena_printf(w->a, "2001:db8::%x:1", i + 1)),
            MSG_LOGIN_WRONG);
    assert_int_equal(log_in(w, "ana", "wrong horse", "2001:db8::77"), MSG_LOGIN_LIMITED);
    assert_int_equal(log_in(w, "ana", "wrong horse", "2001:db8:0:1::77"), MSG_LOGIN_WRONG);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(failures_run_up_and_drain_away),
        T(failing_on_does_not_lengthen_the_wait_beyond_one_turn),
        T(a_clock_of_another_thread_that_is_behind_adds_nothing),
        T(any_number_of_keys_fits_and_the_newest_is_known),
        T(networks_count_as_one),
        T(one_address_waits_and_others_get_in),
        T(others_guessing_at_a_name_do_not_lock_its_owner_out),
        T(a_log_in_of_ones_own_does_not_buy_more_guesses),
        T(one_network_of_ipv6_counts_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
