#include "auth/auth_impl.h"

#include "core/mem.h"
#include "core/str.h"

#include <arpa/inet.h>

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
static struct bucket *find(struct limits *l, const char *key, int64_t now, bool make)
{
    uint64_t h = 0;
    crypto_shorthash((unsigned char *)&h, (const unsigned char *)key, strlen(key), l->hash_key);
    h |= 1;
    struct bucket *row = l->table[h / 2 % ROWS], *oldest = row;
    for (int i = 0; i < WAYS; i++) {
        if (row[i].key == h) {
            if (now < row[i].at_ms) /* another thread was faster */
                now = row[i].at_ms;
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

int limits_wait_s(struct limits *l, const char *key, int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    const struct bucket *b = find(l, key, now_ms, false);
    double over = b ? b->failures - (l->tries - 1) : 0;
    int wait = over > 0 ? (int)(over * 60 / l->tries) + 1 : 0;
    pthread_mutex_unlock(&l->lock);
    return wait;
}

int limits_left(struct limits *l, const char *key, int64_t now_ms, int *all_in_s)
{
    pthread_mutex_lock(&l->lock);
    const struct bucket *b = find(l, key, now_ms, false);
    double failures = b ? b->failures : 0;
    pthread_mutex_unlock(&l->lock);
    double drained_s = failures * 60 / l->tries;
    *all_in_s = (int)drained_s + (drained_s > (int)drained_s);
    return (int)(l->tries - failures);
}

void limits_failed(struct limits *l, const char *key, int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, key, now_ms, true);
    if (b->failures < l->tries)
        b->failures += 1;
    pthread_mutex_unlock(&l->lock);
}

void limits_forget(struct limits *l, const char *key, int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    struct bucket *b = find(l, key, now_ms, false);
    if (b)
        b->failures = 0;
    pthread_mutex_unlock(&l->lock);
}

void limits_net(char *out, size_t size, const char *address)
{
    unsigned char six[16];
    str_copy(out, size, address);
    if (inet_pton(AF_INET6, address, six) != 1)
        return;
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(six, mapped, sizeof(mapped)) == 0) { /* an IPv4 address on a socket for both */
        (void)inet_ntop(AF_INET, six + sizeof(mapped), out, (socklen_t)size);
        return;
    }
    memset(six + 8, 0, 8);
    (void)inet_ntop(AF_INET6, six, out, (socklen_t)size);
}
