/* Tokens made by hand, with a MAC and a base64url of this file's own. */
#include "auth/test/world.h"

#include "core/clock.h"

#include <inttypes.h>
#include <unistd.h>

static const char *base64(struct world *w, const void *data, size_t len)
{
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return sodium_bin2base64(arena_get(w->a, size), size, data, len,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static const char *sign(struct world *w, const char *text, bool sha512, const unsigned char *key)
{
    unsigned char sum[64];
    size_t n = strlen(text);
    if (sha512) {
        crypto_auth_hmacsha512_state st;
        crypto_auth_hmacsha512_init(&st, key, KEY_BYTES);
        crypto_auth_hmacsha512_update(&st, (const unsigned char *)text, n);
        crypto_auth_hmacsha512_final(&st, sum);
    } else {
        crypto_auth_hmacsha256_state st;
        crypto_auth_hmacsha256_init(&st, key, KEY_BYTES);
        crypto_auth_hmacsha256_update(&st, (const unsigned char *)text, n);
        crypto_auth_hmacsha256_final(&st, sum);
    }
    return base64(w, sum, sha512 ? 64 : 32);
}

/* "Bearer h.p.s" of these two JSON texts. */
static const char *token(struct world *w, const char *head, const char *claims)
{
    const char *text = arena_printf(w->a, "%s.%s", base64(w, head, strlen(head)),
                                    base64(w, claims, strlen(claims)));
    bool sha512 = strstr(head, "HS512");
    return arena_printf(w->a, "Bearer %s.%s", text, sign(w, text, sha512, w->auth->token_key));
}

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* Times are seconds from now. */
static const char *timed(struct world *w, int iat, int nbf, int exp)
{
    int64_t now = clock_now_ms() / 1000;
    return token(w, HS256,
                 arena_printf(w->a,
                              "{\"sub\":\"ana\",\"iat\":%" PRId64 ",\"nbf\":%" PRId64
                              ",\"exp\":%" PRId64 "}",
                              now + iat, now + nbf, now + exp));
}

static void bad(struct world *w, const char *authorization)
{
    struct caller who;
    FAILS(MSG_TOKEN_BAD, auth_check(w->auth, w->a, authorization, &who, e));
}

static void good(struct world *w, const char *authorization)
{
    struct caller who = {0};
    OK(auth_check(w->auth, w->a, authorization, &who, e));
    assert_string_equal(who.username, "ana");
    assert_true(who.user_id > 0 && !who.admin);
}

static int set_up(void **state)
{
    if (world_set_up(state) < 0)
        return -1;
    sign_up(*state, "ana", "correct horse");
    return 0;
}

static const char *fresh(struct world *w)
{
    const char *text;
    int wait_s;
    OK(auth_log_in(w->auth, w->a, "ana", "correct horse", "10.0.0.1", &text, &wait_s, e));
    return arena_printf(w->a, "Bearer %s", text);
}

static void a_fresh_token_and_one_made_by_the_book_are_good(void **state)
{
    struct world *w = *state;
    const char *one = fresh(w);
    good(w, one);
    good(w, one); /* also from memory */
    good(w, arena_printf(w->a, "bearer   %s", one + 7));
    good(w, timed(w, 0, 0, 100));
    assert_string_not_equal(one, fresh(w));
}

static void no_header_is_told_apart_from_a_bad_one(void **state)
{
    struct world *w = *state;
    struct caller who;
    FAILS(MSG_AUTH_MISSING, auth_check(w->auth, w->a, NULL, &who, e));
    FAILS(MSG_AUTH_MISSING, auth_check(w->auth, w->a, "", &who, e));
    const char *const rubbish[] = {"Bearer ",       "Bearer",
                                   "Basic YTpi",    "Bearer x",
                                   "Bearer ...",    "Bearer a.b",
                                   "Bearer a.b.c",  "Bearer .b.",
                                   "\xff\xfe\x01x", "Bearer \xc3\xb1.\xc3\xb1.\xc3\xb1"};
    for (size_t i = 0; i < LEN(rubbish); i++)
        bad(w, rubbish[i]);
}

static void only_hs256_is_taken_whatever_the_head_says(void **state)
{
    struct world *w = *state;
    const char *claims = arena_printf(w->a, "{\"sub\":\"ana\",\"iat\":1,\"exp\":%" PRId64 "}",
                                      clock_now_ms() / 1000 + 100);
    good(w, token(w, HS256, claims));
    good(w, token(w, "{\"alg\":\"HS256\"}", claims));
    const char *const heads[] = {"{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
                                 "{\"alg\":\"none\"}",
                                 "{\"alg\":\"NONE\"}",
                                 "{\"alg\":\"\"}",
                                 "{\"alg\":\"RS256\"}",
                                 "{\"typ\":\"JWT\"}",
                                 "{\"alg\":256}",
                                 "{}",
                                 "[]",
                                 "x"};
    for (size_t i = 0; i < LEN(heads); i++) {
        const char *t = token(w, heads[i], claims);
        bad(w, t);
        bad(w, arena_printf(w->a, "%.*s", (int)(strrchr(t, '.') + 1 - t), t)); /* unsigned */
        bad(w, arena_printf(w->a, "%.*s", (int)(strrchr(t, '.') - t), t));
    }
}

static void every_flipped_bit_is_seen(void **state)
{
    struct world *w = *state;
    const char *t = timed(w, 0, 0, 1000);
    /* the last character holds two bits that stand for nothing, so it is left alone */
    for (size_t i = 7; i + 1 < strlen(t); i++) {
        char *copy = arena_strdup(w->a, t);
        copy[i] = (char)(copy[i] ^ 1);
        bad(w, copy);
    }
    for (size_t n = 7; n < strlen(t); n += 3)
        bad(w, arena_printf(w->a, "%.*s", (int)n, t));
}

static void another_key_does_not_fit(void **state)
{
    struct world *w = *state;
    const char *old = fresh(w);
    unlink(w->secret);
    world_reopen(w);
    bad(w, old);
    good(w, fresh(w));
    memcpy(w->auth->token_key, w->auth->link_key, KEY_BYTES);
    const char *by_link_key = fresh(w);
    world_reopen(w);
    bad(w, by_link_key);
}

static void times_are_kept_with_a_minute_of_leeway(void **state)
{
    struct world *w = *state;
    struct caller who;
    good(w, timed(w, -100, -100, -50));
    FAILS(MSG_TOKEN_EXPIRED, auth_check(w->auth, w->a, timed(w, -100, -100, -61), &who, e));
    FAILS(MSG_TOKEN_EXPIRED, auth_check(w->auth, w->a, timed(w, -100, -100, -86400), &who, e));
    good(w, timed(w, 50, 50, 100));
    bad(w, timed(w, 70, 0, 100));
    bad(w, timed(w, 0, 70, 100));
    const char *const claims[] = {
        "{\"sub\":\"ana\"}",
        "{\"sub\":\"ana\",\"iat\":1}",
        "{\"sub\":\"ana\",\"exp\":99999999999}",
        "{\"sub\":\"ana\",\"iat\":1,\"exp\":\"99999999999\"}",
        "{\"sub\":\"ana\",\"iat\":1,\"exp\":1e99}",
        "{\"sub\":\"ana\",\"iat\":1,\"exp\":-5}",
        "{\"sub\":\"ana\",\"iat\":1,\"exp\":true}",
        "{\"iat\":1,\"exp\":99999999999}",
        "{\"sub\":7,\"iat\":1,\"exp\":99999999999}",
        "{\"sub\":\"\",\"iat\":1,\"exp\":99999999999}",
        "{\"sub\":\"nobody\",\"iat\":1,\"exp\":99999999999}",
        "{\"sub\":\"ana\\u0000x\",\"iat\":1,\"exp\":99999999999}",
        "[]",
        "",
    };
    for (size_t i = 0; i < LEN(claims); i++)
        bad(w, token(w, HS256, claims[i]));
}

static void parts_too_many_and_tokens_too_long_are_bad(void **state)
{
    struct world *w = *state;
    const char *t = timed(w, 0, 0, 100);
    bad(w, arena_printf(w->a, "%s.", t));
    bad(w, arena_printf(w->a, "%s.e30", t));
    bad(w, arena_printf(w->a, "%s%s", t, "AAAA"));
    bad(w, arena_printf(w->a, "%s x", t));
    bad(w, arena_printf(w->a, "%s,%s", t, t));
    AUTO(freep) char *pad = mem_new(1 << 20);
    memset(pad, 'x', (1 << 20) - 1);
    bad(w, arena_printf(w->a, "Bearer %s", pad));
    /* rightly signed, and too long all the same */
    pad[8000] = 0;
    bad(w, token(w, HS256,
                 arena_printf(w->a, "{\"sub\":\"ana\",\"iat\":1,\"exp\":99999999999,\"x\":\"%s\"}",
                              pad)));
}

static void what_is_remembered_still_runs_out(void **state)
{
    struct world *w = *state;
    struct caller who;
    const char *t = timed(w, 0, 0, 2);
    good(w, t);
    clock_ahead_ms = 65000; /* over exp and leeway */
    FAILS(MSG_TOKEN_EXPIRED, auth_check(w->auth, w->a, t, &who, e));
    clock_ahead_ms = 0;
    w->conf.token_ms = 3000;
    world_reopen(w);
    t = fresh(w);
    good(w, t);
    clock_ahead_ms = 64000;
    FAILS(MSG_TOKEN_EXPIRED, auth_check(w->auth, w->a, t, &who, e));
}

static void what_is_remembered_is_the_very_token_and_bounded(void **state)
{
    struct world *w = *state;
    struct seen *s = seen_new();
    struct seen_key key, other;
    struct caller who, ana = {.user_id = 7, .username = "ana", .admin = true};
    seen_key(s, "one", &key);
    seen_key(s, "two", &other);
    seen_add(s, &key, 0, 1000, &ana);
    assert_true(seen_find(s, &key, 999, w->a, &who));
    assert_true(who.user_id == 7 && who.admin);
    assert_string_equal(who.username, "ana");
    assert_false(seen_find(s, &key, 1000, w->a, &who));
    assert_false(seen_find(s, &other, 0, w->a, &who));
    clock_ahead_ms = 5001; /* a look into the database is due */
    assert_false(seen_find(s, &key, 0, w->a, &who));
    int kept = 0;
    for (int i = 0; i < 5000; i++) {
        seen_key(s, arena_printf(w->a, "t%d", i), &key);
        seen_add(s, &key, 0, 1000, &ana);
    }
    for (int i = 0; i < 5000; i++) {
        seen_key(s, arena_printf(w->a, "t%d", i), &key);
        kept += seen_find(s, &key, 0, w->a, &who);
    }
    assert_in_range(kept, 1000, 1024);
    seen_free(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, world_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_fresh_token_and_one_made_by_the_book_are_good),
        T(no_header_is_told_apart_from_a_bad_one),
        T(only_hs256_is_taken_whatever_the_head_says),
        T(every_flipped_bit_is_seen),
        T(another_key_does_not_fit),
        T(times_are_kept_with_a_minute_of_leeway),
        T(parts_too_many_and_tokens_too_long_are_bad),
        T(what_is_remembered_still_runs_out),
        T(what_is_remembered_is_the_very_token_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
