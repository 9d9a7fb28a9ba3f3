/* store/outbox: messages for the queue. The transaction of a change adds the row that announces the
 * change. Thread-safe. */
#pragma once

#include <stdint.h>

struct err;
struct store;

struct outbox_row {
    int64_t id, task_id;
};
int store_outbox_read(struct store *s, int max, struct outbox_row *rows, int *count, struct err *e);
/* Removes all rows with ids up to and including id. */
int store_outbox_done(struct store *s, int64_t id, struct err *e);

/* Blocks until the outbox may have a new row, or for timeout_ms. */
void store_outbox_wait(struct store *s, int64_t timeout_ms);
/* Ends all calls of store_outbox_wait, now and in the future; for shutdown. */
void store_outbox_wake_all(struct store *s);
