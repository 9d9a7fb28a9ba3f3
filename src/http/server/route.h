/* http/server/route: which handler answers a request, what the handler requires, and how the body
 * of the request is read. The table of routes itself belongs to the API (http/api/routes.c).
 * Constant data; thread-safe. */
#pragma once
#include "core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct http;
struct request;

/* The cost of a step decides which thread runs it. QUICK: an event thread. ASKS: it only reads the
 * store; the pool runs it when the store is remote. SLOW: it hashes, syncs or commits; the pool
 * always runs it. */
enum cost { QUICK, ASKS, SLOW };

/* One kind of body. r->body belongs to these functions alone. A fault of the body is put into
 * r->fault; the client hears of it at the end of the body. */
struct body_ops {
    /* The longest body in bytes. A longer declared length is refused with too_long before the
     * caller is known; feed() refuses a longer body whose length was not declared. */
    int64_t (*longest)(const struct http *h);
    enum msg too_long;
    bool upload;          /* counted as an upload; feed() may wait when storage is remote */
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

/* What a person finds at the address of a route; this selects the error page. */
enum visit { VISIT_NONE, VISIT_PAGE, VISIT_FILE };

/* Any token or key is enough. */
enum { SCOPE_ANY = 1 << 30 };
struct route {
    const char *method,
        *pattern; /* "*" in the pattern matches one part of the path, "**" the rest */
    void (*run)(struct request *r);
    unsigned scope; /* bits of auth.h that the token or key needs; 0: no token */
    enum cost cost;
    const struct body_ops *body; /* NULL: the request has no body */
    enum visit visit;
    bool probe; /* asked every few seconds by machines: logged only when the status is not 200 */
};

/* Rules for every path at and below a root, even when no route has that path. */
struct zone {
    const char *root;     /* such as /api/uploads, without a trailing slash */
    bool method_override; /* X-HTTP-Method-Override replaces the method of a POST */
    struct zone_header {
        const char *name, *value;
    } headers[4]; /* added to every answer; a NULL name ends the list */
};

struct routes {
    const struct route *rows; /* in lookup order */
    size_t count;
    const struct zone *zones;
    size_t zone_count;
};

/* Returns NULL when no route matches; allow then lists the methods that the path has. *rest: the
 * path from the first star of the pattern on. */
enum { ALLOW_SIZE = 128 };
const struct route *route_find(const struct routes *t, const char *method, const char *path,
                               const char **rest, char allow[ALLOW_SIZE]);
/* NULL: the path is in no zone. */
const struct zone *route_zone(const struct routes *t, const char *path);
