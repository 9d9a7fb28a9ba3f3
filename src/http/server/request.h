/* http/server/request: one request, and what all requests share. A request belongs to its event
 * thread, or to a pool while its connection is suspended; its texts live in its arena. */
#pragma once
#include "auth/auth.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/message.h"
#include "http/http.h"
#include "http/server/route.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct hub;
struct lingering;
struct pieces;
struct pool;
struct stream;
struct watch;
struct watched;

enum { URI_MAX = 8 * 1024, REQUEST_ID_MAX = 64 };

/* The server. What is here stays the same while requests run, but for the two counters. */
struct http {
    struct MHD_Daemon *daemon;
    struct http_parts parts;
    struct conf conf; /* borrowed texts */
    const struct routes *routes;
    struct pool *pool, *carriers; /* carriers: NULL where the bytes lie here */
    struct lingering *linger;
    struct watch *watch;
    /* Carried for those who own them: http/events, http/body. */
    struct hub *hub;
    struct pieces *pieces;
    atomic_int running; /* requests */
    atomic_bool stopping;
    bool far; /* store or blobs are in another process: asking them may wait */
    int port;
    bool local; /* only this machine can reach it */
};

struct request {
    struct http *http;
    struct MHD_Connection *conn;
    struct arena *arena;
    const struct route *route;
    const char *method, *path, *rest; /* rest: what the pattern's stars matched */
    char id[REQUEST_ID_MAX + 1];      /* ours, or the one that came in X-Request-Id */
    char address[64];
    bool proxied; /* it came through a trusted proxy */
    bool secure;  /* which says that the client speaks TLS */
    enum lang lang;
    struct caller caller;
    int64_t begun_us;
    bool uploads, listens; /* it is counted as an upload, as a stream of events */
    bool admitted, head_again;
    struct watched *watched; /* its connection; NULL: not watched */
    struct request *next;    /* in a pool's line */
    /* the body */
    bool has_body;
    int64_t length_bytes;            /* as declared, -1 when chunked */
    int64_t body_bytes;              /* that came */
    int64_t unread_bytes;            /* of these, after it was refused */
    int64_t window_ms, window_bytes; /* since when its rate is measured, and what came since */
    void *body;                      /* of route->body alone; NULL: not begun, or none */
    struct err fault;                /* found in mid-body, said at its end */
    /* what a carrier does for it (carry.c) */
    enum carry { CARRY_NONE, CARRY_PIECE, CARRY_BLOCK, CARRY_END } carry;
    const char *piece; /* of the body, in the library's buffer */
    size_t piece_bytes;
    struct stream *stream; /* the answer's */
    /* the answer */
    struct MHD_Response *answer;
    int status;
    int64_t answer_bytes;
    bool queued;
    int linger_fd; /* a duplicate of the socket of a refused request, or -1 */
};

/* For a connection whose first line has come. */
struct request *request_new(struct http *h, struct MHD_Connection *conn);
void request_free(struct request *r);
/* Frees its body early, where that may wait. */
void request_drop_body(struct request *r);

/* The socket of its connection, or -1. */
int request_socket(const struct request *r);
/* A header field as it came; NULL: none. */
const char *request_header(const struct request *r, const char *name);
/* A parameter of the query; NULL: none. */
const char *request_query(struct request *r, const char *name);
/* A parameter as a number; where there is none *out stays. MSG_PARAMETER_BAD. */
int request_number(struct request *r, const char *name, int64_t min, int64_t max, int64_t *out,
                   struct err *e);
