#include "media/clip/units.h"

/* The first two zeros that are followed by a 1, or also by a third zero; `end` when there are none.
 * Looks at every third byte, mostly. */
static const uint8_t *find_code(const uint8_t *p, const uint8_t *end, bool zeros)
{
    while (end - p >= 3) {
        if (p[2] > 1)
            p += 3;
        else if (p[0] == 0 && p[1] == 0 && (p[2] == 1 || zeros))
            return p;
        else
            p += p[2] ? 3 : 1;
    }
    return end;
}

static const uint8_t *next_coded(struct units *u, size_t *len_bytes)
{
    for (;;) {
        const uint8_t *code = find_code(u->at, u->end, false);
        if (u->end - code <= 3)
            return NULL;
        const uint8_t *unit = code + 3, *end = find_code(unit, u->end, true);
        u->at = end;
        while (end > unit && end[-1] == 0) /* a unit never ends with a zero */
            end--;
        *len_bytes = (size_t)(end - unit);
        if (end > unit)
            return unit;
    }
}

const uint8_t *units_next(struct units *u, size_t *len_bytes)
{
    if (!u->length_bytes)
        return next_coded(u, len_bytes);
    if (u->at == u->end)
        return NULL;
    uint32_t n = 0;
    int i = 0;
    for (; i < u->length_bytes && u->at < u->end; i++)
        n = n << 8 | *u->at++;
    if (i < u->length_bytes || n == 0 || n > (size_t)(u->end - u->at)) {
        u->bad = true;
        u->at = u->end;
        return NULL;
    }
    const uint8_t *unit = u->at;
    u->at += n;
    *len_bytes = n;
    return unit;
}
