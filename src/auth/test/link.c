#include "auth/test/world.h"

#include "core/str.h"

#define PATH "/api/video/download/2026/11/23/abc"

/* Splits "exp=...&sig=...". */
static void split(struct world *w, const char *query, char **exp, char **sig)
{
    assert_memory_equal(query, "exp=", 4);
    *exp = arena_strdup(w->a, query + 4);
    *sig = strstr(*exp, "&sig=");
    assert_non_null(*sig);
    **sig = 0;
    *sig += 5;
}

static void a_link_opens_its_own_path_alone(void **state)
{
    struct world *w = *state;
    char *exp, *sig;
    split(w, auth_link_sign(w->auth, w->a, PATH), &exp, &sig);
    OK(auth_link_check(w->auth, PATH, exp, sig, e));
    const char *const others[] = {"/api/video/download/2026/11/23/abd",
                                  "/api/video/poster/2026/11/23/abc",
                                  PATH "/",
                                  "/api/video/download/2026/11/23/ab",
                                  "",
                                  "/"};
    for (size_t i = 0; i < LEN(others); i++)
        FAILS(MSG_LINK_BAD, auth_link_check(w->auth, others[i], exp, sig, e));
}

static void where_the_path_ends_and_the_time_begins_is_signed_too(void **state)
{
    struct world *w = *state;
    char *exp, *sig;
    split(w, auth_link_sign(w->auth, w->a, "/a"), &exp, &sig);
    OK(auth_link_check(w->auth, "/a", exp, sig, e));
    FAILS(MSG_LINK_BAD,
          auth_link_check(w->auth, arena_printf(w->a, "/a%c", *exp), exp + 1, sig, e));
}

static void every_flipped_bit_is_seen(void **state)
{
    struct world *w = *state;
    char *exp, *sig;
    split(w, auth_link_sign(w->auth, w->a, PATH), &exp, &sig);
    for (size_t i = 0; i < strlen(sig); i++)
        for (int bit = 0; bit < 7; bit++) {
            char *copy = arena_strdup(w->a, sig);
            copy[i] = (char)(copy[i] ^ (1 << bit));
            FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, exp, copy, e));
        }
    for (size_t i = 0; i < strlen(exp); i++) {
        char *copy = arena_strdup(w->a, exp);
        copy[i] = copy[i] == '9' ? '8' : '9';
        FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, copy, sig, e));
    }
}

static void what_is_missing_or_odd_is_bad(void **state)
{
    struct world *w = *state;
    char *exp, *sig;
    split(w, auth_link_sign(w->auth, w->a, PATH), &exp, &sig);
    FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, NULL, sig, e));
    FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, exp, NULL, e));
    FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, exp, "", e));
    const char *const times[] = {"", "x", "-1", "99999999999999999999999", "1e9", " 1"};
    for (size_t i = 0; i < LEN(times); i++)
        FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, times[i], sig, e));
    FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, exp, arena_printf(w->a, "%s0", sig), e));
    sig[strlen(sig) - 1] = 0;
    FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, exp, sig, e));
}

static void a_link_runs_out(void **state)
{
    struct world *w = *state;
    char *exp, *sig;
    split(w, auth_link_sign(w->auth, w->a, PATH), &exp, &sig);
    clock_ahead_ms = w->conf.link_ms - 2000;
    OK(auth_link_check(w->auth, PATH, exp, sig, e));
    clock_ahead_ms = w->conf.link_ms + 2000;
    FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, exp, sig, e));
}

static void a_link_outlives_a_restart_but_not_the_secret(void **state)
{
    struct world *w = *state;
    char *exp, *sig;
    split(w, auth_link_sign(w->auth, w->a, PATH), &exp, &sig);
    world_reopen(w);
    OK(auth_link_check(w->auth, PATH, exp, sig, e));
    assert_int_equal(remove(w->secret), 0);
    world_reopen(w);
    FAILS(MSG_LINK_BAD, auth_link_check(w->auth, PATH, exp, sig, e));
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_link_opens_its_own_path_alone),
        T(where_the_path_ends_and_the_time_begins_is_signed_too),
        T(every_flipped_bit_is_seen),
        T(what_is_missing_or_odd_is_bad),
        T(a_link_runs_out),
        T(a_link_outlives_a_restart_but_not_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
