/* store/profile: versions of the profile, and the logos that they name. A version is never changed
 * and never removed. Errors as store.h says. Thread-safe. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct store;

enum logo_kind {
    LOGO_MARK,    /* the built-in one */
    LOGO_SETTING, /* what the settings of the process that makes the reel say */
    LOGO_OWN,     /* one that was uploaded */
};
enum { LOGO_ID_MAX = 64 };
struct profile_row {
    int64_t version; /* 1, 2, ...; 0 is what the settings say, and no row */
    struct profile profile;
    enum logo_kind logo_kind;
    const char *logo; /* id of a LOGO_OWN, else "" */
    int64_t created_ms;
};
/* version 0: the newest. ERR_MISSING; ERR_SYSTEM: it holds what cannot be. */
int store_profile_get(struct store *s, struct arena *a, int64_t version, struct profile_row *out,
                      struct err *e);
/* The version after `newest`, with p's profile and logo. ERR_CONFLICT: there is a newer one by now.
 * MSG_LOGO_NOT_FOUND. */
int store_profile_add(struct store *s, const struct profile_row *p, int64_t newest,
                      int64_t *created_ms, struct err *e);

/* Its bytes are there already. */
int store_logo_add(struct store *s, const char *id, int64_t bytes, struct err *e);
int store_logo_known(struct store *s, const char *id, bool *known, struct err *e);
/* Forgets logos that no version names, of those added over keep_ms ago. */
int store_logo_trim(struct store *s, int64_t keep_ms, struct err *e);
/* each() may not call the store; non-zero stops early. */
int store_logo_list(struct store *s, int (*each)(void *arg, const char *id, int64_t bytes),
                    void *arg, struct err *e);
