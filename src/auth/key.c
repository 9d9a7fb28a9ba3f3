/* Plan: API keys: rg_<id>_<43 characters of base64url>. The text holds 256 random bits, and the
 * store has only its hash. Nobody can guess 256 bits, so a fast hash is enough. Functions: create,
 * check and remove a key; note its use, which a thread that may wait stores later. */
#include "auth/auth_impl.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "store/key.h"
#include "store/store.h"

#include <inttypes.h>

enum { SECRET_CHARS = 43, HINT_CHARS = 4, USED_EACH_MS = 60 * 1000 };
#define HEX_SIZE (2 * crypto_generichash_BYTES + 1)

static const struct {
    unsigned scope;
    const char *name;
} names[] = {
    {SCOPE_READ, "read"},
    {SCOPE_UPLOAD, "upload"},
    {SCOPE_DELETE, "delete"},
    {SCOPE_ADMIN, "admin"},
};

int auth_scopes_bad(struct err *e)
{
    const char *all[LEN(names) + 1] = {0};
    char text[ERR_ALLOWED_MAX];
    for (size_t i = 0; i < LEN(names); i++)
        all[i] = names[i].name;
    return err_parameter(e, "scopes", "one or more of %s", str_names(text, sizeof(text), all));
}

const char *auth_scope_name(unsigned scope)
{
    for (size_t i = 0; i < LEN(names); i++)
        if (names[i].scope == scope)
            return names[i].name;
    return NULL;
}

bool auth_scope_from_name(const char *name, unsigned *scope)
{
    for (size_t i = 0; i < LEN(names); i++)
        if (strcmp(names[i].name, name) == 0) {
            *scope = names[i].scope;
            return true;
        }
    return false;
}

static void hash_of(const char *secret, char out[HEX_SIZE])
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)secret, SECRET_CHARS, NULL, 0);
    sodium_bin2hex(out, HEX_SIZE, hash, sizeof(hash));
}

bool key_is(const char *text)
{
    return strncmp(text, "rg_", 3) == 0;
}

/* The number and the secret of a text of the right form. */
static bool parse(const char *text, int64_t *id, const char **secret)
{
    const char *at = text + 3, *end = strchr(at, '_');
    if (!end || *at == '0' || !str_int64((struct str){at, (size_t)(end - at)}, 1, INT64_MAX, id))
        return false;
    *secret = end + 1;
    return strlen(*secret) == SECRET_CHARS &&
           strspn(*secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
               SECRET_CHARS;
}

/* What nobody may do by a key is not in it, whatever its owner was when it was made. */
static unsigned scopes_of(const struct key_row *row)
{
    unsigned scopes = row->scopes & SCOPE_ALL;
    return scopes & SCOPE_ADMIN ? scopes | SCOPE_SELF : scopes;
}

static void note_use(struct auth *a, int64_t id)
{
    pthread_mutex_lock(&a->lock);
    int at = 0;
    while (at < a->used_count && a->used[at] != id)
        at++;
    if (at == a->used_count && at < USED_MAX) /* else it is noted at a later use */
        a->used[a->used_count++] = id;
    pthread_mutex_unlock(&a->lock);
}

int key_check(struct auth *a, struct arena *mem, const char *text, struct caller *out,
              int64_t *exp_s, struct err *e)
{
    int64_t id = 0, now = store_now_ms(a->store);
    const char *secret;
    struct key_row row;
    struct err why = {0};
    if (!parse(text, &id, &secret))
        return err_msg(e, MSG_TOKEN_BAD, "key: bad form");
    if (store_key_get(a->store, mem, id, &row, &why) < 0) {
        if (why.code == ERR_MISSING)
            return err_msg(e, MSG_TOKEN_BAD, "key: none by this number");
        return err_pass(e, &why);
    }
    char hash[HEX_SIZE];
    hash_of(secret, hash);
    if (strlen(row.hash) != sizeof(hash) - 1 ||
        sodium_memcmp(hash, row.hash, sizeof(hash) - 1) != 0)
        return err_msg(e, MSG_TOKEN_BAD, "key: not the one by this number");
    if (row.expires_ms && now >= row.expires_ms)
        return err_msg(e, MSG_TOKEN_EXPIRED, "key: ran out");
    if (row.used_ms + USED_EACH_MS <= now)
        note_use(a, id);
    *out = (struct caller){.user_id = row.user_id,
                           .username = row.username,
                           .admin = row.admin,
                           .scopes = scopes_of(&row),
                           .key_id = id,
                           .until_ms = row.expires_ms};
    *exp_s = row.expires_ms ? row.expires_ms / 1000 : INT64_MAX / 1000;
    return 0;
}

int auth_key_add(struct auth *a, struct arena *mem, const struct caller *who, const char *name,
                 unsigned scopes, int64_t for_s, struct auth_key *out, struct err *e)
{
    size_t chars = 0;
    for (const char *p = name ? name : ""; *p; p++)
        chars += ((unsigned char)*p & 0xc0) != 0x80;
    if (chars < 1 || chars > KEY_NAME_MAX / 4 || !str_utf8_clean(str_of(name)))
        return err_wrong(e, MSG_KEY_NAME_BAD, "name", "1 to %d characters, no control characters",
                         KEY_NAME_MAX / 4);
    if (!scopes || scopes & ~(unsigned)SCOPE_ALL)
        return auth_scopes_bad(e);
    if (who->key_id && scopes & ~who->scopes)
        return err_msg(e, MSG_SCOPE_MISSING, "key: it would do more than the key that makes it");
    int64_t for_ms = for_s * 1000;
    if (who->key_id && who->until_ms) { /* nor would it live longer */
        int64_t left = who->until_ms - store_now_ms(a->store);
        if (left < 1)
            left = 1;
        if (!for_ms || for_ms > left)
            for_ms = left;
    }
    unsigned char bits[KEY_BYTES];
    char secret[SECRET_CHARS + 1], hash[HEX_SIZE];
    randombytes_buf(bits, sizeof(bits));
    sodium_bin2base64(secret, sizeof(secret), bits, sizeof(bits),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    hash_of(secret, hash);
    const struct key_new k = {.user_id = who->user_id,
                              .name = name,
                              .hash = hash,
                              .hint = arena_printf(mem, "%.*s", HINT_CHARS, secret),
                              .scopes = scopes,
                              .for_ms = for_ms};
    int rc = store_key_add(a->store, &k, &out->id, &out->created_ms, &out->expires_ms, e);
    if (rc == 0) {
        out->text = arena_printf(mem, "rg_%" PRId64 "_%s", out->id, secret);
        out->prefix = auth_key_prefix(mem, out->id, k.hint);
    }
    sodium_memzero(bits, sizeof(bits));
    sodium_memzero(secret, sizeof(secret));
    return rc;
}

const char *auth_key_prefix(struct arena *mem, int64_t id, const char *hint)
{
    return arena_printf(mem, "rg_%" PRId64 "_%s", id, hint);
}

int auth_key_remove(struct auth *a, int64_t id, int64_t user_id, struct err *e)
{
    struct err why = {0};
    if (store_key_remove(a->store, id, user_id, &why) < 0) {
        if (why.code == ERR_MISSING)
            return err_msg(e, MSG_KEY_NOT_FOUND, "key: none of theirs by this number");
        return err_pass(e, &why);
    }
    seen_forget(a->seen, user_id);
    return 0;
}

bool auth_key_gone(struct auth *a, int64_t id)
{
    AUTO(arena_freep) struct arena *mem = arena_new();
    struct key_row row;
    struct err e = {0};
    return store_key_get(a->store, mem, id, &row, &e) < 0 && e.code == ERR_MISSING;
}

void auth_forget(struct auth *a, int64_t user_id)
{
    seen_forget(a->seen, user_id);
}

void auth_tend(struct auth *a)
{
    int64_t ids[USED_MAX];
    pthread_mutex_lock(&a->lock);
    int count = a->used_count;
    memcpy(ids, a->used, (size_t)count * sizeof(*ids));
    a->used_count = 0;
    pthread_mutex_unlock(&a->lock);
    for (int i = 0; i < count; i++) {
        struct err e;
        if (store_key_used(a->store, ids[i], &e) == 0)
            continue;
        log_warn(a->log, "when a key was used could not be noted", "key", ids[i], "why", e.text);
        return; /* the store is away; the next use notes it again */
    }
}
