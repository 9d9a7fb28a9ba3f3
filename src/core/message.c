#include "core/message.h"

#include "core/err.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
    const char *slug;
    enum err_code code;
    const char *text[2];
} table[] = {
#define MSG(id, slug, code, es, en) [MSG_##id] = {slug, code, {[LANG_ES] = (es), [LANG_EN] = (en)}},
#include "core/message.def"
#undef MSG
};

const char *msg_slug(enum msg m)
{
    return table[m].slug;
}

bool msg_from_slug(const char *slug, enum msg *out)
{
    for (size_t i = 0; i < LEN(table); i++)
        if (strcmp(table[i].slug, slug) == 0) {
            *out = (enum msg)i;
            return true;
        }
    return false;
}

const char *msg_text(enum msg m, enum lang lang)
{
    return table[m].text[lang];
}

/* The message whose sentence names the thing; itself: there is none. */
static enum msg named(enum msg m)
{
    return m == MSG_CODEC_UNSUPPORTED ? MSG_CODEC_NAMED
           : m == MSG_PARAMETER_BAD   ? MSG_PARAMETER_NAMED
                                      : m;
}

void msg_say(enum msg m, enum lang lang, const char *thing, char *out, size_t size)
{
    bool known = thing && *thing && named(m) != m;
    const char *text = msg_text(known ? named(m) : m, lang);
    const char *slot = known ? strstr(text, "%s") : NULL;
    if (slot)
        snprintf(out, size, "%.*s%s%s", (int)(slot - text), text, thing, slot + 2);
    else
        snprintf(out, size, "%s", text);
}

enum err_code msg_code(enum msg m)
{
    return table[m].code;
}

enum msg msg_general(enum err_code code)
{
    static const enum msg general[] = {
        [ERR_NONE] = MSG_OK,
        [ERR_INPUT] = MSG_BAD_REQUEST,
        [ERR_STRANGER] = MSG_UNAUTHORIZED,
        [ERR_DENIED] = MSG_FORBIDDEN,
        [ERR_MISSING] = MSG_NOT_FOUND,
        [ERR_CONFLICT] = MSG_CONFLICT,
        [ERR_TOO_LARGE] = MSG_TOO_LARGE,
        [ERR_UNSUPPORTED] = MSG_UNSUPPORTED,
        [ERR_RATE] = MSG_TOO_MANY_REQUESTS,
        [ERR_BUSY] = MSG_UNAVAILABLE,
        [ERR_FULL] = MSG_DISK_FULL,
        [ERR_STOPPED] = MSG_STOPPED,
        [ERR_SYSTEM] = MSG_INTERNAL,
    };
    return general[code];
}

/* Reads "en-GB;q=0.8, es" and keeps the known language of the highest weight; the first wins a tie.
 */
enum lang lang_accept(const char *p)
{
    enum lang best = LANG_ES;
    double best_q = 0;
    while (p && *p) {
        p += strspn(p, " \t,");
        size_t n = strcspn(p, ",");
        double q = 1;
        const char *semi = memchr(p, ';', n);
        if (semi) {
            const char *eq = memchr(semi, '=', n - (size_t)(semi - p));
            q = eq ? strtod(eq + 1, NULL) : 1;
        }
        bool es = strncasecmp(p, "es", 2) == 0, en = strncasecmp(p, "en", 2) == 0;
        bool whole = n == 2 || (n > 2 && strchr("-;, \t", p[2]));
        if ((es || en) && whole && q > best_q) {
            best = es ? LANG_ES : LANG_EN;
            best_q = q;
        }
        p += n;
    }
    return best;
}

enum lang lang_terminal(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < LEN(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "es", 2) == 0 && (!value[2] || strchr("_.@", value[2])) ? LANG_ES
                                                                                          : LANG_EN;
    }
    return LANG_EN;
}
