/* hook/sign: signatures of Standard Webhooks. Room-internal, pure, thread-safe. */
#pragma once
#include <stdint.h>

struct buf;

/* Appends "v1,BASE64" to out, after a space unless out is empty. It is the HMAC-SHA256 of
 * "id.seconds.body" with the key in `secret`, a text of hook_secret_make. Returns -1 when secret is
 * not such a text. */
int sign_add(struct buf *out, const char *secret, const char *id, int64_t seconds,
             const char *body);
