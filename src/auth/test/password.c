#include "auth/test/world.h"

#include "core/str.h"
#include "store/user.h"

#include <pthread.h>

static void the_right_password_is_let_in_and_no_other(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    assert_int_equal(log_in(w, "ana", "correct horse", "10.0.0.1"), MSG_OK);
    const char *const wrong[] = {"correct hors", "correct horse ", "Correct horse", "x", "-"};
    for (size_t i = 0; i < LEN(wrong); i++)
        assert_int_equal(log_in(w, "ana", wrong[i], arena_printf(w->a, "10.0.1.%zu", i)),
                         MSG_LOGIN_WRONG);
    assert_int_equal(log_in(w, "3-ANA@example.org", "correct horse", "10.0.0.1"), MSG_OK);
    assert_int_equal(log_in(w, "3-ANA@example.org", "wrong horse", "10.0.0.9"), MSG_LOGIN_WRONG);
    assert_int_equal(log_in(w, "ana", "", "10.0.0.1"), MSG_FIELDS_MISSING);
    assert_int_equal(log_in(w, "ana", NULL, "10.0.0.1"), MSG_FIELDS_MISSING);
    assert_int_equal(log_in(w, NULL, "correct horse", "10.0.0.1"), MSG_FIELDS_MISSING);
}

static void what_is_kept_is_argon2id_and_never_the_password(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    sign_up(w, "eva", "correct horse");
    struct user_row ana, eva;
    OK(store_user_by_name(w->store, w->a, "ana", &ana, e));
    OK(store_user_by_name(w->store, w->a, "eva", &eva, e));
    assert_memory_equal(ana.password_hash, "$argon2id$v=19$m=8192,t=1,p=1$", 30);
    assert_null(strstr(ana.password_hash, "horse"));
    assert_string_not_equal(ana.password_hash, eva.password_hash);
}

static void lengths_are_counted_in_characters_at_least_and_in_bytes_at_most(void **state)
{
    struct world *w = *state;
    char long_one[130];
    memset(long_one, 'x', sizeof(long_one) - 1);
    long_one[129] = 0;
    int64_t id;
    FAILS(MSG_PASSWORD_LONG, auth_sign_up(w->auth, "a", "a@b.c", long_one, long_one, &id, e));
    long_one[128] = 0;
    OK(auth_sign_up(w->auth, "a", "a@b.c", long_one, long_one, &id, e));
    assert_int_equal(log_in(w, "a", long_one, "10.0.0.1"), MSG_OK);
    FAILS(MSG_PASSWORD_SHORT, auth_sign_up(w->auth, "b", "b@b.c", "ññññ777", "ññññ777", &id, e));
    OK(auth_sign_up(w->auth, "b", "b@b.c", "ññññ7777", "ññññ7777", &id, e));
    FAILS(MSG_PASSWORDS_DIFFER,
          auth_sign_up(w->auth, "c", "c@b.c", "ññññ7777", "ññññ7778", &id, e));
    FAILS(MSG_FIELDS_MISSING, auth_sign_up(w->auth, "c", "c@b.c", "", "", &id, e));
}

static void a_password_over_the_limit_is_wrong_and_costs_one_hash_too(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    struct buf b;
    buf_init(&b, 70000);
    for (int i = 0; i < 60000; i++)
        buf_put(&b, "x", 1);
    hashes_checked = 0;
    assert_int_equal(log_in(w, "ana", b.p, "10.0.0.1"), MSG_LOGIN_WRONG);
    assert_int_equal(hashes_checked, 1);
    buf_clear(&b);
}

static void a_name_that_nobody_has_costs_one_hash_and_looks_like_a_wrong_password(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    hashes_checked = 0;
    assert_int_equal(log_in(w, "ana", "wrong horse", "10.0.0.1"), MSG_LOGIN_WRONG);
    assert_int_equal(hashes_checked, 1);
    assert_int_equal(log_in(w, "nobody", "wrong horse", "10.0.0.2"), MSG_LOGIN_WRONG);
    assert_int_equal(hashes_checked, 2);
    /* and what it is checked against costs as much as what people have */
    assert_memory_equal(w->auth->dummy_hash, "$argon2id$v=19$m=8192,t=1,p=1$", 30);
}

static void a_hash_of_other_settings_is_made_anew_at_log_in(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    w->conf.argon_passes = 2;
    w->conf.argon_memory_bytes = 9 << 20;
    world_reopen(w);
    struct user_row u;
    assert_int_equal(log_in(w, "ana", "wrong horse", "10.0.0.1"), MSG_LOGIN_WRONG);
    OK(store_user_by_name(w->store, w->a, "ana", &u, e));
    assert_memory_equal(u.password_hash, "$argon2id$v=19$m=8192,t=1,p=1$", 30);
    assert_int_equal(log_in(w, "ana", "correct horse", "10.0.0.1"), MSG_OK);
    OK(store_user_by_name(w->store, w->a, "ana", &u, e));
    assert_memory_equal(u.password_hash, "$argon2id$v=19$m=9216,t=2,p=1$", 30);
    assert_int_equal(log_in(w, "ana", "correct horse", "10.0.0.1"), MSG_OK);
}

static void a_new_password_replaces_the_old_one(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    struct user_row u;
    OK(store_user_by_name(w->store, w->a, "ana", &u, e));
    FAILS(MSG_PASSWORD_SHORT, auth_set_password(w->auth, u.id, "short", e));
    FAILS(MSG_FIELDS_MISSING, auth_set_password(w->auth, u.id, "", e));
    OK(auth_set_password(w->auth, u.id, "battery staple", e));
    assert_int_equal(log_in(w, "ana", "correct horse", "10.0.0.1"), MSG_LOGIN_WRONG);
    assert_int_equal(log_in(w, "ana", "battery staple", "10.0.0.1"), MSG_OK);
}

static void names_and_addresses_are_checked(void **state)
{
    struct world *w = *state;
    char name[300];
    memset(name, 'n', sizeof(name));
    name[65] = 0;
    const char *const names[] = {name, " ana", "ana ", "a\nb", "a\x7f", "\xff\xfe", "a\xc2\x85"};
    int64_t id;
    for (size_t i = 0; i < LEN(names); i++)
        FAILS(MSG_USERNAME_BAD,
              auth_sign_up(w->auth, names[i], "a@b.c", "12345678", "12345678", &id, e));
    const char *const emails[] = {"a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y"};
    for (size_t i = 0; i < LEN(emails); i++)
        FAILS(MSG_EMAIL_BAD,
              auth_sign_up(w->auth, "ana", emails[i], "12345678", "12345678", &id, e));
    name[64] = 0;
    OK(auth_sign_up(w->auth, name, "a@b.c", "12345678", "12345678", &id, e));
    FAILS(MSG_USER_EXISTS, auth_sign_up(w->auth, name, "d@b.c", "12345678", "12345678", &id, e));
    FAILS(MSG_EMAIL_EXISTS, auth_sign_up(w->auth, "d", "A@B.C", "12345678", "12345678", &id, e));
}

static void *log_in_often(void *arg)
{
    struct auth *a = arg;
    struct arena *mem = arena_new();
    for (int i = 0; i < 5; i++) {
        struct err e;
        const char *token;
        struct caller who;
        int wait_s;
        assert_int_equal(
            auth_log_in(a, mem, "ana", "correct horse", "10.0.0.1", &token, &wait_s, &e), 0);
        token = arena_printf(mem, "Bearer %s", token);
        assert_int_equal(auth_check(a, mem, token, &who, &e), 0);
        assert_string_equal(who.username, "ana");
    }
    arena_free(mem);
    return NULL;
}

static void threads_share_the_slots_and_each_gets_its_token(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "correct horse");
    pthread_t threads[6];
    for (size_t i = 0; i < LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, w->auth), 0);
    for (size_t i = 0; i < LEN(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(w->auth->slots_used + w->auth->waiting, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_right_password_is_let_in_and_no_other),
        T(what_is_kept_is_argon2id_and_never_the_password),
        T(lengths_are_counted_in_characters_at_least_and_in_bytes_at_most),
        T(a_password_over_the_limit_is_wrong_and_costs_one_hash_too),
        T(a_name_that_nobody_has_costs_one_hash_and_looks_like_a_wrong_password),
        T(a_hash_of_other_settings_is_made_anew_at_log_in),
        T(a_new_password_replaces_the_old_one),
        T(names_and_addresses_are_checked),
        T(threads_share_the_slots_and_each_gets_its_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
