/* hook/sign: signatures of Standard Webhooks. Room-internal; pure but for hook_secret_make,
 * thread-safe. */
#pragma once
#include <stdint.h>

struct buf;

/* Adds "v1,BASE64" to what is in out, after a space when that is not empty: HMAC-SHA256 of
 * "id.seconds.body" with the key in `secret`, as hook_secret_make writes it. -1: it is none. */
int sign_add(struct buf *out, const char *secret, const char *id, int64_t seconds,
             const char *body);
