/* Tokens and keys that passed a check within the last seconds, in a table of fixed size. An entry's
 * key is a keyed 256-bit hash of the token: the table holds no usable token, and nobody can craft a
 * collision. Entries live for seconds only, so that a removed user is noticed. */
#include "auth/auth_impl.h"

#include "core/clock.h"
#include "core/mem.h"
#include "store/user.h"

enum { ROWS = 256, WAYS = 4, KEPT_MS = 5000 };

struct entry {
    struct seen_key key;
    int64_t until_ms; /* of the clock that never jumps; 0: free */
    int64_t exp_s;
    struct caller who; /* its name lies below */
    char username[USER_NAME_MAX + 1];
};
struct seen {
    pthread_mutex_t lock;
    unsigned round; /* of forgetting */
    unsigned char hash_key[crypto_generichash_KEYBYTES];
    struct entry table[ROWS][WAYS];
};

struct seen *seen_new(void)
{
    struct seen *s = mem_new(sizeof(*s));
    crypto_generichash_keygen(s->hash_key);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void seen_free(struct seen *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    sodium_memzero(s, sizeof(*s));
    free(s);
}

void seen_key(const struct seen *s, const char *token, struct seen_key *out)
{
    crypto_generichash(out->hash, sizeof(out->hash), (const unsigned char *)token, strlen(token),
                       s->hash_key, sizeof(s->hash_key));
}

static struct entry *row_of(struct seen *s, const struct seen_key *key)
{
    return s->table[key->hash[0] % ROWS];
}

bool seen_find(struct seen *s, const struct seen_key *key, int64_t now_s, struct arena *mem,
               struct caller *out)
{
    bool found = false;
    int64_t now = clock_mono_ms();
    pthread_mutex_lock(&s->lock);
    const struct entry *row = row_of(s, key);
    for (int i = 0; i < WAYS && !found; i++) {
        if (row[i].until_ms <= now || now_s >= row[i].exp_s ||
            sodium_memcmp(&row[i].key, key, sizeof(*key)) != 0)
            continue;
        *out = row[i].who;
        out->username = arena_strdup(mem, row[i].username);
        found = true;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

unsigned seen_round(struct seen *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned round = s->round;
    pthread_mutex_unlock(&s->lock);
    return round;
}

void seen_forget(struct seen *s, int64_t user_id)
{
    pthread_mutex_lock(&s->lock);
    s->round++;
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < WAYS; k++)
            if (s->table[i][k].who.user_id == user_id)
                s->table[i][k] = (struct entry){0};
    pthread_mutex_unlock(&s->lock);
}

void seen_add(struct seen *s, const struct seen_key *key, unsigned round, int64_t exp_s,
              const struct caller *who)
{
    if (strlen(who->username) > USER_NAME_MAX)
        return;
    pthread_mutex_lock(&s->lock);
    if (s->round != round) {
        pthread_mutex_unlock(&s->lock);
        return;
    }
    struct entry *row = row_of(s, key), *oldest = row;
    for (int i = 1; i < WAYS; i++)
        if (row[i].until_ms < oldest->until_ms)
            oldest = &row[i];
    *oldest = (struct entry){
        .key = *key, .until_ms = clock_mono_ms() + KEPT_MS, .exp_s = exp_s, .who = *who};
    memcpy(oldest->username, who->username, strlen(who->username) + 1);
    pthread_mutex_unlock(&s->lock);
}
