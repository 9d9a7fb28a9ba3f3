/* auth: what its files share. Room-internal. */
#pragma once
#include "auth/auth.h"

#include <pthread.h>
#include <stddef.h>

enum { KEY_BYTES = 32, HASH_WAITERS_MAX = 64 };
struct limits;

struct auth {
    struct store *store;
    struct log *log;
    struct auth_conf conf;
    unsigned char token_key[KEY_BYTES], link_key[KEY_BYTES]; /* both derived from the secret */
    char *dummy_hash;     /* of no password: costs what a real check costs */
    pthread_mutex_t lock; /* slots */
    pthread_cond_t free_slot;
    int slots_used, waiting;
    struct limits *limits;
};

/* secret.c: reads the secret, making it first where there is none. */
int auth_secret(const char *path, unsigned char out[KEY_BYTES], struct err *e);

/* password.c: argon2id within the slots; ERR_BUSY when too many wait. */
int auth_hash(struct auth *a, const char *password, char **out, struct err *e);
int auth_hash_check(struct auth *a, const char *hash, const char *password, bool *right,
                    struct err *e);

/* limit.c: failures a minute by key, in a table of fixed size that forgets the oldest. Thread-safe.
 */
struct limits *limits_new(int tries_a_minute);
void limits_free(struct limits *l);
/* Seconds to wait before key may try again; 0: now. */
int limits_wait_s(struct limits *l, const char *key);
void limits_failed(struct limits *l, const char *key);
void limits_forget(struct limits *l, const char *key);
