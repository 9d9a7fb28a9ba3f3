/* task/profile: how reels are made, by version, and the logos that versions name. A task is made
 * under the newest version and keeps it. Thread-safe. */
#pragma once
#include "core/id.h"
#include "store/profile.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct blob_reader;
struct err;
struct tasks;

enum { LOGO_BYTES_MAX = 4 << 20 };
/* A version; 0 is what the settings say. ERR_MISSING. In the arena. */
int task_profile_get(struct tasks *t, struct arena *a, int64_t version, struct profile_row *out,
                     struct err *e);
/* That under which a task would be made now. */
int task_profile_newest(struct tasks *t, struct arena *a, struct profile_row *out, struct err *e);
/* Makes the version after p->version, which is to be the newest: *p is that one, with its profile
 * and logo as they shall be; then it is the new one. ERR_CONFLICT: there is a newer one.
 * MSG_PROFILE_BAD, MSG_LOGO_NOT_FOUND. Slow. */
int task_profile_add(struct tasks *t, struct profile_row *p, struct err *e);

/* Keeps a picture that was looked at already. One that no version names is swept in an hour or two.
 * Slow. */
int task_logo_add(struct tasks *t, const void *data, size_t len_bytes, char id[ID_SIZE],
                  struct err *e);
/* MSG_LOGO_NOT_FOUND. The reader is the caller's to close. */
int task_logo_open(struct tasks *t, const char *id, struct blob_reader **out, struct err *e);
