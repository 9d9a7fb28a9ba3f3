/* http: the routes of the API and the page. This room decides nothing. It uses libmicrohttpd
 * (epoll, a pool of event threads); work that waits for a hash, a disk or a database runs on a
 * second pool. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth;
struct blob;
struct conf;
struct err;
struct health;
struct hooks;
struct http;
struct log;
struct logos;
struct metrics;
struct profile_row;
struct tasks;

struct http_parts {
    struct auth *auth;
    struct tasks *tasks;
    struct hooks *hooks;
    struct blob *blob; /* storage of the tasks' files */
    struct log *log;
    struct metrics *metrics;  /* NULL: nothing is counted */
    struct health *health;    /* source of /api/health, /api/ready and /metrics */
    const char *jail_missing; /* the layers this machine lacks, or "", for /api/health */
    /* Only another room (worker/logo.h) reads pictures; it gives these functions. */
    struct logos *logos;
    int (*logo_look)(struct logos *l, const void *data, size_t len_bytes, struct err *e);
    int (*logo_show)(struct logos *l, const struct profile_row *p, void **jpeg, size_t *len_bytes,
                     struct err *e);
};
/* The routes, in lookup order; http_routes returns false behind the last. "*" in a pattern matches
 * one part of the path, "**" the rest of it. A GET route also answers HEAD. */
struct http_route {
    const char *method, *pattern;
    /* scope that the token or key needs: "read", ...; "any": any token or key; "self": a log-in, or
     * a key with the scope admin; "-": none */
    const char *needs;
};
bool http_route(int i, struct http_route *out);

/* Listens and serves until http_stop. c gives the address, limits and times. */
int http_start(struct http **out, const struct conf *c, const struct http_parts *parts,
               struct err *e);
/* The port in use (listen :0 picks a free one). */
int http_port(const struct http *h);
/* Returns whether only this machine can reach the port. */
bool http_local(const struct http *h);
/* Connects as a client and returns whether the server answers within about twice within_ms; also
 * true when all connections are taken. Blocks; for a watchdog. */
bool http_alive(const struct http *h, int within_ms);
/* Accepts no new connections; running requests may end within drain_ms. Frees h. */
void http_stop(struct http *h, int64_t drain_ms);
