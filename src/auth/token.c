/* Plan: creating a token, and checking one. A check costs a MAC, a parse and one look into the
 * database; seen.c caches the tokens that passed within the last seconds. */
#include "auth/auth_impl.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/id.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/user.h"

#include <jwt.h>
#include <strings.h>

enum { LEEWAY_S = 60, TOKEN_MAX = 4096 };

/* The token's claims by RFC 7519, 4.1. */
int token_make(struct auth *a, struct arena *mem, const char *username, const char **out,
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

/* What a token claims; the texts are the token's. */
struct claims {
    const char *sub;
    int64_t exp, nbf, iat;
};

static int check_times(const struct claims *c, struct err *e)
{
    int64_t now = clock_now_ms() / 1000;
    if (c->exp <= 0 || c->iat <= 0)
        return err_msg(e, MSG_TOKEN_BAD, "token: a claim is missing");
    if (now - LEEWAY_S >= c->exp)
        return err_msg(e, MSG_TOKEN_EXPIRED, "token: ran out");
    if (now + LEEWAY_S < c->nbf || now + LEEWAY_S < c->iat)
        return err_msg(e, MSG_TOKEN_BAD, "token: from the future");
    return 0;
}

static void jwt_freep(jwt_t **jwt)
{
    jwt_free(*jwt);
}

/* The slow way. */
static int check(struct auth *a, struct arena *mem, const char *text, struct caller *out,
                 int64_t *exp, struct err *e)
{
    AUTO(jwt_freep) jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, a->token_key, sizeof(a->token_key)) != 0 || !jwt)
        return err_msg(e, MSG_TOKEN_BAD, "token: bad signature or form");
    /* RFC 8725, 3.1: the key says which algorithm, never the token */
    if (jwt_get_alg(jwt) != JWT_ALG_HS256)
        return err_msg(e, MSG_TOKEN_BAD, "token: another algorithm");
    const struct claims c = {
        .sub = jwt_get_grant(jwt, "sub"),
        .exp = jwt_get_grant_int(jwt, "exp"),
        .nbf = jwt_get_grant_int(jwt, "nbf"),
        .iat = jwt_get_grant_int(jwt, "iat"),
    };
    if (!c.sub)
        return err_msg(e, MSG_TOKEN_BAD, "token: of nobody");
    if (check_times(&c, e) < 0)
        return -1;
    struct user_row user;
    struct err why = {0};
    if (store_user_by_name(a->store, mem, c.sub, &user, &why) < 0) {
        if (why.code == ERR_MISSING)
            return err_msg(e, MSG_TOKEN_BAD, "token: no such user");
        return err_pass(e, &why);
    }
    unsigned scopes = SCOPE_READ | SCOPE_UPLOAD | SCOPE_DELETE | SCOPE_SELF;
    *out = (struct caller){.user_id = user.id,
                           .username = user.username,
                           .admin = user.admin,
                           .scopes = user.admin ? scopes | SCOPE_ADMIN : scopes};
    *exp = c.exp;
    return 0;
}

int auth_check(struct auth *a, struct arena *mem, const char *authorization, struct caller *out,
               struct err *e)
{
    if (!authorization || !*authorization)
        return err_msg(e, MSG_AUTH_MISSING, "no Authorization header");
    const char *text = authorization;
    if (strncasecmp(text, "Bearer ", 7) != 0 || strlen(text) > TOKEN_MAX)
        return err_msg(e, MSG_TOKEN_BAD, "not a Bearer token");
    text += 7;
    text += strspn(text, " ");
    struct seen_key key;
    seen_key(a->seen, text, &key);
    if (seen_find(a->seen, &key, clock_now_ms() / 1000, mem, out))
        return 0;
    int64_t exp;
    struct caller caller;
    unsigned round = seen_round(a->seen);
    if ((key_is(text) ? key_check : check)(a, mem, text, &caller, &exp, e) < 0)
        return -1;
    seen_add(a->seen, &key, round, exp, &caller);
    *out = caller;
    return 0;
}

int auth_may(const struct caller *who, unsigned scopes, struct err *e)
{
    if (scopes & SCOPE_ADMIN && !who->admin)
        return err_msg(e, MSG_FORBIDDEN, "not an admin");
    if (scopes & ~who->scopes)
        return err_msg(e, MSG_SCOPE_MISSING, "scopes %x where %x are needed", who->scopes, scopes);
    return 0;
}
