/* Plan: open and close; sign-up and log-in; links. Hashes are in password.c, tokens in token.c, the
 * limits on guessing in limit.c, the file of the secret in secret.c. */
#include "auth/auth_impl.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/user.h"

#include <sodium.h>

enum { PASSWORD_CHARS_MIN = 8, NAME_CHARS_MAX = 64 };

static void derive(unsigned char out[KEY_BYTES], const unsigned char secret[KEY_BYTES],
                   const char *label)
{
    crypto_generichash(out, KEY_BYTES, (const unsigned char *)label, strlen(label), secret,
                       KEY_BYTES);
}

int auth_open(struct auth **out, struct store *s, const struct auth_conf *c, struct log *l,
              struct err *e)
{
    if (sodium_init() < 0)
        return err_set(e, ERR_SYSTEM, "auth: libsodium does not start");
    AUTO(auth_closep) struct auth *a = mem_new(sizeof(*a));
    *a = (struct auth){.store = s, .log = l, .conf = *c};
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->free_slot, NULL);
    unsigned char secret[KEY_BYTES];
    if (auth_secret(c->secret_file, secret, e) < 0)
        return -1;
    derive(a->token_key, secret, "token");
    derive(a->link_key, secret, "link");
    sodium_memzero(secret, sizeof(secret));
    a->limits = limits_new(c->login_tries);
    a->seen = seen_new();
    if (auth_hash(a, "", &a->dummy_hash, e) < 0)
        return -1;
    *out = TAKE(a);
    return 0;
}

void auth_close(struct auth *a)
{
    if (!a)
        return;
    if (a->store)
        auth_tend(a);
    limits_free(a->limits);
    seen_free(a->seen);
    free(a->dummy_hash);
    pthread_cond_destroy(&a->free_slot);
    pthread_mutex_destroy(&a->lock);
    sodium_memzero(a, sizeof(*a));
    free(a);
}

void auth_closep(struct auth **a)
{
    auth_close(*a);
    *a = NULL;
}

/* -- passwords -- */

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static bool given(const char *s)
{
    return s && *s;
}

static bool name_good(const char *s)
{
    size_t n = characters(s), len = strlen(s);
    return n <= NAME_CHARS_MAX && len <= USER_NAME_MAX && str_utf8_clean(str_of(s)) &&
           s[0] != ' ' && s[len - 1] != ' ';
}

/* Something, one @, something with no blanks; whether it can be reached only a message would tell.
 */
static bool email_good(const char *s)
{
    const char *at = strchr(s, '@');
    return strlen(s) <= EMAIL_MAX && str_utf8_clean(str_of(s)) && at && at != s && at[1] &&
           !strchr(at + 1, '@') && !strchr(s, ' ');
}

static int password_good(const char *password, struct err *e)
{
    if (characters(password) < PASSWORD_CHARS_MIN)
        return err_msg(e, MSG_PASSWORD_SHORT, "auth: password of %zu characters",
                       characters(password));
    if (strlen(password) > PASSWORD_BYTES_MAX)
        return err_msg(e, MSG_PASSWORD_LONG, "auth: password of %zu bytes", strlen(password));
    return 0;
}

int auth_sign_up(struct auth *a, const char *username, const char *email, const char *password1,
                 const char *password2, int64_t *user_id, struct err *e)
{
    if (!given(username) || !given(email) || !given(password1) || !given(password2))
        return err_wrong(e, MSG_FIELDS_MISSING,
                         !given(username)    ? "username"
                         : !given(email)     ? "email"
                         : !given(password1) ? "password1"
                                             : "password2",
                         "a text that is not empty");
    if (strcmp(password1, password2) != 0)
        return err_wrong(e, MSG_PASSWORDS_DIFFER, "password2", "the same text as password1");
    if (password_good(password1, e) < 0)
        return err_field(e, "password1", "from %d characters to %d bytes", PASSWORD_CHARS_MIN,
                         PASSWORD_BYTES_MAX);
    if (!name_good(username))
        return err_wrong(e, MSG_USERNAME_BAD, "username",
                         "1 to %d characters, no control characters, no blanks around them",
                         NAME_CHARS_MAX);
    if (!email_good(email))
        return err_wrong(e, MSG_EMAIL_BAD, "email",
                         "an address with one @ and no blanks, up to %d bytes", EMAIL_MAX);
    AUTO(freep) char *hash = NULL;
    if (auth_hash(a, password1, &hash, e) < 0)
        return -1;
    return store_user_add(a->store, username, email, hash, user_id, e);
}

int auth_set_password(struct auth *a, int64_t user_id, const char *password, struct err *e)
{
    AUTO(freep) char *hash = NULL;
    if (!given(password))
        return err_msg(e, MSG_FIELDS_MISSING, "password: none given");
    if (password_good(password, e) < 0 || auth_hash(a, password, &hash, e) < 0)
        return -1;
    return store_user_set_password(a->store, user_id, hash, e);
}

/* An address is limited alone, and a name only together with the address: others who guess at a
 * name do not lock its owner out. */
static void limit_keys(const char *username, const char *address, char by_address[LIMIT_KEY_SIZE],
                       char by_both[LIMIT_KEY_SIZE])
{
    char net[64];
    limits_net(net, sizeof(net), address ? address : "");
    snprintf(by_address, LIMIT_KEY_SIZE, "a:%s", net);
    snprintf(by_both, LIMIT_KEY_SIZE, "n:%s:%s", net, username);
}

int auth_log_ins_left(struct auth *a, const char *username, const char *address, int *of,
                      int *all_in_s)
{
    char by_address[LIMIT_KEY_SIZE], by_both[LIMIT_KEY_SIZE];
    int64_t now = clock_mono_ms();
    int in_s = 0, both_in_s = 0;
    limit_keys(username, address, by_address, by_both);
    int left = limits_left(a->limits, by_address, now, &in_s);
    int both = limits_left(a->limits, by_both, now, &both_in_s);
    *of = a->conf.login_tries;
    *all_in_s = in_s > both_in_s ? in_s : both_in_s;
    return left < both ? left : both;
}

/* A hash made with other settings than today's is made anew while the password is at hand. */
static void refresh_hash(struct auth *a, const struct user_row *user, const char *password)
{
    AUTO(freep) char *hash = NULL;
    struct err e;
    if (crypto_pwhash_str_needs_rehash(user->password_hash,
                                       (unsigned long long)a->conf.argon_passes,
                                       (size_t)a->conf.argon_memory_bytes) != 1)
        return;
    if (auth_hash(a, password, &hash, &e) < 0 ||
        store_user_set_password(a->store, user->id, hash, &e) < 0)
        log_warn(a->log, "a password hash stays as it was", "user", user->username, "why", e.text);
}

int auth_log_in(struct auth *a, struct arena *mem, const char *username, const char *password,
                const char *address, const char **token, int *retry_after_s, struct err *e)
{
    if (!given(username) || !given(password))
        return err_wrong(e, MSG_FIELDS_MISSING, given(username) ? "password" : "username",
                         "a text that is not empty");
    char by_address[LIMIT_KEY_SIZE], by_both[LIMIT_KEY_SIZE];
    limit_keys(username, address, by_address, by_both);
    int64_t now = clock_mono_ms();
    int wait = limits_wait_s(a->limits, by_address, now),
        wait_name = limits_wait_s(a->limits, by_both, now);
    if (wait_name > wait)
        wait = wait_name;
    if (wait > 0) {
        *retry_after_s = wait;
        return err_msg(e, MSG_LOGIN_LIMITED, "log-in: too many failures from one address");
    }
    struct user_row user;
    struct err lookup = {0};
    bool known = store_user_by_name_or_email(a->store, mem, username, &user, &lookup) == 0;
    if (!known && lookup.code != ERR_MISSING)
        return err_pass(e, &lookup);
    bool right = false;
    bool possible = strlen(password) <= PASSWORD_BYTES_MAX;
    if (auth_hash_check(a, known ? user.password_hash : a->dummy_hash, possible ? password : "-",
                        &right, e) < 0)
        return -1;
    now = clock_mono_ms(); /* a hash may have waited for its turn */
    if (!known || !right || !possible) {
        limits_failed(a->limits, by_address, now);
        limits_failed(a->limits, by_both, now);
        return err_msg(e, MSG_LOGIN_WRONG, "log-in: wrong name or password");
    }
    limits_forget(a->limits, by_both, now);
    refresh_hash(a, &user, password);
    return token_make(a, mem, user.username, token, e);
}

/* -- links -- */

static void link_sum(const struct auth *a, const char *path, const char *exp,
                     char hex[2 * crypto_auth_hmacsha256_BYTES + 1])
{
    unsigned char sum[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, a->link_key, sizeof(a->link_key));
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)path, strlen(path) + 1);
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)exp, strlen(exp));
    crypto_auth_hmacsha256_final(&st, sum);
    sodium_bin2hex(hex, 2 * sizeof(sum) + 1, sum, sizeof(sum));
}

const char *auth_link_sign(struct auth *a, struct arena *mem, const char *path)
{
    char exp[32], hex[2 * crypto_auth_hmacsha256_BYTES + 1];
    snprintf(exp, sizeof(exp), "%lld", (long long)((clock_now_ms() + a->conf.link_ms) / 1000));
    link_sum(a, path, exp, hex);
    return arena_printf(mem, "exp=%s&sig=%s", exp, hex);
}

int auth_link_check(struct auth *a, const char *path, const char *exp, const char *sig,
                    struct err *e)
{
    char hex[2 * crypto_auth_hmacsha256_BYTES + 1];
    int64_t until;
    if (!exp || !sig || strlen(sig) != sizeof(hex) - 1 ||
        !str_int64(str_of(exp), 0, INT64_MAX / 1000, &until))
        return err_msg(e, MSG_LINK_BAD, "link: signature missing");
    link_sum(a, path, exp, hex);
    if (sodium_memcmp(hex, sig, sizeof(hex) - 1) != 0)
        return err_msg(e, MSG_LINK_BAD, "link: wrong signature");
    if (clock_now_ms() / 1000 > until)
        return err_msg(e, MSG_LINK_BAD, "link: ran out");
    return 0;
}
