/* worker/logo: pictures that somebody wants as a logo: looked at, and shown as the logo part of a
 * reel, by a child of the jail. One at a time and few who wait, so that reels go on being made.
 * Thread-safe. */
#pragma once
#include "task/profile.h"

#include <stddef.h>

struct err;
struct jail;
struct logos;
struct tasks;

/* Borrows jail, tasks and logo_fd (of the settings, or -1) until logos_free. */
struct logos *logos_new(struct jail *j, struct tasks *t, int logo_fd);
void logos_free(struct logos *l);
/* Can this be a logo? MSG_LOGO_TYPE, MSG_LOGO_PIXELS; MSG_LOGO_BAD whatever else the picture did to
 * its child; ERR_BUSY: others are at it. Slow. */
int logos_look(struct logos *l, const void *data, size_t len_bytes, struct err *e);
/* The logo part of a profile as a JPEG of 1280x720; *jpeg is the caller's to free(). Errors as
 * above, and MSG_LOGO_NOT_FOUND. Slow. */
int logos_show(struct logos *l, const struct profile_row *p, void **jpeg, size_t *len_bytes,
               struct err *e);
