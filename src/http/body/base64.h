/* http/body/base64: base64 in headers (RFC 4648, section 4: the standard alphabet, with padding),
 * by libsodium. Thread-safe. */
#pragma once
#include "core/str.h"

struct arena;

/* Decodes text to out, which has room for *len_bytes; then *len_bytes is the length of the result.
 * Blanks and tabs are ignored. Returns false and leaves *len_bytes alone when text is not base64
 * (alphabet, length, padding, bits after the end) or the result does not fit. */
bool base64_read(struct str text, void *out, size_t *len_bytes);
/* Encodes the bytes; the result lies in the arena. */
const char *base64_write(struct arena *a, const void *data, size_t len_bytes);
