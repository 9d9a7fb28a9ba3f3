/* jail/helper: the helper process as the service sees it. Room-internal, service half. Thread-safe:
 * whoever needs the helper finds it started, or starts it. */
#pragma once
#include "jail/wire.h"

#include <stdbool.h>

struct helper;
struct log;

/* Starts the program at path and waits for its HELLO. ERR_SYSTEM. */
int helper_open(struct helper **out, const char *path, struct log *l, struct err *e);
/* Ends the helper and with it all its children; returns when none of them runs any more. */
void helper_close(struct helper *h);
/* What the first HELLO said; constant. */
const struct wire_hello *helper_hello(const struct helper *h);
/* Hands a START over, to a new helper when the old one died. *life tells the helper that took it
 * from its successors. ERR_SYSTEM. */
int helper_give(struct helper *h, const struct wire_message *start, const int *fds, int fd_count,
                uint64_t *life, struct err *e);
/* The helper that took a job in `life` is dead or does not answer: ends what is left of it. A
 * successor is not touched. */
void helper_lost(struct helper *h, uint64_t life);
