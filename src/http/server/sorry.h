/* http/server/sorry: errors as pages, for people who opened an address in a browser. */
#pragma once
#include <stdbool.h>

struct err;
struct request;

#define SORRY_POLICY                                                                               \
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "  \
    "frame-ancestors 'none'"
/* Whether such a page may be the answer, so that caches and proxies tell who asks apart. */
bool sorry_may(const struct request *r);
/* The page, from malloc; NULL: a program asks. */
char *sorry_page(const struct request *r, const struct err *e, int status);
