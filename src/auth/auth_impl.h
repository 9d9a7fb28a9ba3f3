/* auth_impl: what the files of this room share. Room-internal. */
#pragma once
#include "auth/auth.h"

#include <pthread.h>
#include <sodium.h>
#include <stddef.h>

enum { KEY_BYTES = 32, USED_MAX = 256, HASH_WAITERS_MAX = 64, LIMIT_KEY_SIZE = 512 };
struct limits;
struct seen;

struct auth {
    struct store *store;
    struct log *log;
    struct auth_conf conf;
    unsigned char token_key[KEY_BYTES], link_key[KEY_BYTES]; /* both derived from the secret */
    char *dummy_hash;     /* of no password; a check against it takes as long as a real check */
    pthread_mutex_t lock; /* guards slots and used */
    pthread_cond_t free_slot;
    int slots_used, waiting;
    int64_t used[USED_MAX]; /* keys whose last use is not stored yet */
    int used_count;
    struct limits *limits;
    struct seen *seen;
};

/* secret.c: reads the secret; creates it when there is none. */
int auth_secret(const char *path, unsigned char out[KEY_BYTES], struct err *e);

/* password.c: checks a password by argon2id, within the slots of auth_hash. ERR_BUSY: too many
 * callers wait. */
int auth_hash_check(struct auth *a, const char *hash, const char *password, bool *right,
                    struct err *e);

/* token.c: creates a token for a user, in the arena. */
int token_make(struct auth *a, struct arena *mem, const char *username, const char **out,
               struct err *e);

/* key.c: key_is tells whether a text has the form of a key. key_check checks it; *exp_s is its
 * expiry. */
bool key_is(const char *text);
int key_check(struct auth *a, struct arena *mem, const char *text, struct caller *out,
              int64_t *exp_s, struct err *e);

/* seen.c: a cache of tokens and keys that passed a recent check. Thread-safe. */
struct seen_key {
    unsigned char hash[crypto_generichash_BYTES];
};
struct seen *seen_new(void);
void seen_free(struct seen *s);
void seen_key(const struct seen *s, const char *token, struct seen_key *out);
/* Returns false when the token is not in the cache or must be checked again. */
bool seen_find(struct seen *s, const struct seen_key *key, int64_t now_s, struct arena *mem,
               struct caller *out);
/* seen_round comes before the check of a token, seen_add after it with that `round`. seen_add adds
 * nothing when seen_forget ran in between. */
unsigned seen_round(struct seen *s);
void seen_add(struct seen *s, const struct seen_key *key, unsigned round, int64_t exp_s,
              const struct caller *who);
/* Removes all entries of a user. */
void seen_forget(struct seen *s, int64_t user_id);

/* limit.c: counts failures per minute for each key, in a table of fixed size that drops the oldest
 * entries. Thread-safe. now_ms: of the monotonic clock. */
struct limits *limits_new(int tries_a_minute);
void limits_free(struct limits *l);
/* Returns the seconds until the key may try again; 0: now. */
int limits_wait_s(struct limits *l, const char *key, int64_t now_ms);
/* Returns how many more failures the key may have. *all_in_s: seconds until the whole limit is
 * available again. */
int limits_left(struct limits *l, const char *key, int64_t now_ms, int *all_in_s);
void limits_failed(struct limits *l, const char *key, int64_t now_ms);
void limits_forget(struct limits *l, const char *key, int64_t now_ms);
/* Writes the network that an address counts for: the /64 of an IPv6 address, since one customer has
 * all of it; otherwise the address itself. */
void limits_net(char *out, size_t size, const char *address);
