/* auth/account: users and their keys, for people and admins. Texts of rows live in the arena, or
 * until each() returns. each() returns non-zero to stop early. Thread-safe. */
#pragma once
#include "store/key.h"
#include "store/user.h"

#include <stdint.h>

struct arena;
struct auth;
struct err;

/* Gives a user and leaves `tasks` of the row unset. ERR_MISSING. */
int auth_user_get(struct auth *a, struct arena *mem, int64_t id, struct user_row *out,
                  struct err *e);
/* Lists at most max users with ids above `after` whose name or e-mail address contains part
 * (ignoring case), with their number of tasks. */
int auth_user_search(struct auth *a, const char *part, int64_t after, int max,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
/* Changes the fields that c->only names (0: none), then calls each() with the user. A new role
 * takes effect at once in this process, and within seconds in others. ERR_MISSING; ERR_CONFLICT
 * with MSG_LAST_ADMIN. */
int auth_user_change(struct auth *a, int64_t id, const struct user_change *c,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);

/* Lists the keys of a user. */
int auth_key_list(struct auth *a, int64_t user_id, int (*each)(void *arg, const struct key_row *k),
                  void *arg, struct err *e);
