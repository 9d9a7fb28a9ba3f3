/* core/message: every sentence that a person is shown, in Spanish and English, under one stable
 * code. The table is core/message.def; the Spanish ones that clients of the earlier service know
 * are kept to the letter. Constant data: thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum err_code;
enum lang { LANG_ES, LANG_EN };
enum msg {
#define MSG(id, slug, code, es, en) MSG_##id,
#include "core/message.def"
#undef MSG
    MSG_COUNT_
};

/* "no_video": the stable code in API answers, task rows and webhooks. Static. */
const char *msg_slug(enum msg m);
/* false when no message has that slug; *out is then untouched. */
bool msg_from_slug(const char *slug, enum msg *out);
/* The sentence. Static. */
const char *msg_text(enum msg m, enum lang lang);
/* The sentence that names the thing at fault, a clip's format or a parameter, where that is known
 * ("" or NULL: it is not) and the message has such a sentence; else as msg_text. Cut off to `size`.
 */
enum { MSG_SAID_MAX = 256 };
void msg_say(enum msg m, enum lang lang, const char *thing, char *out, size_t size);
/* The err_code that goes with it, and the general message of a code. */
enum err_code msg_code(enum msg m);
enum msg msg_general(enum err_code code);
/* The language for an Accept-Language header (RFC 9110, 12.5.4); NULL or unknown: Spanish. */
enum lang lang_accept(const char *accept_language);
/* The language of a terminal: of the first of LC_ALL, LC_MESSAGES and LANG that is set; English
 * when that is not Spanish. */
enum lang lang_terminal(void);
