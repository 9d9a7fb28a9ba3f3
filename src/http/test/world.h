/* What the tests of this room share: the real server on a free port of loopback, over a real store,
 * queue and blobs in a folder of its own, and a client that sends bytes just as it is told. */
#pragma once
#include "core/test/test.h"

#include "auth/auth.h"
#include "blob/blob.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/metric.h"
#include "core/str.h"
#include "health/health.h"
#include "http/http.h"
#include "queue/queue.h"
#include "store/store.h"
#include "task/task.h"

#include <jansson.h>

struct world {
    char dir[64], secret[128];
    struct conf conf;
    struct store *store;
    struct queue *queue;
    struct blob *blob;
    struct tasks *tasks;
    struct auth *auth;
    struct metrics *metrics;
    struct health *health;
    struct http *http;
    struct arena *a;
    const char *token; /* of the user ana */
};
int world_set_up(void **state);
int world_tear_down(void **state);
/* Stops the server and starts it with w->conf. */
void world_restart(struct world *w);

/* A connection to the server. */
int dial(struct world *w);
void send_all(int fd, const char *data, size_t len_bytes);

struct answer {
    int status;
    struct buf text; /* head and body as they came */
    const char *body;
    json_t *json; /* NULL: the body is none */
};
/* Reads one whole answer, by its Content-Length; status 0: the connection ended before. */
void answer_read(int fd, struct answer *out);
void answer_clear(struct answer *a);
/* The value of a header field, in the arena; NULL: not there. */
const char *answer_field(struct world *w, const struct answer *a, const char *name);
/* The text under a name of the JSON body; "" when there is none. */
const char *answer_says(const struct answer *a, const char *name);
/* A request on a connection of its own. head: lines after the first, each ended by \r\n; the token
 * of ana is added. */
void ask(struct world *w, const char *method, const char *path, const char *head, const void *body,
         size_t len_bytes, struct answer *out);
