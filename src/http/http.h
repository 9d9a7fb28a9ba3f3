/* http: the routes of the API, the page, and nothing that decides. On libmicrohttpd (epoll, a pool
 * of event threads); whatever waits for a hash, a disk or a database runs on a second pool. */
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
    struct blob *blob; /* what the tasks' files are read from */
    struct log *log;
    struct metrics *metrics;  /* NULL: nothing is counted */
    struct health *health;    /* /api/health, /api/ready, /metrics */
    const char *jail_missing; /* "" or the layers this machine lacks, for /api/health */
    /* Pictures are touched by another room alone: worker/logo.h. */
    struct logos *logos;
    int (*logo_look)(struct logos *l, const void *data, size_t len_bytes, struct err *e);
    int (*logo_show)(struct logos *l, const struct profile_row *p, void **jpeg, size_t *len_bytes,
                     struct err *e);
};
/* The routes, in the order in which they are looked up; false behind the last. "*" in a pattern is
 * one part of the path, "**" the rest of it. A GET also answers HEAD. */
struct http_route {
    const char *method, *pattern;
    /* the scope of a token or key: "read", ...; "any": any will do; "self": a log-in, or a key with
     * the scope admin; "-": nothing */
    const char *needs;
};
bool http_route(int i, struct http_route *out);

/* Listens and serves until http_stop. c gives listen, limits and times. */
int http_start(struct http **out, const struct conf *c, const struct http_parts *parts,
               struct err *e);
/* The port in use (listen :0 picks a free one). */
int http_port(const struct http *h);
/* Whether only this machine can reach it. */
bool http_local(const struct http *h);
/* Whether it answers a client of its own within about twice within_ms; true also when all
 * connections are taken. Blocks; for a watchdog. */
bool http_alive(const struct http *h, int within_ms);
/* No new connections; requests under way may end within drain_ms. Frees h. */
void http_stop(struct http *h, int64_t drain_ms);
