#include "auth/test/world.h"

#include <unistd.h>

int64_t clock_ahead_ms;
atomic_int hashes_checked;

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void)
{
    return __real_clock_now_ms() + clock_ahead_ms;
}

int64_t __real_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void)
{
    return __real_clock_mono_ms() + clock_ahead_ms;
}

int __real_crypto_pwhash_str_verify(const char *hash, const char *password, unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *hash, const char *password, unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *hash, const char *password, unsigned long long len)
{
    hashes_checked++;
    return __real_crypto_pwhash_str_verify(hash, password, len);
}

int world_set_up(void **state)
{
    struct world *w = mem_new(sizeof(*w));
    clock_ahead_ms = 0;
    hashes_checked = 0;
    snprintf(w->dir, sizeof(w->dir), "/tmp/reelgate-auth-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->secret, sizeof(w->secret), "%s/secret", w->dir);
    w->a = arena_new();
    OK(store_open(&w->store, arena_printf(w->a, "sqlite://%s/x.db", w->dir), NULL, e));
    OK(store_migrate(w->store, NULL, NULL, e));
    w->conf = (struct auth_conf){.secret_file = w->secret,
                                 .token_ms = 86400000,
                                 .link_ms = 3600000,
                                 .argon_memory_bytes = 8 << 20,
                                 .argon_passes = 1,
                                 .hash_slots = 2,
                                 .login_tries = 5};
    world_reopen(w);
    *state = w;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *w = *state;
    auth_close(w->auth);
    store_close(w->store);
    arena_free(w->a);
    test_remove_folder(w->dir);
    free(w);
    return 0;
}

void world_reopen(struct world *w)
{
    auth_closep(&w->auth);
    OK(auth_open(&w->auth, w->store, &w->conf, NULL, e));
}

void sign_up(struct world *w, const char *name, const char *password)
{
    int64_t id;
    const char *email = arena_printf(w->a, "%zu-%s@example.org", strlen(name), name);
    OK(auth_sign_up(w->auth, name, email, password, password, &id, e));
}

enum msg log_in(struct world *w, const char *name, const char *password, const char *address)
{
    struct err e = {0};
    const char *token;
    int wait_s = 0;
    if (auth_log_in(w->auth, w->a, name, password, address, &token, &wait_s, &e) == 0)
        return MSG_OK;
    assert_int_equal(e.msg == MSG_LOGIN_LIMITED, wait_s > 0);
    return e.msg;
}
