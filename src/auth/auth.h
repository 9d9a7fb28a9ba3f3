/* auth: who is asking, and may they. Passwords, tokens, API keys, signed links, limits on guessing.
 * Thread-safe. Sources: OWASP Password Storage (argon2id), RFC 7519 (JWT), RFC 8725 (JWT practice).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct auth;
struct err;
struct log;
struct store;

struct auth_conf {
    const char
        *secret_file; /* made at the first start, 0600, 256 bits; refused when others can read */
    int64_t token_ms, link_ms;
    int64_t argon_memory_bytes;
    int argon_passes;
    int hash_slots; /* hashes at once; more callers wait their turn, at most 64 of them: ERR_BUSY */
    int login_tries; /* failures a minute for one name or one address */
};
int auth_open(struct auth **out, struct store *s, const struct auth_conf *c, struct log *l,
              struct err *e);
void auth_close(struct auth *a);
void auth_closep(struct auth **a);

enum { PASSWORD_BYTES_MAX = 128 }; /* a longer one opens nothing */

/* Makes a user. Checks as the contract says: MSG_FIELDS_MISSING (NULL or ""), MSG_PASSWORDS_DIFFER,
 * MSG_PASSWORD_SHORT (characters), MSG_PASSWORD_LONG (bytes), MSG_USERNAME_BAD, MSG_EMAIL_BAD,
 * MSG_USER_EXISTS, MSG_EMAIL_EXISTS. Slow (argon2id): not for an event thread. */
int auth_sign_up(struct auth *a, const char *username, const char *email, const char *password1,
                 const char *password2, int64_t *user_id, struct err *e);
/* A token for a name (or the e-mail address of somebody) and password; the string lives in the
 * arena. MSG_FIELDS_MISSING, MSG_LOGIN_WRONG (wrong password and unknown name alike, in the same
 * time), MSG_LOGIN_LIMITED: too many failures for this name or address just now; *retry_after_s
 * then says how long. A right password from an address that is not over its limit is never refused
 * for what others did to the name. Slow. */
int auth_log_in(struct auth *a, struct arena *mem, const char *username, const char *password,
                const char *address, const char **token, int *retry_after_s, struct err *e);
/* How many log-ins with this name from this address may still fail, and in how many seconds as many
 * may as ever, which is *of a minute. */
int auth_log_ins_left(struct auth *a, const char *username, const char *address, int *of,
                      int *all_in_s);
/* Sets a new password; for operators. */
int auth_set_password(struct auth *a, int64_t user_id, const char *password, struct err *e);

/* What is stored for a password, from malloc and the caller's; of any length: for one that was good
 * elsewhere. ERR_BUSY: too many wait for one. Slow. */
int auth_hash(struct auth *a, const char *password, char **out, struct err *e);

/* What a request may do. A log-in token may all that its user may; a key what it was made for. */
enum {
    SCOPE_READ = 1 << 1,   /* 1 << 0 is nobody's */
    SCOPE_UPLOAD = 1 << 2, /* and retry */
    SCOPE_DELETE = 1 << 3,
    SCOPE_ADMIN = 1 << 4, /* together with the role; alone: the keys and hooks of its owner */
    SCOPE_SELF = 1 << 5,  /* keys and hooks: log-in tokens, and keys with SCOPE_ADMIN */
    SCOPE_ALL = SCOPE_READ | SCOPE_UPLOAD | SCOPE_DELETE | SCOPE_ADMIN, /* what a key can have */
};
/* "read", "upload", "delete", "admin"; NULL, false: no such scope. */
const char *auth_scope_name(unsigned scope);
bool auth_scope_from_name(const char *name, unsigned *scope);
/* -1: MSG_PARAMETER_BAD of "scopes". */
int auth_scopes_bad(struct err *e);

struct caller {
    int64_t user_id;
    const char *username; /* in the arena */
    bool admin;           /* the role */
    unsigned scopes;
    int64_t key_id;   /* 0: a log-in token */
    int64_t until_ms; /* of a key; 0: for ever */
};
/* Checks "Bearer <token>" (NULL: MSG_AUTH_MISSING). A token: HS256 alone; exp, nbf, iat with 60 s
 * of leeway. A key: by its hash, within its time. The user must still exist. MSG_TOKEN_BAD,
 * MSG_TOKEN_EXPIRED. */
int auth_check(struct auth *a, struct arena *mem, const char *authorization, struct caller *out,
               struct err *e);

/* ERR_DENIED with MSG_SCOPE_MISSING or, without the role, MSG_FORBIDDEN. scopes: all are needed. */
int auth_may(const struct caller *who, unsigned scopes, struct err *e);

/* A new key; for_s 0: for ever. What a key makes can do no more and lives no longer than itself.
 * MSG_KEY_NAME_BAD, MSG_PARAMETER_BAD (scopes), MSG_SCOPE_MISSING, MSG_KEYS_LIMITED. */
struct auth_key {
    int64_t id, created_ms, expires_ms;
    const char *text, *prefix; /* text: the key, which is kept nowhere; in the arena */
};
int auth_key_add(struct auth *a, struct arena *mem, const struct caller *who, const char *name,
                 unsigned scopes, int64_t for_s, struct auth_key *out, struct err *e);
/* How a key begins, by which people know it; hint: of the store's row. In the arena. */
const char *auth_key_prefix(struct arena *mem, int64_t id, const char *hint);
/* It is good for nothing from now on here, and within seconds elsewhere. MSG_KEY_NOT_FOUND. */
int auth_key_remove(struct auth *a, int64_t id, int64_t user_id, struct err *e);
/* Whether it is known to be deleted, as the store says now; false while that cannot be asked. */
bool auth_key_gone(struct auth *a, int64_t id);
/* The user's role has changed: what is remembered of them is checked anew. */
void auth_forget(struct auth *a, int64_t user_id);
/* Writes down when keys were last used. Every few seconds, from a thread that may wait. */
void auth_tend(struct auth *a);

/* "exp=1790000000&sig=..." for a path; whoever holds the link may GET the path until then. */
const char *auth_link_sign(struct auth *a, struct arena *mem, const char *path);
/* MSG_LINK_BAD. exp and sig as they came (NULL: missing). */
int auth_link_check(struct auth *a, const char *path, const char *exp, const char *sig,
                    struct err *e);
