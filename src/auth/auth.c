/* Plan: open and close; sign-up and log-in; tokens; links. Hashes are in password.c, the limits on
 * guessing in limit.c, the secret's file in secret.c. */
#include "auth/auth_impl.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/store.h"

#include <jwt.h>
#include <sodium.h>

enum { PASSWORD_CHARS_MIN = 8, PASSWORD_BYTES_MAX = 128, LEEWAY_S = 60, TOKEN_MAX = 4096 };

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
    if (auth_hash(a, "", &a->dummy_hash, e) < 0)
        return -1;
    *out = TAKE(a);
    return 0;
}

void auth_close(struct auth *a)
{
    if (!a)
        return;
    limits_free(a->limits);
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
    return n <= 64 && len <= USER_NAME_MAX && str_utf8_clean(str_of(s)) && s[0] != ' ' &&
           s[len - 1] != ' ';
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
        return err_msg(e, MSG_FIELDS_MISSING, "sign-up: a field is missing");
    if (strcmp(password1, password2) != 0)
        return err_msg(e, MSG_PASSWORDS_DIFFER, "sign-up: two passwords");
    if (password_good(password1, e) < 0)
        return -1;
    if (!name_good(username))
        return err_msg(e, MSG_USERNAME_BAD, "sign-up: bad name");
    if (!email_good(email))
        return err_msg(e, MSG_EMAIL_BAD, "sign-up: bad e-mail");
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

/* The token's claims by RFC 7519, 4.1. */
static int token_make(struct auth *a, struct arena *mem, const char *username, const char **out,
                      struct err *e)
{
    char jti[ID_SIZE];
    id_make(jti);
    long now = (long)(clock_now_ms() / 1000);
    jwt_t *jwt = NULL;
    char *text = NULL;
    if (jwt_new(&jwt) == 0 &&
        jwt_set_alg(jwt, JWT_ALG_HS256, a->token_key, sizeof(a->token_key)) == 0 &&
        jwt_add_grant(jwt, "sub", username) == 0 && jwt_add_grant(jwt, "jti", jti) == 0 &&
        jwt_add_grant_int(jwt, "iat", now) == 0 && jwt_add_grant_int(jwt, "nbf", now) == 0 &&
        jwt_add_grant_int(jwt, "exp", now + (long)(a->conf.token_ms / 1000)) == 0)
        text = jwt_encode_str(jwt);
    jwt_free(jwt);
    if (!text)
        return err_set(e, ERR_SYSTEM, "auth: a token could not be made");
    *out = arena_strdup(mem, text);
    free(text);
    return 0;
}

/* An address is limited alone; a name only together with the address, and as a whole at ten times
 * the rate, so that others who guess at a name do not lock its owner out. IPv6 counts by its /64.
 */
static void limit_keys(const char *username, const char *address, char by_address[128],
                       char by_both[512])
{
    char net[64];
    str_copy(net, sizeof(net), address ? address : "");
    int colons = 0;
    for (char *p = net; *p; p++)
        if (*p == ':' && ++colons == 4)
            *p-- = 0;
    snprintf(by_address, 128, "a:%s", net);
    snprintf(by_both, 512, "n:%.300s@%s", username, net);
}

int auth_log_in(struct auth *a, struct arena *mem, const char *username, const char *password,
                const char *address, const char **token, int *retry_after_s, struct err *e)
{
    if (!given(username) || !given(password))
        return err_msg(e, MSG_FIELDS_MISSING, "log-in: a field is missing");
    char by_address[128], by_both[512];
    limit_keys(username, address, by_address, by_both);
    int wait = limits_wait_s(a->limits, by_address), wait_name = limits_wait_s(a->limits, by_both);
    if (wait_name > wait)
        wait = wait_name;
    if (wait > 0) {
        *retry_after_s = wait;
        return err_msg(e, MSG_LOGIN_LIMITED, "log-in: too many failures from one address");
    }
    struct user_row user;
    struct err lookup = {0};
    bool known = store_user_by_name(a->store, mem, username, &user, &lookup) == 0;
    if (!known && lookup.code != ERR_MISSING) {
        if (e)
            *e = lookup;
        return -1;
    }
    bool right = false;
    bool possible = strlen(password) <= PASSWORD_BYTES_MAX;
    if (auth_hash_check(a, known ? user.password_hash : a->dummy_hash, possible ? password : "-",
                        &right, e) < 0)
        return -1;
    if (!known || !right || !possible) {
        limits_failed(a->limits, by_address);
        limits_failed(a->limits, by_both);
        return err_msg(e, MSG_LOGIN_WRONG, "log-in: wrong name or password");
    }
    limits_forget(a->limits, by_both);
    return token_make(a, mem, user.username, token, e);
}

/* -- tokens -- */

int auth_check(struct auth *a, struct arena *mem, const char *authorization, struct caller *out,
               struct err *e)
{
    if (!given(authorization))
        return err_msg(e, MSG_AUTH_MISSING, "no Authorization header");
    const char *text = authorization;
    if (strncasecmp(text, "Bearer ", 7) != 0 || strlen(text) > TOKEN_MAX)
        return err_msg(e, MSG_TOKEN_BAD, "not a Bearer token");
    text += 7;
    text += strspn(text, " ");
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, a->token_key, sizeof(a->token_key)) != 0 || !jwt)
        return err_msg(e, MSG_TOKEN_BAD, "token: bad signature or form");
    bool pinned = jwt_get_alg(jwt) == JWT_ALG_HS256;
    const char *sub = jwt_get_grant(jwt, "sub");
    const char *name = sub ? arena_strdup(mem, sub) : NULL;
    int64_t exp = jwt_get_grant_int(jwt, "exp"), nbf = jwt_get_grant_int(jwt, "nbf"),
            iat = jwt_get_grant_int(jwt, "iat");
    jwt_free(jwt);
    int64_t now = clock_now_ms() / 1000;
    if (!pinned || !name || exp <= 0 || iat <= 0)
        return err_msg(e, MSG_TOKEN_BAD, "token: wrong algorithm or a claim is missing");
    if (now > exp + LEEWAY_S)
        return err_msg(e, MSG_TOKEN_EXPIRED, "token: ran out");
    if (now + LEEWAY_S < nbf || now + LEEWAY_S < iat)
        return err_msg(e, MSG_TOKEN_BAD, "token: from the future");
    struct user_row user;
    if (store_user_by_name(a->store, mem, name, &user, e) < 0)
        return e && e->code != ERR_MISSING ? -1 : err_msg(e, MSG_TOKEN_BAD, "token: no such user");
    *out = (struct caller){.user_id = user.id, .username = user.username, .admin = user.admin};
    return 0;
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
