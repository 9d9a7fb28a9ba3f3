/* http/multipart: reads a multipart/form-data body as it comes, in pieces of any size.
 * Room-internal; an object belongs to one thread. Sources: RFC 7578, RFC 2046 (5.1), RFC 8187.
 *
 * We do not use libmicrohttpd's own reader: it accepts no parameter behind the boundary, no
 * unquoted name, no escaped quote and no epilogue, and it announces a part twice when a piece ends
 * with the part's head. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct multipart;
struct multipart_calls {
    /* A part begins. file_name is NULL when the part has none. Both texts are freed after the
     * return. */
    void (*part)(void *arg, const char *name, const char *file_name);
    /* Bytes of the current part; len_bytes is never 0. */
    void (*data)(void *arg, const char *data, size_t len_bytes);
};

/* Returns NULL when content_type (NULL allowed) is not multipart/form-data with a boundary of 1 to
 * 70 characters. */
struct multipart *multipart_new(const char *content_type, const struct multipart_calls *calls,
                                void *arg);
void multipart_free(struct multipart *m);
/* Returns false when the body is malformed; every later call then returns false too. */
bool multipart_feed(struct multipart *m, const char *data, size_t len_bytes);
/* Returns whether the last boundary has come. Bytes behind it are ignored. */
bool multipart_ended(const struct multipart *m);
