#include "core/id.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

void id_random(void *data, size_t len_bytes)
{
    char *p = data;
    while (len_bytes) {
        ssize_t n = getrandom(p, len_bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort();
        p += n;
        len_bytes -= (size_t)n;
    }
}

void id_make(char out[ID_SIZE])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t bits[16];
    id_random(bits, sizeof(bits));
    unsigned have = 0, count = 0;
    size_t n = 0, in = 0;
    while (n < ID_SIZE - 1) {
        if (count < 5) {
            have = have << 8 | (in < sizeof(bits) ? bits[in++] : 0);
            count += 8;
        }
        count -= 5;
        out[n++] = alphabet[have >> count & 31];
    }
    out[n] = 0;
}
