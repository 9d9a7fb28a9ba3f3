/* auth: identifies the caller and checks permission. Passwords, tokens, API keys, signed links,
 * limits on guessing. Thread-safe. Sources: OWASP Password Storage (argon2id), RFC 7519 (JWT), RFC
 * 8725 (JWT practice). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct auth;
struct err;
struct log;
struct store;

struct auth_conf {
    const char *secret_file; /* created at the first start, mode 0600, 256 bits; refused when others
                                can read it */
    int64_t token_ms, link_ms;
    int64_t argon_memory_bytes;
    int argon_passes;
    int hash_slots;  /* hashes at once; up to 64 more callers wait, any further caller gets ERR_BUSY
                      */
    int login_tries; /* failures per minute for an address, and for a name from one address */
};
int auth_open(struct auth **out, struct store *s, const struct auth_conf *c, struct log *l,
              struct err *e);
void auth_close(struct auth *a);
void auth_closep(struct auth **a);

enum { PASSWORD_BYTES_MAX = 128 }; /* a longer password is always wrong */

/* Creates a user. Checks, as the API contract says: MSG_FIELDS_MISSING (NULL or ""),
 * MSG_PASSWORDS_DIFFER, MSG_PASSWORD_SHORT (characters), MSG_PASSWORD_LONG (bytes),
 * MSG_USERNAME_BAD, MSG_EMAIL_BAD, MSG_USER_EXISTS, MSG_EMAIL_EXISTS. Slow (argon2id): do not call
 * it in an event thread. */
int auth_sign_up(struct auth *a, const char *username, const char *email, const char *password1,
                 const char *password2, int64_t *user_id, struct err *e);
/* Gives a token for a password and a user name or e-mail address; the token lives in the arena.
 * MSG_FIELDS_MISSING. MSG_LOGIN_WRONG: wrong password or unknown name, in the same time.
 * MSG_LOGIN_LIMITED: this address had too many recent failures, in total or with this name;
 * *retry_after_s is the wait. Failures from other addresses never lock a user out. Slow (argon2id).
 */
int auth_log_in(struct auth *a, struct arena *mem, const char *username, const char *password,
                const char *address, const char **token, int *retry_after_s, struct err *e);
/* Returns how many more log-ins with this name from this address may fail. *of is the limit per
 * minute; in *all_in_s seconds the whole limit is available again. */
int auth_log_ins_left(struct auth *a, const char *username, const char *address, int *of,
                      int *all_in_s);
/* Sets a new password; for operators. Slow (argon2id). */
int auth_set_password(struct auth *a, int64_t user_id, const char *password, struct err *e);

/* Gives the hash of a password for the store; the caller frees it with free(). Accepts any length,
 * for passwords that another service accepted. ERR_BUSY: too many callers wait. Slow (argon2id). */
int auth_hash(struct auth *a, const char *password, char **out, struct err *e);

/* Permissions of a request. A log-in token has every permission of its user. A key has the
 * permissions that it was created with. */
enum {
    SCOPE_READ = 1 << 1,   /* bit 0 is unused */
    SCOPE_UPLOAD = 1 << 2, /* also permits retry */
    SCOPE_DELETE = 1 << 3,
    SCOPE_ADMIN = 1 << 4, /* with the role: administration; else the owner's keys and hooks */
    SCOPE_SELF = 1 << 5,  /* keys and hooks: log-in tokens, and keys with SCOPE_ADMIN */
    SCOPE_ALL = SCOPE_READ | SCOPE_UPLOAD | SCOPE_DELETE | SCOPE_ADMIN, /* all bits of a key */
};
/* "read", "upload", "delete", "admin". NULL, or false: there is no such scope. */
const char *auth_scope_name(unsigned scope);
bool auth_scope_from_name(const char *name, unsigned *scope);
/* Fills *e with MSG_PARAMETER_BAD for "scopes". Returns -1. */
int auth_scopes_bad(struct err *e);

struct caller {
    int64_t user_id;
    const char *username; /* in the arena */
    bool admin;           /* has the admin role */
    unsigned scopes;
    int64_t key_id;   /* 0: the caller has a log-in token */
    int64_t until_ms; /* when the key expires; 0: never */
};
/* Checks "Bearer <token>" (NULL: MSG_AUTH_MISSING). A token must use HS256; exp, nbf and iat have
 * 60 s of leeway. A key must have a known hash and not be expired. The user must still exist.
 * MSG_TOKEN_BAD, MSG_TOKEN_EXPIRED. */
int auth_check(struct auth *a, struct arena *mem, const char *authorization, struct caller *out,
               struct err *e);

/* Checks that the caller has all of `scopes`. ERR_DENIED with MSG_SCOPE_MISSING, or with
 * MSG_FORBIDDEN when the admin role is missing. */
int auth_may(const struct caller *who, unsigned scopes, struct err *e);

/* Creates a key; for_s is its lifetime, 0: no end. A key that another key creates has no more
 * permissions and no longer lifetime than that key. MSG_KEY_NAME_BAD, MSG_PARAMETER_BAD (scopes),
 * MSG_SCOPE_MISSING, MSG_KEYS_LIMITED. */
struct auth_key {
    int64_t id, created_ms, expires_ms;
    const char *text, *prefix; /* text: the key itself, which is stored nowhere; in the arena */
};
int auth_key_add(struct auth *a, struct arena *mem, const struct caller *who, const char *name,
                 unsigned scopes, int64_t for_s, struct auth_key *out, struct err *e);
/* Returns the first characters of a key, by which people recognise it. hint: from the store's row.
 * In the arena. */
const char *auth_key_prefix(struct arena *mem, int64_t id, const char *hint);
/* Removes a key. It stops working at once in this process, and within seconds in others.
 * MSG_KEY_NOT_FOUND. */
int auth_key_remove(struct auth *a, int64_t id, int64_t user_id, struct err *e);
/* Whether the store says that the key is removed. Returns false while the store cannot answer. */
bool auth_key_gone(struct auth *a, int64_t id);
/* Forgets the cached checks of a user. Call it after a change of the user's role. */
void auth_forget(struct auth *a, int64_t user_id);
/* Stores when keys were last used. Call it every few seconds, from a thread that may wait. */
void auth_tend(struct auth *a);

/* Returns "exp=1790000000&sig=..." for a path. Whoever has the link may GET the path until that
 * time. */
const char *auth_link_sign(struct auth *a, struct arena *mem, const char *path);
/* Checks a link. exp and sig as the request has them (NULL: missing). MSG_LINK_BAD. */
int auth_link_check(struct auth *a, const char *path, const char *exp, const char *sig,
                    struct err *e);
