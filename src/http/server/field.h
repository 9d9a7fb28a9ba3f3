/* http/field: what stands in header fields, read and written without a connection. Room-internal;
 * pure functions, thread-safe. Sources: RFC 9110 (13.1, 14), RFC 6266, RFC 8187. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

/* Is etag, with its quotes, in a list like `"a", W/"b"` or `*`? weak: for If-None-Match, where W/
 * makes no difference; for If-Match it does. A NULL header lists nothing. */
bool etag_listed(const char *header, const char *etag, bool weak);
/* Does an Accept-Encoding header take this coding, by its name or by a star where it is not named?
 * A weight of 0 refuses. A NULL header takes none. */
bool coding_accepted(const char *header, const char *coding);

/* Does an Accept header name HTML, and weigh it more than JSON (RFC 9110, 12.5.1)? Browsers do
 * where a person goes to an address; programs that take anything do not. */
bool html_preferred(const char *accept);

enum range_kind {
    RANGE_NONE,   /* not there, not ours, broken, or several at once: the whole is sent */
    RANGE_PART,   /* *from and *len say which */
    RANGE_BEYOND, /* 416 */
};
/* The one byte range of a Range header for something of size_bytes. */
enum range_kind range_read(const char *header, int64_t size_bytes, int64_t *from, int64_t *len);

/* Content-Disposition for a file named after title, or where that is "" after file_name with its
 * ending replaced. Whatever they hold, the result is ASCII, without control characters, short, and
 * no path; the name with its ending has at most 255 bytes. In the arena. */
const char *disposition_make(struct arena *a, const char *title, const char *file_name, bool attach,
                             const char *ending);

/* Whether each item of a list with commas is an address, or a network such as 10.0.0.0/8 or
 * fc00::/7. ERR_INPUT names the first that is not. */
int address_list_check(const char *list, struct err *e);
/* Who is asking: the peer, or, when the peer is one of `proxies` (such a list, already checked),
 * the last address in X-Forwarded-For that is none of them. Writes a numeric address, or the peer's
 * when the header holds something else. */
void address_read(char *out, size_t size, const char *peer, const char *proxies,
                  const char *forwarded_for);
/* Whether the peer is one of `proxies`, so that its word about the client counts. */
bool address_is_proxy(const char *peer, const char *proxies);

/* Whether a list with commas is "" or a star alone, or each item is an origin as browsers name it
 * (RFC 6454, 6.2): scheme://host[:port], without a path and without the port that the scheme has
 * anyway. ERR_INPUT names the first that is not. */
int origin_list_check(const char *list, struct err *e);
/* Whether such a list has this Origin header; a star has every one. NULL is in none. */
bool origin_listed(const char *list, const char *origin);
