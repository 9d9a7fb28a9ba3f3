#include "core/log.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <inttypes.h>
#include <stdbool.h>

/* A value is cut so that one long file name does not push out the task it belongs to. */
enum { LINE_MAX_BYTES = 4096, VALUE_MAX_BYTES = 512 };

struct log {
    int fd;
    enum log_level level;
    enum log_format format;
};

struct log *log_new(int fd, enum log_level level, enum log_format format)
{
    struct log *l = mem_new(sizeof(*l));
    *l = (struct log){.fd = fd, .level = level, .format = format};
    return l;
}

void log_free(struct log *l)
{
    free(l);
}

/* Bytes at s that are one clean character beyond ASCII; 0: they are none. */
static size_t beyond_ascii(const char *s)
{
    unsigned char c = (unsigned char)*s;
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    return strnlen(s, n) == n && str_utf8_clean((struct str){s, n}) ? n : 0;
}

/* Quotes and escapes as JSON does (RFC 8259, 7). UTF-8 stays readable; what is none, or a control
 * character that terminals act upon, is escaped byte by byte. */
static void put_quoted(struct buf *b, const char *s)
{
    buf_puts(b, "\"");
    for (size_t n; *s; s += n) {
        unsigned char c = (unsigned char)*s;
        n = c >= 0x80 ? beyond_ascii(s) : 1;
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f || n == 0)
            buf_printf(b, "\\u%04x", c);
        else
            buf_put(b, s, n);
        n += n == 0;
    }
    buf_puts(b, "\"");
}

static bool plain(const char *s)
{
    if (!*s)
        return false;
    for (size_t n; *s; s += n) {
        unsigned char c = (unsigned char)*s;
        n = c >= 0x80 ? beyond_ascii(s) : 1;
        if (n == 0 || c <= ' ' || strchr("\"\\=", *s) || c == 0x7f)
            return false;
    }
    return true;
}

static void put_value(struct buf *b, enum log_format format, const struct log_value *v)
{
    switch (v->type) {
    case LOG_V_INT:
        buf_printf(b, "%" PRId64, v->i);
        return;
    case LOG_V_UINT:
        buf_printf(b, "%" PRIu64, v->u);
        return;
    case LOG_V_DOUBLE:
        buf_printf(b, "%.6g", v->d);
        return;
    case LOG_V_STR:
        if (!v->s) {
            buf_puts(b, format == LOG_JSON ? "null" : "-");
            return;
        }
        char text[VALUE_MAX_BYTES];
        str_copy(text, sizeof(text), v->s);
        if (format == LOG_TEXT && plain(text))
            buf_puts(b, text);
        else
            put_quoted(b, text);
        return;
    }
}

void log_write(struct log *l, enum log_level level, const char *message,
               const struct log_pair *pairs, int pair_count)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if (!l || level > l->level)
        return;
    char when[CLOCK_ISO_SIZE];
    clock_iso(clock_now_ms(), when);
    struct buf b;
    buf_init(&b, LINE_MAX_BYTES);
    if (l->format == LOG_JSON) {
        buf_printf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", when, names[level]);
        put_quoted(&b, message);
    } else {
        buf_printf(&b, "%s %-5s %s", when, names[level], message);
    }
    for (int i = 0; i < pair_count; i++) {
        size_t whole = b.len;
        if (l->format == LOG_JSON) {
            buf_puts(&b, ",");
            put_quoted(&b, pairs[i].key);
            buf_puts(&b, ":");
        } else {
            buf_printf(&b, " %s=", pairs[i].key);
        }
        put_value(&b, l->format, &pairs[i].value);
        if (b.cut) { /* a pair is there whole or not at all, so that JSON stays JSON */
            b.len = whole;
            b.p[b.len] = 0;
            b.cut = false;
        }
    }
    b.max = LINE_MAX_BYTES + 2;
    buf_puts(&b, l->format == LOG_JSON ? "}\n" : "\n");
    /* A log that cannot be written must not stop the service, and has nowhere to be reported. */
    (void)fd_write_all(l->fd, b.p, b.len, NULL);
    buf_clear(&b);
}
