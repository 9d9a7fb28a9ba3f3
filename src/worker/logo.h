/* worker/logo: checks pictures that a user wants as a logo, and draws the logo part of a reel, in a
 * child of the jail. One picture at a time and a short waiting line, so that reels still get made.
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
/* Checks whether the picture can be a logo. MSG_LOGO_TYPE; MSG_LOGO_PIXELS; MSG_LOGO_BAD for any
 * other way in which the picture made its child fail; ERR_BUSY: too many callers wait. Slow. */
int logos_look(struct logos *l, const void *data, size_t len_bytes, struct err *e);
/* Draws the logo part of a profile as a JPEG of 1280x720; the caller frees *jpeg with free().
 * Errors as of logos_look, and MSG_LOGO_NOT_FOUND. Slow. */
int logos_show(struct logos *l, const struct profile_row *p, void **jpeg, size_t *len_bytes,
               struct err *e);
