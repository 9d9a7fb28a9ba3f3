#include "core/err.h"

#include <stdarg.h>

__attribute__((format(printf, 4, 0))) static void fill(struct err *e, enum err_code code,
                                                       enum msg msg, const char *fmt, va_list ap)
{
    if (!e)
        return;
    char text[ERR_TEXT_MAX]; /* fmt's arguments may point into e->text */
    vsnprintf(text, sizeof(text), fmt, ap);
    e->code = code;
    e->msg = msg;
    memcpy(e->text, text, sizeof(text));
    e->format[0] = e->parameter[0] = e->allowed[0] = '\0';
}

int err_put_code(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(e, code, msg_general(code), fmt, ap);
    va_end(ap);
    return -1;
}

int err_put_msg(struct err *e, enum msg msg, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(e, msg_code(msg), msg, fmt, ap);
    va_end(ap);
    return -1;
}

int err_put_head(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -1;
    char inner[ERR_TEXT_MAX], head[ERR_TEXT_MAX];
    memcpy(inner, e->text, sizeof(inner));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(head, sizeof(head), fmt, ap);
    va_end(ap);
    snprintf(e->text, sizeof(e->text), "%.100s: %.150s", head, inner);
    return -1;
}

int err_put_wrong(struct err *e, enum msg msg, const char *parameter, const char *fmt, ...)
{
    char allowed[ERR_ALLOWED_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(allowed, sizeof(allowed), fmt, ap);
    va_end(ap);
    (void)err_put_msg(e, msg, "%s: allowed: %s", parameter, allowed);
    return err_put_field(e, parameter, "%s", allowed);
}

int err_put_field(struct err *e, const char *parameter, const char *fmt, ...)
{
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->allowed, sizeof(e->allowed), fmt, ap);
    va_end(ap);
    snprintf(e->parameter, sizeof(e->parameter), "%s", parameter);
    return -1;
}

const char *err_named(const struct err *e)
{
    return *e->parameter ? e->parameter : e->format;
}

int err_put_whole(struct err *e, const struct err *why)
{
    if (e)
        *e = *why;
    return -1;
}

void err_clear(struct err *e)
{
    if (e)
        *e = (struct err){0};
}

void err_format(struct err *e, const char *format)
{
    size_t n = 0;
    for (; e && *format && n + 1 < sizeof(e->format); format++)
        if (*format >= ' ' && *format <= '~')
            e->format[n++] = *format;
    if (e)
        e->format[n] = '\0';
}

const char *err_code_name(enum err_code code)
{
    static const char *const names[] = {
        [ERR_NONE] = "none",          [ERR_INPUT] = "input",
        [ERR_STRANGER] = "stranger",  [ERR_DENIED] = "denied",
        [ERR_MISSING] = "missing",    [ERR_CONFLICT] = "conflict",
        [ERR_TOO_LARGE] = "toolarge", [ERR_UNSUPPORTED] = "unsupported",
        [ERR_RATE] = "rate",          [ERR_BUSY] = "busy",
        [ERR_FULL] = "full",          [ERR_STOPPED] = "stopped",
        [ERR_SYSTEM] = "system",
    };
    return names[code];
}
