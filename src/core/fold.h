/* core/fold: texts as people look for them: without capitals and without the marks on Latin
 * letters, so that "arbitro" finds "Árbitro", however a file system writes its accents. Pure
 * functions, thread-safe. */
#pragma once

/* Another text, never longer than twice as long; free() it. Bytes that are no UTF-8 stay. */
char *fold_text(const char *utf8);
