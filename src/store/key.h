/* store/key: API keys. The store keeps only a hash of each key. Errors as store.h says.
 * Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;
struct store;

enum { KEYS_MAX = 100, KEY_NAME_MAX = 100 * 4 };
struct key_row { /* its columns: key_row.def */
#define NUMBER_AS(type, name, sql) type name;
#define TEXT_AS(name, sql)         const char *name;
#include "store/key_row.def"
#undef NUMBER_AS
#undef TEXT_AS
};
struct key_new {
    int64_t user_id;
    const char *name, *hash, *hint;
    unsigned scopes;
    int64_t for_ms; /* lifetime; 0: no end */
};
/* ERR_CONFLICT with MSG_KEYS_LIMITED: the user has KEYS_MAX. */
int store_key_add(struct store *s, const struct key_new *k, int64_t *id, int64_t *created_ms,
                  int64_t *expires_ms, struct err *e);
/* ERR_MISSING when there is no such key or its owner is gone. */
int store_key_get(struct store *s, struct arena *a, int64_t id, struct key_row *out, struct err *e);
int store_key_list(struct store *s, int64_t user_id,
                   int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e);
/* ERR_MISSING when the key does not exist or belongs to another user. */
int store_key_remove(struct store *s, int64_t id, int64_t user_id, struct err *e);
/* Records that the key was used now; writes at most about once a minute. */
int store_key_used(struct store *s, int64_t id, struct err *e);
