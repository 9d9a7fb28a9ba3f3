/* health: what machines ask of a process: is it ready, and what are its figures. Thread-safe.
 *
 * Database, storage and queue are asked by a thread of this room, at most once a second and only
 * when somebody wants to know. So neither many scrapes nor a part that never answers can hurt: who
 * asks waits two seconds at most and is then told what is known, with the silent part as down. */
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
/* Ends the thread and whatever listens. NULL is allowed. */
void health_free(struct health *h);

/* GET /metrics and GET /api/ready at address:port, to whoever reaches it; *port is the one in use.
 * Once for a health. */
int health_listen(struct health *h, const char *address, int *port, struct err *e);

/* From now on it is not ready: it stops. */
void health_stopping(struct health *h);

struct health_ready {
    bool database, storage, queue; /* whether they answer */
    bool stopping;
    /* Whether to send work here: database and storage answer and it does not stop. Without the
     * queue tasks are taken and done all the same, a little later. */
    bool ready;
};
/* May wait two seconds. */
void health_ready(struct health *h, struct health_ready *out);
/* That as JSON, as GET /api/ready answers; request_id NULL: none. */
void health_ready_json(const struct health_ready *r, const char *request_id, struct buf *out);

/* Asks the database now, in the caller's thread: 0 when it can be read. */
int health_database(struct health *h, struct err *e);

/* The text of GET /metrics (core/metric.h). May wait two seconds. */
enum { HEALTH_TEXT_MAX = 4 << 20 };
void health_metrics(struct health *h, struct buf *out);
