#include "hook/sign.h"

#include "core/id.h"
#include "core/str.h"
#include "hook/hook.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 32 };
static const char prefix[] = "whsec_";
_Static_assert(sizeof(prefix) - 1 +
                       sodium_base64_ENCODED_LEN(KEY_BYTES, sodium_base64_VARIANT_ORIGINAL) <=
                   HOOK_SECRET_SIZE,
               "a secret fits");

void hook_secret_make(char out[HOOK_SECRET_SIZE])
{
    unsigned char key[KEY_BYTES];
    id_random(key, sizeof(key));
    memcpy(out, prefix, sizeof(prefix));
    sodium_bin2base64(out + sizeof(prefix) - 1, HOOK_SECRET_SIZE - sizeof(prefix) + 1, key,
                      sizeof(key), sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof(key));
}

int sign_add(struct buf *out, const char *secret, const char *id, int64_t seconds, const char *body)
{
    unsigned char key[KEY_BYTES], sum[crypto_auth_hmacsha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof(sum), sodium_base64_VARIANT_ORIGINAL)];
    char head[128];
    size_t len;
    if (strncmp(secret, prefix, sizeof(prefix) - 1) != 0 ||
        sodium_base642bin(key, sizeof(key), secret + sizeof(prefix) - 1,
                          strlen(secret) - sizeof(prefix) + 1, NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return -1;
    snprintf(head, sizeof(head), "%s.%" PRId64 ".", id, seconds);
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, key, len);
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)head, strlen(head));
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha256_final(&st, sum);
    sodium_memzero(key, sizeof(key));
    sodium_bin2base64(text, sizeof(text), sum, sizeof(sum), sodium_base64_VARIANT_ORIGINAL);
    buf_printf(out, "%sv1,%s", out->len ? " " : "", text);
    return 0;
}
