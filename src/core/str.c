#include "core/str.h"

#include "core/mem.h"

#include <errno.h>
#include <math.h>

struct str str_of(const char *cstring)
{
    return (struct str){cstring, strlen(cstring)};
}

bool str_is(struct str s, const char *cstring)
{
    return s.len == strlen(cstring) && memcmp(s.p, cstring, s.len) == 0;
}

bool str_starts(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && memcmp(s.p, prefix, n) == 0;
}

bool str_int64(struct str s, int64_t min, int64_t max, int64_t *out)
{
    bool minus = s.len && s.p[0] == '-';
    uint64_t v = 0;
    if (s.len == (size_t)minus)
        return false;
    for (size_t i = minus; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (unsigned)(s.p[i] - '0'), &v))
            return false;
    }
    if (v > (uint64_t)INT64_MAX)
        return false;
    int64_t n = minus ? -(int64_t)v : (int64_t)v;
    if (n < min || n > max)
        return false;
    *out = n;
    return true;
}

bool str_double(struct str s, double min, double max, double *out)
{
    char text[64];
    if (s.len == 0 || s.len >= sizeof(text))
        return false;
    memcpy(text, s.p, s.len); /* s may lack the NUL that strspn and strtod look for */
    text[s.len] = 0;
    if (strspn(text, "+-.0123456789eE") < s.len)
        return false;
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    if (errno || *end || !isfinite(v) || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool str_utf8_clean(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.len;
    while (p < end) {
        unsigned c = *p++, more = 0, low = 0;
        if (c >= 0xf0 && c <= 0xf4)
            more = 3, low = 0x10000, c &= 7;
        else if (c >= 0xe0 && c < 0xf0)
            more = 2, low = 0x800, c &= 15;
        else if (c >= 0xc2 && c < 0xe0)
            more = 1, low = 0x80, c &= 31;
        else if (c >= 0x80)
            return false;
        for (; more; more--) {
            if (p == end || (*p & 0xc0) != 0x80)
                return false;
            c = c << 6 | (*p++ & 63);
        }
        if (c < low || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return false;
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            return false;
    }
    return true;
}

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = max_bytes};
}

void buf_clear(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

void buf_put(struct buf *b, const void *data, size_t len_bytes)
{
    if (b->cut || len_bytes > b->max - b->len) {
        b->cut = true;
        return;
    }
    if (b->len + len_bytes + 1 > b->size) {
        size_t size = b->size ? b->size : 128;
        while (size < b->len + len_bytes + 1)
            size *= 2;
        char *p = realloc(b->p, size);
        if (!p)
            abort();
        b->p = p;
        b->size = size;
    }
    if (len_bytes)
        memcpy(b->p + b->len, data, len_bytes);
    b->len += len_bytes;
    b->p[b->len] = 0;
}

void buf_puts(struct buf *b, const char *cstring)
{
    buf_put(b, cstring, strlen(cstring));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    char small[256];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(small)) {
        buf_put(b, small, (size_t)n);
    } else if (n >= 0) {
        AUTO(freep) char *large = mem_new((size_t)n + 1);
        vsnprintf(large, (size_t)n + 1, fmt, again);
        buf_put(b, large, (size_t)n);
    } else {
        b->cut = true;
    }
    va_end(again);
}

const char *str_names(char *out, size_t size, const char *const *names)
{
    size_t n = 0;
    *out = 0;
    for (const char *const *p = names; *p && n < size; p++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", p == names ? "" : ", ", *p);
    return out;
}

void str_copy(char *out, size_t size, const char *cstring)
{
    size_t n = strlen(cstring);
    if (n >= size) {
        n = size - 1;
        while (n > 0 && ((unsigned char)cstring[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(out, cstring, n);
    out[n] = 0;
}
