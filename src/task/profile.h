/* task/profile: versions of the profile, and their logos. A new task takes the newest version and
 * keeps it. Thread-safe. */
#pragma once
#include "core/id.h"
#include "store/profile.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct blob_reader;
struct err;
struct tasks;

/* The largest logo that an administrator may upload, in bytes. The file that a setting names may be
 * larger (LOGO_FILE_BYTES_MAX). */
enum { LOGO_BYTES_MAX = 4 << 20 };
/* Gives a version, in the arena; 0 stands for the settings. ERR_MISSING. */
int task_profile_get(struct tasks *t, struct arena *a, int64_t version, struct profile_row *out,
                     struct err *e);
/* Gives the version that a new task takes now. */
int task_profile_newest(struct tasks *t, struct arena *a, struct profile_row *out, struct err *e);
/* Adds the version after p->version, with the profile and logo of *p; then *p is the new version.
 * ERR_CONFLICT: p->version is not the newest. MSG_PROFILE_BAD, MSG_LOGO_NOT_FOUND. Slow. */
int task_profile_add(struct tasks *t, struct profile_row *p, struct err *e);

/* Stores an image that was checked already. The sweep removes a logo that no version names, one to
 * two hours after it was added. Slow. */
int task_logo_add(struct tasks *t, const void *data, size_t len_bytes, char id[ID_SIZE],
                  struct err *e);
/* Opens a logo; the caller closes the reader. MSG_LOGO_NOT_FOUND. */
int task_logo_open(struct tasks *t, const char *id, struct blob_reader **out, struct err *e);
