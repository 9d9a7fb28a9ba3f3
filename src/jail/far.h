/* jail/far: bytes of a clip that lies in another place, brought when a child first asks.
 * Room-internal, service half. */
#pragma once
#include "jail/jail.h"
#include "jail/wire.h"

/* Whether a child may ask for this, for the asked-th time. */
bool far_wish_fine(const struct jail_far *f, const struct wire_range *wish, int64_t asked);
/* Writes what is missing of the wish into the file, and some of what follows it; *there is whole
 * blocks that hold the wish's first. tick is called while it waits; non-zero: the result does not
 * matter any more. */
int far_bring(struct jail_far *f, const struct wire_range *wish, struct wire_range *there,
              int (*tick)(void *arg), void *arg, struct err *e);
