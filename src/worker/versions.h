/* worker/versions: the versions of the profile that attempts were made under, with their logos,
 * kept once they were fetched: a version never changes. Thread-safe. */
#pragma once
#include "task/profile.h"

#include <stdint.h>

struct err;
struct tasks;
struct versions;

/* profile and logo_fd: what the settings say; logo_fd is borrowed until versions_free. */
struct versions *versions_new(struct tasks *t, const struct profile *profile, int logo_fd);
void versions_free(struct versions *v);
/* The profile and a descriptor of the logo that can only be read, the caller's; -1: the built-in
 * mark. May wait for a far storage. ERR_BUSY; ERR_SYSTEM: the version or its logo is lost. */
int versions_get(struct versions *v, int64_t version, struct profile *profile, int *logo_fd,
                 struct err *e);
/* The logo of a row alone, as above. MSG_LOGO_NOT_FOUND. */
int versions_logo(struct versions *v, const struct profile_row *p, int *logo_fd, struct err *e);
