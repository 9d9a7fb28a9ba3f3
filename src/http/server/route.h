/* http/server/route: which handler answers a request, what the handler asks for, and how the body
 * of the request is read. The table of routes itself is the API's (http/api/routes.c). Constant
 * data; thread-safe. */
#pragma once
#include "core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http;
struct request;

/* What a step costs, which decides the thread that runs it. QUICK: an event thread. ASKS: it only
 * reads the store; in the pool when the store is far. SLOW: it hashes, syncs or commits; always in
 * the pool. */
enum cost { QUICK, ASKS, SLOW };

/* One kind of body. r->body belongs to these functions alone. A fault of the body is put into
 * r->fault; the client hears of it at the end of the body. */
struct body_ops {
    /* The longest body in bytes. A longer declared length is refused with too_long before the
     * caller is known; feed() refuses a longer body whose length was not declared. */
    int64_t (*longest)(const struct http *h);
    enum msg too_long;
    bool upload;          /* counted as an upload; feed() may wait where storage is far */
    enum cost begin_cost; /* of begin() */
    enum cost free_cost;  /* of free() before the end of the body: QUICK or ASKS */
    /* Makes r->body when the head is read and the caller may send it. Returns 0, or -1 with *e;
     * r->body may be set in both cases. */
    int (*begin)(struct request *r, struct err *e);
    /* Takes bytes of the body; ignores them when r->fault is set. */
    void (*feed)(struct request *r, const char *data, size_t len_bytes);
    /* The body is complete; it may be empty. NULL: nothing to do. */
    void (*end)(struct request *r);
    /* r->fault is answered instead of calling the handler. Runs in the pool. NULL: nothing to do.
     */
    void (*refuse)(struct request *r);
    /* Frees r->body; the body may be incomplete. */
    void (*free)(void *body);
};

/* What a person finds at the address of a route, if anything: decides which page tells an error. */
enum visit { VISIT_NONE, VISIT_PAGE, VISIT_FILE };

/* Any token or key will do. */
enum { SCOPE_ANY = 1 << 30 };
struct route {
    const char *method, *pattern; /* "*" in the pattern is one part of the path, "**" the rest */
    void (*run)(struct request *r);
    unsigned scope; /* of auth.h: what a token or key must be good for; 0: none is asked for */
    enum cost cost;
    const struct body_ops *body; /* NULL: the request has none */
    enum visit visit;
    bool probe; /* machines ask every few seconds: logged only when the answer is not good */
};

/* What holds for every path at and below a root, also where no route knows the path. */
struct zone {
    const char *root;     /* such as /api/uploads, without a slash at its end */
    bool method_override; /* X-HTTP-Method-Override of a POST is its method */
    struct zone_header {
        const char *name, *value;
    } headers[4]; /* of every answer; ends at the first without a name */
};

struct routes {
    const struct route *rows; /* in the order in which they are looked up */
    size_t count;
    const struct zone *zones;
    size_t zone_count;
};

/* NULL when there is none; allow then names the methods that the path does know. *rest: what the
 * first star and the rest of the pattern matched. */
enum { ALLOW_SIZE = 128 };
const struct route *route_find(const struct routes *t, const char *method, const char *path,
                               const char **rest, char allow[ALLOW_SIZE]);
/* NULL: the path is in no zone. */
const struct zone *route_zone(const struct routes *t, const char *path);
