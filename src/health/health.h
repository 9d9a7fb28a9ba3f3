/* health: whether a process is ready, and its metrics, for monitoring systems. Thread-safe.
 *
 * A thread of this room checks database, storage and queue, at most once a second and only on
 * demand. So neither many scrapes nor a part that never answers does harm: a caller waits at most
 * two seconds and then gets the latest results, with a silent part counted as down. */
#pragma once
#include <stdbool.h>

struct blob;
struct buf;
struct err;
struct log;
struct metrics;
struct queue;
struct store;
struct health;

struct health_parts {
    struct store *store;
    struct blob *blob;
    struct queue *queue;
    struct metrics *metrics;
    struct log *log;
    const char *role; /* "serve" or "worker" */
};
/* Starts the thread. Borrows all parts until health_free. */
int health_start(struct health **out, const struct health_parts *p, struct err *e);
/* Ends the thread and the listener. NULL is allowed. */
void health_free(struct health *h);

/* Serves GET /metrics and GET /api/ready at address:port to every client that can reach it. *port
 * is the port in use. Call it at most once per health. */
int health_listen(struct health *h, const char *address, int *port, struct err *e);

/* Sets the process to not ready, because it is shutting down. */
void health_stopping(struct health *h);

struct health_ready {
    bool database, storage, queue; /* whether each answers */
    bool stopping;
    /* Whether the process can take work: database and storage answer, and it is not shutting down.
     * Without the queue tasks are still accepted and done, a little later. */
    bool ready;
};
/* Checks the parts. May wait two seconds. */
void health_ready(struct health *h, struct health_ready *out);
/* Writes *r as the JSON answer of GET /api/ready; request_id NULL: none. */
void health_ready_json(const struct health_ready *r, const char *request_id, struct buf *out);

/* Checks in the caller's thread, without a cache, whether the database can be read. */
int health_database(struct health *h, struct err *e);

/* Writes the text of GET /metrics (core/metric.h). May wait two seconds. */
enum { HEALTH_TEXT_MAX = 4 << 20 };
void health_metrics(struct health *h, struct buf *out);
