#include "auth/auth_impl.h"

#include "core/err.h"
#include "core/mem.h"

#include <sodium.h>

static int slot_take(struct auth *a, struct err *e)
{
    int r = 0;
    pthread_mutex_lock(&a->lock);
    if (a->slots_used >= a->conf.hash_slots && a->waiting >= HASH_WAITERS_MAX) {
        r = err_set(e, ERR_BUSY, "auth: %d wait for a password hash", a->waiting);
    } else {
        a->waiting++;
        while (a->slots_used >= a->conf.hash_slots)
            pthread_cond_wait(&a->free_slot, &a->lock);
        a->waiting--;
        a->slots_used++;
    }
    pthread_mutex_unlock(&a->lock);
    return r;
}

static void slot_give(struct auth *a)
{
    pthread_mutex_lock(&a->lock);
    a->slots_used--;
    pthread_cond_signal(&a->free_slot);
    pthread_mutex_unlock(&a->lock);
}

int auth_hash(struct auth *a, const char *password, char **out, struct err *e)
{
    if (slot_take(a, e) < 0)
        return -1;
    AUTO(freep) char *hash = mem_new(crypto_pwhash_STRBYTES);
    int r = crypto_pwhash_str_alg(hash, password, strlen(password),
                                  (unsigned long long)a->conf.argon_passes,
                                  (size_t)a->conf.argon_memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    slot_give(a);
    if (r != 0)
        return err_set(e, ERR_BUSY, "auth: no memory for a password hash");
    *out = TAKE(hash);
    return 0;
}

int auth_hash_check(struct auth *a, const char *hash, const char *password, bool *right,
                    struct err *e)
{
    if (slot_take(a, e) < 0)
        return -1;
    *right = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
    slot_give(a);
    return 0;
}
