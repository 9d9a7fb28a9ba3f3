/* store/outbox: what the queue has yet to be told. A row is made in the transaction of the change
 * that it tells of. Thread-safe. */
#pragma once

#include <stdint.h>

struct err;
struct store;

struct outbox_row {
    int64_t id, task_id;
};
int store_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count, struct err *e);
/* Removes rows up to and including id. */
int store_outbox_done(struct store *s, int64_t id, struct err *e);

/* Blocks until a row may have been added to the outbox, or timeout_ms. */
void store_outbox_wait(struct store *s, int64_t timeout_ms);
/* Ends all store_outbox_wait now and for good; for shutdown. */
void store_outbox_wake_all(struct store *s);
