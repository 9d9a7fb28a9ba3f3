/* http/field: reads and writes the values of header fields, without a connection. Room-internal;
 * pure functions, thread-safe. Sources: RFC 9110 (13.1, 14), RFC 6266, RFC 8187. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

/* Returns whether etag, with its quotes, is in a list like `"a", W/"b"` or `*`. weak: W/ makes no
 * difference (If-None-Match); otherwise it does (If-Match). A NULL header lists nothing. */
bool etag_listed(const char *header, const char *etag, bool weak);
/* Returns whether an Accept-Encoding header accepts this coding, by name or, for a coding that it
 * does not name, by a star. A weight of 0 refuses. A NULL header accepts none. */
bool coding_accepted(const char *header, const char *coding);

/* Returns whether an Accept header names HTML and weighs it more than JSON (RFC 9110, 12.5.1).
 * Browsers send that when a person opens an address; programs that accept anything do not. */
bool html_preferred(const char *accept);

enum range_kind {
    RANGE_NONE,   /* no header, another unit, malformed, or several ranges: send the whole */
    RANGE_PART,   /* send *len bytes from *from */
    RANGE_BEYOND, /* answer 416 */
};
/* Reads a Range header with one byte range of something of size_bytes. */
enum range_kind range_read(const char *header, int64_t size_bytes, int64_t *from, int64_t *len);

/* Makes a Content-Disposition for a file named after title, or, when title is "", after file_name
 * with another ending. Whatever the inputs hold, the result is short ASCII without control
 * characters and without a path; the name with its ending has at most 255 bytes. In the arena. */
const char *disposition_make(struct arena *a, const char *title, const char *file_name, bool attach,
                             const char *ending);

/* Checks that each item of a comma-separated list is an address, or a network such as 10.0.0.0/8 or
 * fc00::/7. ERR_INPUT names the first bad item. */
int address_list_check(const char *list, struct err *e);
/* Writes the client's address: the peer's, or, when the peer is in `proxies` (a checked list), the
 * last address in X-Forwarded-For that is not in `proxies`. Writes a numeric address; when the
 * header holds anything else, writes the peer's. */
void address_read(char *out, size_t size, const char *peer, const char *proxies,
                  const char *forwarded_for);
/* Returns whether the peer is in `proxies`, so that its headers about the client are trusted. */
bool address_is_proxy(const char *peer, const char *proxies);

/* Checks a comma-separated list of origins: "", a single star, or origins as browsers send them
 * (RFC 6454, 6.2): scheme://host[:port], without a path and without the scheme's default port.
 * ERR_INPUT names the first bad item. */
int origin_list_check(const char *list, struct err *e);
/* Returns whether such a list holds the value of this Origin header; a star holds every origin.
 * NULL is in no list. */
bool origin_listed(const char *list, const char *origin);
