/* jail/helper: the helper process, from the service's side. Room-internal, service half.
 * Thread-safe: a call that needs the helper uses the running one, or starts it. */
#pragma once
#include "jail/wire.h"

#include <stdbool.h>

struct helper;
struct log;

/* Starts the program at path and waits for its HELLO. ERR_SYSTEM. */
int helper_open(struct helper **out, const char *path, struct log *l, struct err *e);
/* Ends the helper and all its children; returns when none of them runs any more. */
void helper_close(struct helper *h);
/* The content of the first HELLO; constant. */
const struct wire_hello *helper_hello(const struct helper *h);
/* Hands a START to the helper, or to a new helper when the old one has died. *life identifies the
 * helper process that took the job. ERR_SYSTEM. */
int helper_give(struct helper *h, const struct wire_message *start, const int *fds, int fd_count,
                uint64_t *life, struct err *e);
/* Call when the helper of `life` is dead or does not answer: ends what is left of that helper. A
 * later helper is not touched. */
void helper_lost(struct helper *h, uint64_t life);
