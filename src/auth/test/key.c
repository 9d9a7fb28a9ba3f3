#include "store/key.h"
#include "auth/test/world.h"
#include "store/user.h"

#include <inttypes.h>

static struct caller of_token(struct world *w, const char *name)
{
    struct user_row u;
    OK(store_user_by_name(w->store, w->a, name, &u, e));
    return (struct caller){.user_id = u.id,
                           .username = u.username,
                           .admin = u.admin,
                           .scopes = SCOPE_READ | SCOPE_UPLOAD | SCOPE_DELETE | SCOPE_SELF};
}

static struct auth_key add(struct world *w, const struct caller *who, unsigned scopes,
                           int64_t for_s)
{
    struct auth_key k;
    OK(auth_key_add(w->auth, w->a, who, "mía", scopes, for_s, &k, e));
    return k;
}

static const char *bearer(struct world *w, const char *key)
{
    return arena_printf(w->a, "Bearer %s", key);
}

static enum msg check(struct world *w, const char *key, struct caller *out)
{
    struct err e = {0};
    return auth_check(w->auth, w->a, bearer(w, key), out, &e) == 0 ? MSG_OK : e.msg;
}

static void a_key_is_its_owner_with_its_scopes(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    struct caller ana = of_token(w, "ana"), who;
    struct auth_key k = add(w, &ana, SCOPE_READ | SCOPE_UPLOAD, 0);
    assert_memory_equal(k.text, "rg_1_", 5);
    assert_int_equal(strlen(k.text), 5 + 43);
    assert_memory_equal(k.text, k.prefix, strlen(k.prefix));
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    assert_int_equal(who.user_id, ana.user_id);
    assert_string_equal(who.username, "ana");
    assert_int_equal(who.scopes, SCOPE_READ | SCOPE_UPLOAD);
    assert_int_equal(who.key_id, k.id);
    OK(auth_may(&who, SCOPE_READ, e));
    FAILS(MSG_SCOPE_MISSING, auth_may(&who, SCOPE_DELETE, e));
    FAILS(MSG_SCOPE_MISSING, auth_may(&who, SCOPE_SELF, e));
    FAILS(MSG_FORBIDDEN, auth_may(&who, SCOPE_ADMIN, e));
    /* a second time, as it is remembered */
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    assert_int_equal(who.scopes, SCOPE_READ | SCOPE_UPLOAD);
    assert_int_equal(who.key_id, k.id);
}

static void what_is_kept_is_a_hash_and_never_the_key(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    struct caller ana = of_token(w, "ana");
    struct auth_key k = add(w, &ana, SCOPE_READ, 0);
    struct key_row row;
    OK(store_key_get(w->store, w->a, k.id, &row, e));
    assert_int_equal(strlen(row.hash), 64);
    const char *secret = strrchr(k.text, '_');
    assert_null(strstr(row.hash, secret + 1));
    assert_int_equal(strlen(row.hint), 4);
    char *db = arena_printf(w->a, "%s/x.db-wal", w->dir);
    FILE *f = fopen(db, "rb");
    assert_non_null(f);
    static char bytes[1 << 22];
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    assert_true(n > 0);
    assert_null(memmem(bytes, n, k.text, strlen(k.text)));
    assert_null(memmem(bytes, n, k.text + strlen(k.text) - 30, 30));
    assert_non_null(memmem(bytes, n, row.hash, 64));
}

static void every_changed_character_is_seen(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    struct caller ana = of_token(w, "ana"), who;
    struct auth_key k = add(w, &ana, SCOPE_READ, 0), two = add(w, &ana, SCOPE_DELETE, 0);
    char *bad = arena_strdup(w->a, k.text);
    for (size_t i = 0; bad[i]; i++) {
        char was = bad[i];
        static const char others[] = "Ab0-_ .";
        for (size_t o = 0; o < sizeof(others) - 1; o++) {
            if (others[o] == was)
                continue;
            bad[i] = others[o];
            assert_int_equal(check(w, bad, &who), MSG_TOKEN_BAD);
        }
        bad[i] = was;
    }
    /* the secret of one under the number of another */
    assert_int_equal(
        check(w, arena_printf(w->a, "rg_%" PRId64 "%s", two.id, strchr(k.text + 3, '_')), &who),
        MSG_TOKEN_BAD);
    static const char *const odd[] = {
        "rg_",
        "rg__",
        "rg_1",
        "rg_1_",
        "rg_01_",
        "rg_-1_",
        "rg_99999999999999999999_",
        "rg_1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* 42 */
        "rg_1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 44 */
        "rg_1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "rg_7777_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    for (size_t i = 0; i < LEN(odd); i++)
        assert_int_equal(check(w, odd[i], &who), MSG_TOKEN_BAD);
    assert_int_equal(check(w, arena_printf(w->a, "%sx", k.text), &who), MSG_TOKEN_BAD);
    assert_int_equal(check(w, k.text, &who), MSG_OK);
}

static void a_key_runs_out_also_when_it_is_remembered(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    struct caller ana = of_token(w, "ana"), who;
    struct auth_key k = add(w, &ana, SCOPE_READ, 3);
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    clock_ahead_ms = 3001;
    assert_int_equal(check(w, k.text, &who), MSG_TOKEN_EXPIRED);
    FAILS(MSG_KEY_NAME_BAD, auth_key_add(w->auth, w->a, &ana, "", SCOPE_READ, 0, &k, e));
    FAILS(MSG_PARAMETER_BAD, auth_key_add(w->auth, w->a, &ana, "x", 0, 0, &k, e));
    FAILS(MSG_PARAMETER_BAD, auth_key_add(w->auth, w->a, &ana, "x", SCOPE_SELF, 0, &k, e));
    FAILS(MSG_PARAMETER_BAD, auth_key_add(w->auth, w->a, &ana, "x", 1, 0, &k, e));
}

static void a_deleted_key_stops_at_once_here_and_within_seconds_elsewhere(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    sign_up(w, "eva", "long enough");
    struct caller ana = of_token(w, "ana"), eva = of_token(w, "eva"), who;
    struct auth_key k = add(w, &ana, SCOPE_READ, 0), two = add(w, &ana, SCOPE_READ, 0);
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    FAILS(MSG_KEY_NOT_FOUND, auth_key_remove(w->auth, k.id, eva.user_id, e));
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    OK(auth_key_remove(w->auth, k.id, ana.user_id, e));
    assert_int_equal(check(w, k.text, &who), MSG_TOKEN_BAD);
    FAILS(MSG_KEY_NOT_FOUND, auth_key_remove(w->auth, k.id, ana.user_id, e));
    assert_int_equal(check(w, two.text, &who), MSG_OK);
    OK(store_key_remove(w->store, two.id, ana.user_id, e)); /* as another process does */
    clock_ahead_ms = 5001;
    assert_int_equal(check(w, two.text, &who), MSG_TOKEN_BAD);
}

static void what_was_forgotten_while_it_was_checked_is_not_remembered(void **state)
{
    struct world *w = *state;
    struct seen *s = seen_new();
    struct seen_key key;
    struct caller who, ana = {.user_id = 7, .username = "ana"};
    seen_key(s, "one", &key);
    unsigned round = seen_round(s);
    seen_forget(s, 7);
    seen_add(s, &key, round, 1000, &ana);
    assert_false(seen_find(s, &key, 0, w->a, &who));
    seen_add(s, &key, seen_round(s), 1000, &ana);
    assert_true(seen_find(s, &key, 0, w->a, &who));
    seen_forget(s, 8);
    assert_true(seen_find(s, &key, 0, w->a, &who));
    seen_forget(s, 7);
    assert_false(seen_find(s, &key, 0, w->a, &who));
    seen_free(s);
}

static void a_key_makes_nothing_that_can_more_or_lives_longer(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    struct caller ana = of_token(w, "ana"), key;
    struct auth_key k = add(w, &ana, SCOPE_ADMIN | SCOPE_READ, 100), child;
    assert_int_equal(check(w, k.text, &key), MSG_OK);
    OK(auth_may(&key, SCOPE_SELF, e));
    FAILS(MSG_FORBIDDEN, auth_may(&key, SCOPE_ADMIN, e)); /* without the role */
    FAILS(MSG_SCOPE_MISSING,
          auth_key_add(w->auth, w->a, &key, "x", SCOPE_READ | SCOPE_UPLOAD, 0, &child, e));
    child = add(w, &key, SCOPE_READ, 0);
    assert_true(child.expires_ms > 0 && child.expires_ms <= k.expires_ms + 1000);
    child = add(w, &key, SCOPE_READ, 10);
    assert_true(child.expires_ms < k.expires_ms - 60000);
}

static void the_role_is_that_of_now(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    struct caller ana = of_token(w, "ana"), who;
    struct auth_key k = add(w, &ana, SCOPE_ADMIN, 0);
    OK(store_user_set(w->store, ana.user_id, &(struct user_change){true, -1, -1}, e));
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    OK(auth_may(&who, SCOPE_ADMIN, e));
    OK(store_user_set(w->store, ana.user_id, &(struct user_change){false, -1, -1}, e));
    auth_forget(w->auth, ana.user_id);
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    FAILS(MSG_FORBIDDEN, auth_may(&who, SCOPE_ADMIN, e));
}

static void its_use_is_written_down_once_a_minute(void **state)
{
    struct world *w = *state;
    sign_up(w, "ana", "long enough");
    struct caller ana = of_token(w, "ana"), who;
    struct auth_key k = add(w, &ana, SCOPE_READ, 0);
    struct key_row row, later;
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    OK(store_key_get(w->store, w->a, k.id, &row, e));
    assert_int_equal(row.used_ms, 0);
    auth_tend(w->auth);
    OK(store_key_get(w->store, w->a, k.id, &row, e));
    assert_true(row.used_ms > 0);
    clock_ahead_ms = 30000;
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    auth_tend(w->auth);
    OK(store_key_get(w->store, w->a, k.id, &later, e));
    assert_int_equal(later.used_ms, row.used_ms);
    clock_ahead_ms = 61000;
    assert_int_equal(check(w, k.text, &who), MSG_OK);
    auth_tend(w->auth);
    OK(store_key_get(w->store, w->a, k.id, &later, e));
    assert_true(later.used_ms >= row.used_ms + 60000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_key_is_its_owner_with_its_scopes),
        T(what_is_kept_is_a_hash_and_never_the_key),
        T(every_changed_character_is_seen),
        T(a_key_runs_out_also_when_it_is_remembered),
        T(a_deleted_key_stops_at_once_here_and_within_seconds_elsewhere),
        T(what_was_forgotten_while_it_was_checked_is_not_remembered),
        T(a_key_makes_nothing_that_can_more_or_lives_longer),
        T(the_role_is_that_of_now),
        T(its_use_is_written_down_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
