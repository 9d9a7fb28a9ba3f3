/* http/multipart: reads a multipart/form-data body as it comes, in pieces of any size.
 * Room-internal; an object belongs to one thread. Sources: RFC 7578, RFC 2046 (5.1), RFC 8187.
 *
 * Written here because the library's own reader takes no parameter behind the boundary, no unquoted
 * name, no escaped quote and no epilogue, and announces a part twice when a piece ends with its
 * head. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct multipart;
struct multipart_calls {
    /* A part begins. file_name: NULL when it has none. Both are gone when this returns. */
    void (*part)(void *arg, const char *name, const char *file_name);
    /* Bytes of the part that began last; never 0. */
    void (*data)(void *arg, const char *data, size_t len_bytes);
};

/* NULL: content_type (NULL allowed) is not multipart/form-data with a boundary of 1 to 70
 * characters. */
struct multipart *multipart_new(const char *content_type, const struct multipart_calls *calls,
                                void *arg);
void multipart_free(struct multipart *m);
/* false: broken; every later call is false too. */
bool multipart_feed(struct multipart *m, const char *data, size_t len_bytes);
/* The last boundary has come. What follows it is ignored. */
bool multipart_ended(const struct multipart *m);
