/* http/server/request: one request, and the state that all requests share. A request belongs to its
 * event thread, or to a pool while its connection is suspended. The texts of a request live in its
 * arena. */
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

/* The server. Only the two atomic fields change while requests run. */
struct http {
    struct MHD_Daemon *daemon;
    struct http_parts parts;
    struct conf conf; /* borrowed texts */
    const struct routes *routes;
    struct pool *pool, *carriers; /* carriers: NULL when the storage is local */
    struct lingering *linger;
    struct watch *watch;
    /* Kept here for their owners, http/events and http/body. */
    struct hub *hub;
    struct pieces *pieces;
    atomic_int running; /* number of requests */
    atomic_bool stopping;
    bool far; /* store or blobs are in another process: calls to them may wait */
    int port;
    bool local; /* only this machine can reach it */
};

struct request {
    struct http *http;
    struct MHD_Connection *conn;
    struct arena *arena;
    const struct route *route;
    const char *method, *path, *rest; /* rest: matched by the pattern's stars */
    char id[REQUEST_ID_MAX + 1];      /* made here, or from X-Request-Id */
    char address[64];
    bool proxied; /* it came through a trusted proxy */
    bool secure;  /* that proxy says that the client uses TLS */
    enum lang lang;
    struct caller caller;
    int64_t begun_us;
    bool uploads, listens; /* counted as an upload; counted as an event stream */
    bool admitted, head_again;
    struct watched *watched; /* its connection; NULL: not watched */
    struct request *next;    /* in a pool's queue */
    /* -- the body -- */
    bool has_body;
    int64_t length_bytes;            /* declared length; -1: chunked */
    int64_t body_bytes;              /* received so far */
    int64_t unread_bytes;            /* received after the body was refused */
    int64_t window_ms, window_bytes; /* start of the rate window; bytes received in it */
    void *body;                      /* owned by route->body; NULL: not begun, or no body */
    struct err fault;                /* found in mid-body, answered at the end of the body */
    /* what a carrier (carry.c) does for this request */
    enum carry { CARRY_NONE, CARRY_PIECE, CARRY_BLOCK, CARRY_END } carry;
    const char *piece; /* piece of the body, in the library's buffer */
    size_t piece_bytes;
    struct stream *stream; /* source of a carried answer */
    /* -- the answer -- */
    struct MHD_Response *answer;
    int status;
    int64_t answer_bytes;
    bool queued;
    int linger_fd; /* duplicate of the socket of a refused request; -1: none */
};

/* Makes a request for a connection whose first line was read. */
struct request *request_new(struct http *h, struct MHD_Connection *conn);
void request_free(struct request *r);
/* Frees the body early. Call it in a thread that may wait. */
void request_drop_body(struct request *r);

/* The socket of the connection, or -1. */
int request_socket(const struct request *r);
/* The value of a header field, unchanged; NULL: none. */
const char *request_header(const struct request *r, const char *name);
/* The value of a query parameter; NULL: none. */
const char *request_query(struct request *r, const char *name);
/* Reads a query parameter as a number. Without the parameter, *out is unchanged. MSG_PARAMETER_BAD.
 */
int request_number(struct request *r, const char *name, int64_t min, int64_t max, int64_t *out,
                   struct err *e);
