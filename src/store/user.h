/* store/user: users, their roles and their limits. Errors as store.h says. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct store;

enum { USER_NAME_MAX = 64 * 4, EMAIL_MAX = 254, DAY_MS = 24 * 3600 * 1000 };
struct user_row { /* its columns: user_row.def */
#define NUMBER(type, name)         type name;
#define TEXT(name)                 const char *name;
#define NUMBER_AS(type, name, sql) type name;
#include "store/user_row.def"
#undef NUMBER
#undef TEXT
#undef NUMBER_AS
    int64_t tasks; /* number of tasks that are not deleted; set by store_user_search alone */
};
/* ERR_INPUT with MSG_USER_EXISTS or MSG_EMAIL_EXISTS when the name or e-mail address is taken.
 * Names compare exactly, e-mail addresses ignore case. */
int store_user_add(struct store *s, const char *username, const char *email,
                   const char *password_hash, int64_t *id, struct err *e);
/* ERR_MISSING when there is no such user. */
int store_user_by_name(struct store *s, struct arena *a, const char *username, struct user_row *out,
                       struct err *e);
/* Finds a user by name, otherwise by e-mail address (ignoring case). */
int store_user_by_name_or_email(struct store *s, struct arena *a, const char *text,
                                struct user_row *out, struct err *e);
int store_user_by_id(struct store *s, struct arena *a, int64_t id, struct user_row *out,
                     struct err *e);
int store_user_set_password(struct store *s, int64_t id, const char *password_hash, struct err *e);
/* Lists users with ids above `after`, ascending; each() returns non-zero to stop early. */
int store_user_list(struct store *s, int64_t after, int max,
                    int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);

/* Lists users whose name or e-mail address contains part (ignoring case), with their number of
 * tasks. */
int store_user_search(struct store *s, const char *part, int64_t after, int max,
                      int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
struct user_change {
    bool admin;
    int64_t bytes_limit, tasks_limit; /* as in struct user_row */
    unsigned only;                    /* which fields change, bits USER_*; 0: all */
    bool keep_an_admin;               /* refuse the change when no admin would be left */
};
enum { USER_ROLE = 1, USER_BYTES = 2, USER_TASKS = 4 };
/* Changes the role or limits of a user. ERR_MISSING; ERR_CONFLICT with MSG_LAST_ADMIN. */
int store_user_set(struct store *s, int64_t id, const struct user_change *c, struct err *e);
