/* Plan: four states. Before a boundary (in text to ignore, or in the bytes of a part), the bytes
 * are compared with CR LF "--" boundary, and a possible beginning of it is held back. CR occurs
 * only at the front of that text, so after a mismatch a later beginning can start only at the
 * mismatching byte. Behind a boundary comes either "--" (the end), or the end of the line and then
 * the head of a part, up to an empty line. */
#include "http/body/multipart.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70, HEAD_MAX = 32 * 1024, NAME_MAX_BYTES = 8 * 1024 };
static const char space[] = " \t";

struct multipart {
    enum { PREAMBLE, LINE_END, HEAD, BODY, ENDED, BROKEN } state;
    const struct multipart_calls *calls;
    void *arg;
    char mark[4 + BOUNDARY_MAX + 1]; /* CR LF "--" boundary */
    size_t mark_len, matched;        /* of mark, held back */
    struct buf head;                 /* LINE_END, HEAD: what came so far */
};

/* -- parameters of header fields -- */

/* Reads a parameter's value, from just behind its '='. Returns its end, or NULL when it is
 * malformed. */
static const char *value_read(const char *p, char *out, size_t size)
{
    size_t n = 0;
    if (*p != '"') {
        size_t len = strcspn(p, "; \t\r\n");
        if (len >= size)
            return NULL;
        memcpy(out, p, len);
        out[len] = 0;
        return p + len;
    }
    for (p++; *p != '"'; p++) {
        /* only quotes and backslashes are escaped: "C:\clips" stays as it is */
        if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        if (!*p || n + 1 >= size)
            return NULL;
        out[n++] = *p;
    }
    out[n] = 0;
    return p + 1;
}

/* Looks for a parameter behind the first ';' of a field's value. */
static bool parameter(const char *field, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    AUTO(freep) char *skipped = mem_new(size);
    for (const char *p = strchr(field, ';'); p; p = strchr(p, ';')) {
        p += 1 + strspn(p + 1, space);
        size_t n = strcspn(p, "=; \t\r\n");
        const char *is = p + n + strspn(p + n, space);
        if (*is != '=')
            continue;
        is += 1 + strspn(is + 1, space);
        bool found = n == len && strncasecmp(p, name, n) == 0;
        p = value_read(is, found ? out : skipped, size);
        if (!p || found)
            return p;
    }
    return false;
}

/* UTF-8''a%20b (RFC 8187), in place; false when it is something else. */
static bool extended_decode(char *text)
{
    static const char hex[] = "0123456789abcdef";
    char *p = text, *out = text;
    if (strncasecmp(p, "utf-8'", 6) != 0 || !(p = strchr(p + 6, '\'')))
        return false;
    for (p++; *p; p++) {
        const char *a = *p == '%' && p[1] ? strchr(hex, tolower((unsigned char)p[1])) : NULL;
        const char *b = a && p[2] ? strchr(hex, tolower((unsigned char)p[2])) : NULL;
        *out++ = b ? (char)((a - hex) * 16 + (b - hex)) : *p;
        p += b ? 2 : 0;
    }
    *out = 0;
    return true;
}

/* -- heads of parts -- */

/* The head's lines are in m->head, each ended by CR LF. */
static void head_done(struct multipart *m)
{
    static const char field[] = "Content-Disposition:";
    enum { SIZE = NAME_MAX_BYTES + 1 };
    const char *p = m->head.len ? m->head.p : "";
    while (*p && strncasecmp(p, field, sizeof(field) - 1) != 0) {
        const char *end = strstr(p, "\r\n");
        p = end ? end + 2 : "";
    }
    AUTO(freep) char *value = mem_new(HEAD_MAX + 1);
    AUTO(freep) char *name = mem_new(SIZE);
    AUTO(freep) char *file = mem_new(SIZE);
    const char *end = strstr(p, "\r\n");
    memcpy(value, p, end ? (size_t)(end - p) : 0);
    if (!parameter(value, "name", name, SIZE))
        *name = 0;
    bool has = (parameter(value, "filename*", file, SIZE) && extended_decode(file)) ||
               parameter(value, "filename", file, SIZE);
    m->calls->part(m->arg, name, has ? file : NULL);
    buf_clear(&m->head);
    buf_init(&m->head, HEAD_MAX);
    m->state = BODY;
}

static void head_byte(struct multipart *m, char c)
{
    buf_put(&m->head, &c, 1);
    const char *p = m->head.p;
    size_t n = m->head.len;
    if (m->head.cut || !c)
        m->state = BROKEN;
    else if ((n == 2 || (n > 3 && memcmp(p + n - 4, "\r\n", 2) == 0)) &&
             memcmp(p + n - 2, "\r\n", 2) == 0)
        head_done(m);
}

/* Reads the text behind a boundary: "--", or blanks and the end of the line. */
static void line_byte(struct multipart *m, char c)
{
    buf_put(&m->head, &c, 1);
    const char *p = m->head.p;
    size_t n = m->head.len, blanks = strspn(p, space);
    if (m->head.cut || !c) {
        m->state = BROKEN;
    } else if (n == 2 && memcmp(p, "--", 2) == 0) {
        m->state = ENDED;
    } else if (strcmp(p + blanks, "\r\n") == 0) {
        buf_clear(&m->head);
        buf_init(&m->head, HEAD_MAX);
        m->state = HEAD;
    } else if (p[blanks] && strcmp(p + blanks, "\r") != 0 && strcmp(p, "-") != 0) {
        m->state = BROKEN;
    }
}

/* -- bytes -- */

static void multipart_give(const struct multipart *m, const char *data, size_t len)
{
    if (m->state == BODY && len)
        m->calls->data(m->arg, data, len);
}

/* Takes bytes before a boundary; returns how many. */
static size_t before(struct multipart *m, const char *data, size_t len)
{
    size_t at = 0;
    while (at < len && m->matched < m->mark_len) {
        if (data[at] == m->mark[m->matched]) {
            m->matched++;
            at++;
            continue;
        }
        if (m->matched) { /* not a boundary; the byte is examined again */
            multipart_give(m, m->mark, m->matched);
            m->matched = 0;
            continue;
        }
        const char *cr = memchr(data + at, '\r', len - at);
        size_t n = cr ? (size_t)(cr - data) - at : len - at;
        multipart_give(m, data + at, n);
        at += n;
    }
    if (m->matched == m->mark_len) {
        m->matched = 0;
        m->state = LINE_END;
    }
    return at;
}

bool multipart_feed(struct multipart *m, const char *data, size_t len_bytes)
{
    for (size_t at = 0; at < len_bytes;) {
        switch (m->state) {
        case PREAMBLE:
        case BODY:
            at += before(m, data + at, len_bytes - at);
            break;
        case LINE_END:
            line_byte(m, data[at++]);
            break;
        case HEAD:
            head_byte(m, data[at++]);
            break;
        case ENDED:
            return true;
        case BROKEN:
            return false;
        }
    }
    return m->state != BROKEN;
}

bool multipart_ended(const struct multipart *m)
{
    return m->state == ENDED;
}

struct multipart *multipart_new(const char *content_type, const struct multipart_calls *calls,
                                void *arg)
{
    static const char type[] = "multipart/form-data";
    char boundary[BOUNDARY_MAX + 1];
    size_t n = sizeof(type) - 1;
    if (!content_type || strncasecmp(content_type, type, n) != 0 ||
        !strchr("; \t", content_type[n]) ||
        !parameter(content_type, "boundary", boundary, sizeof(boundary)) || !*boundary ||
        strpbrk(boundary, "\r\n"))
        return NULL;
    struct multipart *m = mem_new(sizeof(*m));
    m->calls = calls;
    m->arg = arg;
    m->mark_len = (size_t)snprintf(m->mark, sizeof(m->mark), "\r\n--%s", boundary);
    m->matched = 2; /* the first boundary has no line before it */
    buf_init(&m->head, HEAD_MAX);
    return m;
}

void multipart_free(struct multipart *m)
{
    if (!m)
        return;
    buf_clear(&m->head);
    free(m);
}
