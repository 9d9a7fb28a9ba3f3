/* jail/far: fetches the bytes of a remote clip when a child first asks for them. Room-internal,
 * service half. */
#pragma once
#include "jail/jail.h"
#include "jail/wire.h"

/* Returns whether a child may ask for this range; asked counts the requests so far. */
bool far_wish_fine(const struct jail_far *f, const struct wire_range *wish, int64_t asked);
/* Writes the missing bytes of the range, and some bytes behind it, into the file. *there receives a
 * range of whole, present blocks that begins with the first block of the range. Calls tick while it
 * waits; when tick returns non-zero, the result no longer matters. */
int far_bring(struct jail_far *f, const struct wire_range *wish, struct wire_range *there,
              int (*tick)(void *arg), void *arg, struct err *e);
