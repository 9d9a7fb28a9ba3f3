/* http/json_put: writes JSON (RFC 8259) straight into a buffer, for the few answers whose main cost
 * would be building a tree first. Room-internal; pure functions, thread-safe. */
#pragma once
#include <stdint.h>

struct buf;

void json_put_int(struct buf *b, int64_t n);
/* Writes text (UTF-8) between quotes and escapes what JSON requires. */
void json_put_text(struct buf *b, const char *text);
