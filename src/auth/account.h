/* auth/account: users and their keys as people and admins see them. Texts of rows live in the
 * arena, or until each() returns; each() returns non-zero to stop early. Thread-safe. */
#pragma once
#include "store/key.h"
#include "store/user.h"

#include <stdint.h>

struct arena;
struct auth;
struct err;

/* ERR_MISSING. `tasks` of the row is not counted. */
int auth_user_get(struct auth *a, struct arena *mem, int64_t id, struct user_row *out,
                  struct err *e);
/* Users whose name or address holds the text part (without case), beyond the id `after`, at most
 * max, with their tasks counted. */
int auth_user_search(struct auth *a, const char *part, int64_t after, int max,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);
/* Changes what c->only names, nothing when that is 0, and then calls each() with the user. A new
 * role counts at once here, and within seconds elsewhere. ERR_MISSING; ERR_CONFLICT with
 * MSG_LAST_ADMIN. */
int auth_user_change(struct auth *a, int64_t id, const struct user_change *c,
                     int (*each)(void *arg, const struct user_row *u), void *arg, struct err *e);

/* The keys of a user. */
int auth_key_list(struct auth *a, int64_t user_id, int (*each)(void *arg, const struct key_row *k),
                  void *arg, struct err *e);
