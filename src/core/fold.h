/* core/fold: folds text for searching: removes case and the diacritics of Latin letters, so that
 * "arbitro" finds "Árbitro" in composed and in decomposed form. Pure functions, thread-safe. */
#pragma once

/* Returns a new folded text, at most twice as long. The caller frees it with free(). Bytes that are
 * not UTF-8 stay. */
char *fold_text(const char *utf8);
