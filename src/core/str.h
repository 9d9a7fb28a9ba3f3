/* core/str: borrowed text (struct str) and text under construction (struct buf). */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read-only text, borrowed, without a NUL at its end. */
struct str {
    const char *p;
    size_t len;
};
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
struct str str_of(const char *cstring);
bool str_is(struct str s, const char *cstring);
bool str_starts(struct str s, const char *prefix);
/* Reads a whole decimal number with nothing around it. Returns false when the text is not a number
 * or the number is out of range. */
bool str_int64(struct str s, int64_t min, int64_t max, int64_t *out);
/* Reads a finite decimal number in the same way. */
bool str_double(struct str s, double min, double max, double *out);
/* Whether the text is valid UTF-8 (RFC 3629: no surrogates, no overlong forms) without control
 * characters (C0, DEL, C1). */
bool str_utf8_clean(struct str s);

/* Text under construction, with a maximum size. A piece that does not fit is left out whole and
 * sets `cut`; check `cut` once, at the end. p always ends in NUL once anything was added. */
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
/* Joins the names up to a NULL as "pad, blur, crop" in out and returns out. Truncates to `size`. */
const char *str_names(char *out, size_t size, const char *const *names);
/* Copies cstring into out[size]. Truncates at a UTF-8 boundary; always ends in NUL. */
void str_copy(char *out, size_t size, const char *cstring);
