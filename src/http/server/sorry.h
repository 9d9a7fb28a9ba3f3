/* http/server/sorry: errors as pages, for people who opened an address in a browser. */
#pragma once
#include <stdbool.h>

struct err;
struct request;

#define SORRY_POLICY                                                                               \
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "  \
    "frame-ancestors 'none'"
/* Returns whether an error of this request may be a page. Then the answer must tell caches that it
 * depends on the client's headers. */
bool sorry_may(const struct request *r);
/* Returns the page, from malloc; NULL: the client is a program. */
char *sorry_page(const struct request *r, const struct err *e, int status);
