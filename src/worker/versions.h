/* worker/versions: a cache of profile versions and their logos, for attempts. A version never
 * changes, so it is fetched once. Thread-safe. */
#pragma once
#include "task/profile.h"

#include <stdint.h>

struct err;
struct tasks;
struct versions;

/* profile and logo_fd: from the settings; logo_fd is borrowed until versions_free. */
struct versions *versions_new(struct tasks *t, const struct profile *profile, int logo_fd);
void versions_free(struct versions *v);
/* Gets the profile of a version and a read-only descriptor of its logo, which the caller closes;
 * -1: the built-in mark. May wait for remote storage. ERR_BUSY; ERR_SYSTEM: the version or its logo
 * is lost. */
int versions_get(struct versions *v, int64_t version, struct profile *profile, int *logo_fd,
                 struct err *e);
/* Gets the logo of one row alone, as versions_get does. MSG_LOGO_NOT_FOUND. */
int versions_logo(struct versions *v, const struct profile_row *p, int *logo_fd, struct err *e);
