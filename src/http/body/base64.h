/* http/body/base64: base64 in headers (RFC 4648, section 4: the plain alphabet, padded). By
 * libsodium. Constant: thread-safe. */
#pragma once
#include "core/str.h"

struct arena;

/* The bytes of text in out, of which *len_bytes are free before and taken after; false, and nothing
 * is taken: it is no base64 (length, alphabet, padding, bits after the end), or does not fit.
 * Blanks and tabs do not count. */
bool base64_read(struct str text, void *out, size_t *len_bytes);
/* The base64 of the bytes, in the arena. */
const char *base64_write(struct arena *a, const void *data, size_t len_bytes);
