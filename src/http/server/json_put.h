/* http/json_put: JSON (RFC 8259) written straight into a buffer, for the few answers where building
 * a tree first is what they cost. Room-internal; pure functions, thread-safe. */
#pragma once
#include <stdint.h>

struct buf;

void json_put_int(struct buf *b, int64_t n);
/* text is UTF-8 and is put between quotes; what JSON wants escaped is escaped. */
void json_put_text(struct buf *b, const char *text);
