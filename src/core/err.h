/* core/err: how every function reports a failure.
 *
 * A function that can fail returns 0 or -1 (or NULL) and fills `struct err *e`, its last argument.
 * On failure its outputs are unchanged. `code` is for programs: it alone decides the HTTP status
 * and whether to retry. `msg` names the sentence for a person, in that person's language
 * (core/message.h). `text` is for the log: it gives the details and may hold internal names and
 * numbers. When one field of a request is wrong, `parameter` names the field and `allowed` lists
 * the values that it may have. */
#pragma once
#include "core/message.h"

enum err_code {
    ERR_NONE,
    ERR_INPUT,       /* the caller's data is wrong; the same call fails again */
    ERR_STRANGER,    /* the caller is unknown: missing or wrong token, password or signature */
    ERR_DENIED,      /* the caller is known and has no permission */
    ERR_MISSING,     /* the thing does not exist, or belongs to another user */
    ERR_CONFLICT,    /* the state of the thing does not allow this */
    ERR_TOO_LARGE,   /* over a named limit */
    ERR_UNSUPPORTED, /* Reelgate does not accept this kind of thing */
    ERR_RATE,        /* too many calls; a later call can succeed */
    ERR_BUSY,        /* a part is down or all places are taken; a later call can succeed */
    ERR_FULL,        /* the disk has no free space */
    ERR_STOPPED,     /* ended on request: deleted, shut down, lease lost */
    ERR_SYSTEM,      /* a fault of Reelgate or of the machine */
};
enum { ERR_TEXT_MAX = 256, ERR_FORMAT_MAX = 64, ERR_PARAMETER_MAX = 48, ERR_ALLOWED_MAX = 160 };
struct err {
    enum err_code code;
    enum msg msg;
    char text[ERR_TEXT_MAX];
    char format[ERR_FORMAT_MAX]; /* format of the clip that the sentence names (msg_say); usually ""
                                  */
    char parameter[ERR_PARAMETER_MAX]; /* the field's name as the caller writes it; usually "" */
    char allowed[ERR_ALLOWED_MAX]; /* "pad, blur, crop, stretch"; set whenever parameter is set */
};

/* err_set(e, code, fmt, ...), err_msg(e, msg, fmt, ...): fill *e and return -1. e may be NULL: the
 * caller ignores the details. err_set takes the general sentence of its code. err_msg takes the
 * code from the message table. err_wrap(e, fmt, ...): puts "<context>: " before the text, keeps
 * code and msg, returns -1. These are macros, so that compilers and analysers see the -1. */
#define err_set(...)  err_failed(err_put_code(__VA_ARGS__))
#define err_msg(...)  err_failed(err_put_msg(__VA_ARGS__))
#define err_wrap(...) err_failed(err_put_head(__VA_ARGS__))
/* err_wrong(e, msg, parameter, fmt, ...): a query parameter, a form or JSON field, or a header is
 * wrong; fmt lists the allowed values. err_parameter(e, parameter, fmt, ...): err_wrong with
 * MSG_PARAMETER_BAD. It is the only way to that message, so every such failure names its parameter.
 * err_field(e, parameter, fmt, ...): adds parameter and allowed values to a failure that already
 * has a text. All three return -1 and accept NULL for e. `parameter` is a constant of ours, never
 * text from a client. */
#define err_wrong(...)        err_failed(err_put_wrong(__VA_ARGS__))
#define err_parameter(e, ...) err_failed(err_put_wrong((e), MSG_PARAMETER_BAD, __VA_ARGS__))
#define err_field(...)        err_failed(err_put_field(__VA_ARGS__))
int err_put_code(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int err_put_msg(struct err *e, enum msg msg, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int err_put_head(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_put_wrong(struct err *e, enum msg msg, const char *parameter, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int err_put_field(struct err *e, const char *parameter, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static inline int err_failed(int result)
{
    (void)result;
    return -1;
}
/* err_pass(e, &why): copies another failure into *e. Returns -1; e may be NULL. */
#define err_pass(e, why) err_failed(err_put_whole((e), (why)))
int err_put_whole(struct err *e, const struct err *why);
void err_clear(struct err *e);
/* Sets the format that the sentence names; call it after a failure. Drops all characters but
 * printable ASCII. */
void err_format(struct err *e, const char *format);
/* A short stable name: "input", "denied", ... */
const char *err_code_name(enum err_code code);
/* The parameter or format that the sentence of this failure names (msg_say); "" when there is none.
 */
const char *err_named(const struct err *e);
