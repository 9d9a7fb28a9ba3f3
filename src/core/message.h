/* core/message: every sentence for people, in Spanish and English, with a stable code. The table is
 * core/message.def. Clients of the earlier service know some of the Spanish sentences, and those
 * keep their exact text. Constant data: thread-safe. */
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

/* Returns "no_video" and the like: the stable code in API answers, task rows and webhooks. Static.
 */
const char *msg_slug(enum msg m);
/* Returns false and leaves *out unchanged when no message has that slug. */
bool msg_from_slug(const char *slug, enum msg *out);
/* The sentence. Static. */
const char *msg_text(enum msg m, enum lang lang);
/* Writes the sentence that names `thing`, a clip's format or a parameter. Writes the sentence of
 * msg_text when thing is "" or NULL, or when the message has no such sentence. Truncates to `size`.
 */
enum { MSG_SAID_MAX = 256 };
void msg_say(enum msg m, enum lang lang, const char *thing, char *out, size_t size);
/* The err_code of a message, and the general message of an err_code. */
enum err_code msg_code(enum msg m);
enum msg msg_general(enum err_code code);
/* The language for an Accept-Language header (RFC 9110, 12.5.4). NULL or an unknown language:
 * Spanish. */
enum lang lang_accept(const char *accept_language);
/* The language of a terminal, from the first of LC_ALL, LC_MESSAGES and LANG that is set: Spanish
 * or, for any other value, English. */
enum lang lang_terminal(void);
