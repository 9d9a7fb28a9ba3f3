#include "http/server/json_put.h"

#include "core/str.h"

void json_put_int(struct buf *b, int64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do
        digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (n < 0)
        buf_put(b, "-", 1);
    buf_put(b, digits + at, sizeof(digits) - at);
}

void json_put_text(struct buf *b, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    buf_put(b, "\"", 1);
    const char *from = text, *p = text;
    for (; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        buf_put(b, from, (size_t)(p - from));
        from = p + 1;
        if (c >= ' ') {
            buf_put(b, "\\", 1);
            buf_put(b, p, 1);
        } else {
            const char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_put(b, escaped, sizeof(escaped));
        }
    }
    buf_put(b, from, (size_t)(p - from));
    buf_put(b, "\"", 1);
}
