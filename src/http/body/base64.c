#include "http/body/base64.h"

#include "core/mem.h"

#include <sodium.h>

bool base64_read(struct str text, void *out, size_t *len_bytes)
{
    size_t len = 0;
    if (sodium_base642bin(out, *len_bytes, text.p, text.len, " \t", &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    *len_bytes = len;
    return true;
}

const char *base64_write(struct arena *a, const void *data, size_t len_bytes)
{
    size_t size = sodium_base64_encoded_len(len_bytes, sodium_base64_VARIANT_ORIGINAL);
    return sodium_bin2base64(arena_get(a, size), size, data, len_bytes,
                             sodium_base64_VARIANT_ORIGINAL);
}
