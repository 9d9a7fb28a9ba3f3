/* store/profile: versions of the profile, and their logos. A version never changes and is never
 * removed. Errors as store.h says. Thread-safe. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct store;

enum logo_kind {
    LOGO_MARK,    /* the built-in logo */
    LOGO_SETTING, /* the logo in the settings of the process that makes the reel */
    LOGO_OWN,     /* an uploaded logo */
};
enum { LOGO_ID_MAX = 64 };
struct profile_row {
    int64_t version; /* 1, 2, ...; 0 stands for the settings, without a row */
    struct profile profile;
    enum logo_kind logo_kind;
    const char *logo; /* id of a LOGO_OWN, otherwise "" */
    int64_t created_ms;
};
/* version 0: the newest version. ERR_MISSING; ERR_SYSTEM: the row holds an impossible value. */
int store_profile_get(struct store *s, struct arena *a, int64_t version, struct profile_row *out,
                      struct err *e);
/* Adds the version after `newest`, with the profile and logo of p. ERR_CONFLICT: a newer version
 * exists. MSG_LOGO_NOT_FOUND. */
int store_profile_add(struct store *s, const struct profile_row *p, int64_t newest,
                      int64_t *created_ms, struct err *e);

/* Adds a logo whose bytes are already stored. */
int store_logo_add(struct store *s, const char *id, int64_t bytes, struct err *e);
int store_logo_known(struct store *s, const char *id, bool *known, struct err *e);
/* Removes logos that were added more than keep_ms ago and that no version names. */
int store_logo_trim(struct store *s, int64_t keep_ms, struct err *e);
/* each() may not call the store; non-zero stops early. */
int store_logo_list(struct store *s, int (*each)(void *arg, const char *id, int64_t bytes),
                    void *arg, struct err *e);
