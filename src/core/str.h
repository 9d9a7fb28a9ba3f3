/* core/str: text that is read (struct str) and text that is built (struct buf). */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read-only text, borrowed, not ended by NUL. */
struct str {
    const char *p;
    size_t len;
};
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
struct str str_of(const char *cstring);
bool str_is(struct str s, const char *cstring);
bool str_starts(struct str s, const char *prefix);
/* Whole number in decimal, nothing else around it; false when it is not one or is out of range. */
bool str_int64(struct str s, int64_t min, int64_t max, int64_t *out);
/* Finite decimal number, nothing else around it. */
bool str_double(struct str s, double min, double max, double *out);
/* Valid UTF-8 (RFC 3629: no surrogates, nothing overlong), no control characters (C0, DEL, C1). */
bool str_utf8_clean(struct str s);

/* Text being built, born with a maximum. What does not fit sets `cut` and is left out whole; the
 * caller looks at `cut` once, at the end. p is always ended by NUL once something was put in. */
struct buf {
    char *p;
    size_t len, size, max;
    bool cut;
};
void buf_init(struct buf *b, size_t max_bytes);
void buf_clear(struct buf *b);
void buf_put(struct buf *b, const void *data, size_t len_bytes);
void buf_puts(struct buf *b, const char *cstring);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The names up to a NULL, as "pad, blur, crop"; in out, which it gives back. Cut off to `size`. */
const char *str_names(char *out, size_t size, const char *const *names);
/* Copies cstring into out[size], cut at a UTF-8 boundary if it must be; always ended by NUL. */
void str_copy(char *out, size_t size, const char *cstring);
