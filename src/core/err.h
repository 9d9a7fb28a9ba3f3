/* core/err: the one way to say that something failed.
 *
 * A function that can fail returns 0 or -1 (or NULL) and fills `struct err *e`, its last argument;
 * on failure its outputs are untouched. The code is for programs and decides alone (HTTP status,
 * retry or not); msg names the sentence that a person is shown, in their language (core/message.h);
 * text is for the log: it says what exactly, and may hold names and numbers of the inside. Where
 * one field of what the caller sent is at fault, parameter and allowed tell the caller which, and
 * what it may be. */
#pragma once
#include "core/message.h"

enum err_code {
    ERR_NONE,
    ERR_INPUT,       /* the caller's data is wrong; the same call would fail again */
    ERR_STRANGER,    /* who asks is not known: no or a bad token, password, signature */
    ERR_DENIED,      /* who asks is known and may not */
    ERR_MISSING,     /* there is no such thing, or it is not the caller's */
    ERR_CONFLICT,    /* the thing is not in a state that allows this */
    ERR_TOO_LARGE,   /* over a named limit */
    ERR_UNSUPPORTED, /* a kind of thing that we do not take */
    ERR_RATE,        /* too often; later is fine */
    ERR_BUSY,        /* cannot now; a part is down or all places are taken; later is fine */
    ERR_FULL,        /* no room on the disk */
    ERR_STOPPED,     /* ended on request: deleted, shut down, lease lost */
    ERR_SYSTEM,      /* our fault or the machine's */
};
enum { ERR_TEXT_MAX = 256, ERR_FORMAT_MAX = 64, ERR_PARAMETER_MAX = 48, ERR_ALLOWED_MAX = 160 };
struct err {
    enum err_code code;
    enum msg msg;
    char text[ERR_TEXT_MAX];
    char format[ERR_FORMAT_MAX];       /* of a clip: what the sentence names (msg_say); mostly "" */
    char parameter[ERR_PARAMETER_MAX]; /* as the caller writes its name; mostly "" */
    char allowed[ERR_ALLOWED_MAX];     /* "pad, blur, crop, stretch"; said wherever parameter is */
};

/* err_set(e, code, fmt, ...), err_msg(e, msg, fmt, ...): fill *e (NULL is allowed: the caller does
 * not want to know) and return -1. err_set takes the general sentence of its code; err_msg takes
 * the code from the catalogue. err_wrap(e, fmt, ...): puts "<context>: " before the text, keeps
 * code and msg, returns -1. Macros, so that compilers and analysers see the -1. */
#define err_set(...)  err_failed(err_put_code(__VA_ARGS__))
#define err_msg(...)  err_failed(err_put_msg(__VA_ARGS__))
#define err_wrap(...) err_failed(err_put_head(__VA_ARGS__))
/* err_wrong(e, msg, parameter, fmt, ...): a query parameter, a field of a form or of JSON, or a
 * header is wrong; fmt says what is allowed. err_parameter(e, parameter, fmt, ...): the same with
 * MSG_PARAMETER_BAD, to which there is no other way, so that none goes without them.
 * err_field(e, parameter, fmt, ...): adds them to a failure that has a text of its own. All return
 * -1 and allow NULL for e. The name is a constant of ours, never text that came in. */
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
/* err_pass(e, &why): *e is what another failure said. Returns -1; e may be NULL. */
#define err_pass(e, why) err_failed(err_put_whole((e), (why)))
int err_put_whole(struct err *e, const struct err *why);
void err_clear(struct err *e);
/* After a failure: the format that its sentence names. What is no printable ASCII is left out. */
void err_format(struct err *e, const char *format);
/* A short stable name: "input", "denied", ... */
const char *err_code_name(enum err_code code);
/* What the sentence of this failure names (msg_say): the parameter or the format; "": nothing. */
const char *err_named(const struct err *e);
