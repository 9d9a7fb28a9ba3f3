/* auth: what its files share. Room-internal. */
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
    char *dummy_hash;     /* of no password: costs what a real check costs */
    pthread_mutex_t lock; /* slots, used */
    pthread_cond_t free_slot;
    int slots_used, waiting;
    int64_t used[USED_MAX]; /* keys whose use is to be written down */
    int used_count;
    struct limits *limits;
    struct seen *seen;
};

/* secret.c: reads the secret, making it first where there is none. */
int auth_secret(const char *path, unsigned char out[KEY_BYTES], struct err *e);

/* password.c: argon2id within the slots, as auth_hash; ERR_BUSY when too many wait. */
int auth_hash_check(struct auth *a, const char *hash, const char *password, bool *right,
                    struct err *e);

/* token.c: a token for a user, in the arena. */
int token_make(struct auth *a, struct arena *mem, const char *username, const char **out,
               struct err *e);

/* key.c: whether a text means to be a key; and whether it is one. exp_s: until when. */
bool key_is(const char *text);
int key_check(struct auth *a, struct arena *mem, const char *text, struct caller *out,
              int64_t *exp_s, struct err *e);

/* seen.c: tokens and keys found good lately. Thread-safe. */
struct seen_key {
    unsigned char hash[crypto_generichash_BYTES];
};
struct seen *seen_new(void);
void seen_free(struct seen *s);
void seen_key(const struct seen *s, const char *token, struct seen_key *out);
/* false: not known, or to be checked anew. */
bool seen_find(struct seen *s, const struct seen_key *key, int64_t now_s, struct arena *mem,
               struct caller *out);
/* round: what seen_round said before the token was checked; when something was forgotten since,
 * nothing is added. */
unsigned seen_round(struct seen *s);
void seen_add(struct seen *s, const struct seen_key *key, unsigned round, int64_t exp_s,
              const struct caller *who);
/* All that is known of a user. */
void seen_forget(struct seen *s, int64_t user_id);

/* limit.c: failures a minute by key, in a table of fixed size that forgets the oldest. Thread-safe.
 * now_ms: of a clock that never jumps. */
struct limits *limits_new(int tries_a_minute);
void limits_free(struct limits *l);
/* Seconds to wait before key may try again; 0: now. */
int limits_wait_s(struct limits *l, const char *key, int64_t now_ms);
/* How many failures it may still have, and in how many seconds that will be all again. */
int limits_left(struct limits *l, const char *key, int64_t now_ms, int *all_in_s);
void limits_failed(struct limits *l, const char *key, int64_t now_ms);
void limits_forget(struct limits *l, const char *key, int64_t now_ms);
/* Whom an address counts as: an IPv6 address as its /64, which is one customer; else itself. */
void limits_net(char *out, size_t size, const char *address);
