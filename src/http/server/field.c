#include "http/server/field.h"

#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_SHOWN_MAX = 255 }; /* bytes */

static const char *blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* Skips separators between the items of a list; an item may be empty. */
static const char *separators(const char *p)
{
    return p + strspn(p, ", \t");
}

/* -- entity tags -- */

bool etag_listed(const char *header, const char *etag, bool weak)
{
    if (!header)
        return false;
    if (*blanks(header) == '*')
        return !*blanks(blanks(header) + 1);
    size_t len = strlen(etag);
    for (const char *p = header; *(p = separators(p));) {
        bool is_weak = strncmp(p, "W/", 2) == 0;
        p += is_weak ? 2 : 0;
        const char *end = *p == '"' ? strchr(p + 1, '"') : NULL;
        if (end && (size_t)(end + 1 - p) == len && memcmp(p, etag, len) == 0 && (weak || !is_weak))
            return true;
        p = end ? end + 1 : p;
        p += strcspn(p, ",");
    }
    return false;
}

/* -- codings -- */

/* Returns whether `;q=` after a coding holds only zeros. end: end of the list item. */
static bool weight_is_zero(const char *p, const char *end)
{
    p += strcspn(p, ";,");
    if (*p != ';')
        return false;
    p = blanks(p + 1);
    if (strncasecmp(p, "q=0", 3) != 0)
        return false;
    p += 3;
    return blanks(p + strspn(p, ".0")) == end;
}

bool coding_accepted(const char *header, const char *coding)
{
    size_t len = strlen(coding);
    bool star = false;
    for (const char *p = header; p && *(p = separators(p));) {
        const char *end = p + strcspn(p, ",");
        size_t n = strcspn(p, ",; \t");
        if (n == len && strncasecmp(p, coding, n) == 0)
            return !weight_is_zero(p, end);
        if (n == 1 && *p == '*')
            star = !weight_is_zero(p, end);
        p = end;
    }
    return star;
}

/* -- media types -- */

/* Returns the weight of a type in thousandths, by the most specific range that matches; *named: a
 * range other than the one for every type matches. */
static int weight(const char *header, const char *type, bool *named)
{
    size_t len = strlen(type), major = (size_t)(strchr(type, '/') - type) + 1;
    int found = 0, closest = 0;
    for (const char *p = header; *(p = separators(p)); p += strcspn(p, ",")) {
        size_t n = strcspn(p, ",; \t");
        int close = n == len && strncasecmp(p, type, n) == 0                            ? 3
                    : n == major + 1 && p[major] == '*' && !strncasecmp(p, type, major) ? 2
                    : n == 3 && strncmp(p, "*/*", n) == 0                               ? 1
                                                                                        : 0;
        if (close <= closest)
            continue;
        closest = close;
        found = 1000;
        for (const char *q = p + n; *(q += strcspn(q, ",;")) == ';';)
            if (strncasecmp(q = blanks(q + 1), "q=", 2) == 0) {
                double told = strtod(q + 2, NULL);
                found = told >= 1 ? 1000 : told > 0 ? (int)(told * 1000) : 0;
            }
    }
    *named = closest > 1;
    return found;
}

bool html_preferred(const char *accept)
{
    bool html, json;
    return accept &&
           weight(accept, "text/html", &html) > weight(accept, "application/json", &json) && html;
}

/* -- ranges -- */

/* Reads digits; a number beyond int64 counts as INT64_MAX. NULL: there are no digits. */
static const char *field_digits(const char *p, int64_t *out)
{
    if (!isdigit((unsigned char)*p))
        return NULL;
    bool over = false;
    int64_t n = 0;
    for (; isdigit((unsigned char)*p); p++)
        over = over || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n);
    *out = over ? INT64_MAX : n;
    return p;
}

enum range_kind range_read(const char *header, int64_t size_bytes, int64_t *from, int64_t *len)
{
    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return RANGE_NONE;
    const char *p = separators(header + 6);
    int64_t first = -1, last = INT64_MAX;
    if (*p != '-' && !(p = field_digits(p, &first)))
        return RANGE_NONE;
    if (*p++ != '-')
        return RANGE_NONE;
    const char *end = field_digits(p, &last);
    if (!end && first < 0)
        return RANGE_NONE;
    if (*separators(end ? end : p)) /* a second range, or rubbish */
        return RANGE_NONE;
    if (first < 0) { /* the last bytes */
        if (last == 0)
            return RANGE_BEYOND;
        if (size_bytes == 0)
            return RANGE_NONE; /* a range of an empty file, which Content-Range cannot express */
        *from = last < size_bytes ? size_bytes - last : 0;
        *len = size_bytes - *from;
        return RANGE_PART;
    }
    if (last < first)
        return RANGE_NONE;
    if (first >= size_bytes)
        return RANGE_BEYOND;
    *from = first;
    *len = (last < size_bytes ? last + 1 : size_bytes) - first;
    return RANGE_PART;
}

/* -- names -- */

/* Characters that turn the direction of text (Unicode UAX #9: U+202A to U+202E, U+2066 to U+2069)
 * become "_": they can make a name show another ending than it has. */
static void drop_turns(char *name)
{
    char *to = name;
    for (const char *p = name; *p;) {
        const unsigned char *u = (const unsigned char *)p;
        bool turns = u[0] == 0xe2 && ((u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) ||
                                      (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9));
        *to++ = *p;
        if (turns)
            to[-1] = '_';
        p += turns ? 3 : 1;
    }
    *to = 0;
}

const char *disposition_make(struct arena *a, const char *title, const char *file_name, bool attach,
                             const char *ending)
{
    static const char hex[] = "0123456789ABCDEF";
    char name[NAME_SHOWN_MAX + 1], plain[NAME_SHOWN_MAX + 1], star[3 * NAME_SHOWN_MAX + 1];
    str_copy(name, sizeof(name) - strlen(ending), *title ? title : file_name);
    char *dot = *title ? NULL : strrchr(name, '.');
    if (dot && dot != name)
        *dot = 0;
    drop_turns(name);
    /* a client must never take it for a path or a hidden file */
    for (char *p = name; *p; p++)
        if (*p == '/' || *p == '\\' || (*p == '.' && p == name))
            *p = '_';
    size_t n = 0, m = 0;
    for (const char *p = *name ? name : "reel"; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool both = isascii(c) && (isalnum(c) || strchr(".-_", c));
        if (both || (c & 0xc0) != 0x80) /* one replacement for a character of several bytes */
            plain[n++] = both || c == ' ' ? *p : '_';
        if (both) {
            star[m++] = *p;
        } else {
            star[m++] = '%';
            star[m++] = hex[c >> 4];
            star[m++] = hex[c & 15];
        }
    }
    plain[n] = star[m] = 0;
    return arena_printf(a, "%s; filename=\"%s%s\"; filename*=UTF-8''%s%s",
                        attach ? "attachment" : "inline", plain, ending, star, ending);
}

/* -- addresses -- */

/* An address of either family as IPv6 (IPv4 as IPv4-mapped), and the number of bits that count. */
struct network {
    uint8_t ip[16];
    int bits;
};

/* text: an address, or a network such as 10.0.0.0/8, with blanks around it. */
static bool network_read(const char *text, size_t len, struct network *n)
{
    enum { MAPPED = 96 };
    char plain[INET6_ADDRSTRLEN + 4];
    while (len && strchr(" \t", *text))
        text++, len--;
    while (len && strchr(" \t", text[len - 1]))
        len--;
    if (len >= sizeof(plain))
        return false;
    memcpy(plain, text, len);
    plain[len] = 0;
    char *slash = strchr(plain, '/');
    if (slash)
        *slash = 0;
    bool six = strchr(plain, ':');
    int64_t bits = six ? 128 : 32;
    if (slash && !str_int64(str_of(slash + 1), 0, bits, &bits))
        return false;
    *n = (struct network){.bits = (int)bits};
    if (six)
        return inet_pton(AF_INET6, plain, n->ip) == 1;
    n->bits += MAPPED;
    n->ip[10] = n->ip[11] = 0xff;
    return inet_pton(AF_INET, plain, n->ip + 12) == 1;
}

static bool network_has(const struct network *n, const struct network *address)
{
    int whole = n->bits / 8, rest = n->bits % 8;
    return memcmp(n->ip, address->ip, (size_t)whole) == 0 &&
           (rest == 0 || (n->ip[whole] ^ address->ip[whole]) >> (8 - rest) == 0);
}

int address_list_check(const char *list, struct err *e)
{
    struct network n;
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, ",");
        if (strspn(p, " \t") < len && !network_read(p, len, &n))
            return err_set(e, ERR_INPUT, "\"%.*s\" is no address and no network such as 10.0.0.0/8",
                           (int)(len < 64 ? len : 64), p);
        p += len + (p[len] == ',');
    }
    return 0;
}

/* Writes the IPv4 peer of an IPv6 socket as an IPv4 address. */
static const char *plain_address(const char *address)
{
    return strncasecmp(address, "::ffff:", 7) == 0 && strchr(address, '.') ? address + 7 : address;
}

bool address_is_proxy(const char *peer, const char *proxies)
{
    struct network who, n;
    if (!network_read(peer, strlen(peer), &who))
        return false;
    for (const char *p = proxies; *p;) {
        size_t len = strcspn(p, ",");
        if (network_read(p, len, &n) && network_has(&n, &who))
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

void address_read(char *out, size_t size, const char *peer, const char *proxies,
                  const char *forwarded_for)
{
    str_copy(out, size, plain_address(peer));
    size_t end = forwarded_for ? strlen(forwarded_for) : 0;
    while (end && address_is_proxy(out, proxies)) {
        size_t begin = end;
        while (begin && forwarded_for[begin - 1] != ',')
            begin--;
        const char *p = blanks(forwarded_for + begin);
        size_t n = (size_t)(forwarded_for + end - p);
        while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
            n--;
        char text[INET6_ADDRSTRLEN];
        struct in6_addr six;
        if (n >= sizeof(text))
            return;
        memcpy(text, p, n);
        text[n] = 0;
        const char *address = plain_address(text);
        if (inet_pton(strchr(address, ':') ? AF_INET6 : AF_INET, address, &six) != 1)
            return;
        str_copy(out, size, address);
        end = begin ? begin - 1 : 0;
    }
}

/* -- origins -- */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* Returns the next item of a comma-separated list, without blanks around it, and moves *p behind
 * it. */
static struct str next_item(const char **p)
{
    const char *from = blanks(*p), *end = *p + strcspn(*p, ",");
    struct str item = {from, from < end ? (size_t)(end - from) : 0};
    while (item.len && strchr(" \t", item.p[item.len - 1]))
        item.len--;
    *p = end + (*end == ',');
    return item;
}

/* Length of the host at p, with its brackets when it is an IPv6 address; 0: there is none. */
static size_t host_len(const char *p)
{
    if (*p != '[')
        return strspn(p, LETTERS DIGITS ".-_");
    size_t n = strspn(p + 1, DIGITS "abcdefABCDEF:.");
    return n && p[n + 1] == ']' ? n + 2 : 0;
}

static bool usual_port(const char *scheme, size_t len, int64_t port)
{
    return (len == 4 && port == 80 && strncasecmp(scheme, "http", len) == 0) ||
           (len == 5 && port == 443 && strncasecmp(scheme, "https", len) == 0);
}

static bool is_origin(struct str item)
{
    char text[300];
    if (item.len >= sizeof(text))
        return false;
    memcpy(text, item.p, item.len);
    text[item.len] = 0;
    size_t scheme = strspn(text, LETTERS DIGITS "+-.");
    if (!isalpha((unsigned char)*text) || strncmp(text + scheme, "://", 3) != 0)
        return false;
    size_t host = host_len(text + scheme + 3);
    const char *port = text + scheme + 3 + host;
    if (!host || !*port)
        return host;
    int64_t n;
    return *port == ':' && port[1] != '0' && str_int64(str_of(port + 1), 1, UINT16_MAX, &n) &&
           !usual_port(text, scheme, n);
}

int origin_list_check(const char *list, struct err *e)
{
    if (strcmp(list, "*") == 0)
        return 0;
    while (*list) {
        struct str item = next_item(&list);
        if (item.len && !is_origin(item))
            return err_set(
                e, ERR_INPUT,
                "\"%.*s\" is no origin such as https://app.example.org:8443: no path, no "
                "last slash, no usual port; a * stands alone",
                (int)(item.len < 80 ? item.len : 80), item.p);
    }
    return 0;
}

bool origin_listed(const char *list, const char *origin)
{
    size_t n = origin ? strlen(origin) : 0;
    if (n && strcmp(list, "*") == 0)
        return true;
    while (n && *list) {
        struct str item = next_item(&list);
        if (item.len == n && strncasecmp(item.p, origin, n) == 0)
            return true;
    }
    return false;
}
