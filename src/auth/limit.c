#include "auth/auth_impl.h"

#include "core/clock.h"
#include "core/mem.h"

#include <sodium.h>
#include <stdlib.h>

/* A bucket a key, found by a keyed hash; in a full row the one idle longest makes room. */
enum { ROWS = 1024, WAYS = 4, MINUTE_MS = 60000 };

struct bucket {
    uint64_t key;    /* 0: free */
    double failures; /* drain away at `tries` a minute */
    int64_t at_ms;
};
struct limits {
    pthread_mutex_t lock;
    int tries;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct bucket table[ROWS][WAYS];
};

struct limits *limits_new(int tries_a_minute)
{
    struct limits *l = mem_new(sizeof(*l));
    l->tries = tries_a_minute;
    crypto_shorthash_keygen(l->hash_key);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void limits_free(struct limits *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

/* The bucket of a key, drained to now; with make a new one where there is none. Lock held. */
static struct bucket *find(struct limits *l, const char *key, bool make)
{
    uint64_t h = 0;
    crypto_shorthash((unsigned char *)&h, (const unsigned char *)key, strlen(key), l->hash_key);
    h |= 1;
    int64_t now = clock_mono_ms();
    struct bucket *row = l->table[h / 2 % ROWS], *oldest = row;
    for (int i = 0; i < WAYS; i++) {
        if (row[i].key == h) {
            row[i].failures -= (double)(now - row[i].at_ms) * l->tries / MINUTE_MS;
            if (row[i].failures < 0)
                row[i].failures = 0;
            row[i].at_ms = now;
            return &row[i];
        }
        if (row[i].at_ms < oldest->at_ms)
            oldest = &row[i];
    }
    if (!make)
        return NULL;
    *oldest = (struct bucket){.key = h, .at_ms = now};
    return oldest;
}

int limits_wait_s(struct limits *l, const char *key)
{
    pthread_mutex_lock(&l->lock);
    const struct bucket *b = find(l, key, false);
    double over = b ? b->failures - (l->tries - 1) : 0;
    int wait = over > 0 ? (int)(over * 60 / l->tries) + 1 : 0;
    pthread_mutex_unlock(&l->lock);
    return wait;
}

void limits_failed(struct limits *l, const char *key)
{
    pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, key, true);
    if (b->failures < l->tries)
        b->failures += 1;
    pthread_mutex_unlock(&l->lock);
}

void limits_forget(struct limits *l, const char *key)
{
    pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, key, false);
    if (b)
        b->failures = 0;
    pthread_mutex_unlock(&l->lock);
}
