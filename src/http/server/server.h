/* http/server: the daemon (libmicrohttpd: epoll, a pool of event threads) and its helpers. It knows
 * no route, body or stream by name: routes come as struct routes (route.h). */
#pragma once
#include <stdint.h>

struct err;
struct http;

/* Starts the threads that requests need. parts, conf, routes and far of h are set. When this or
 * server_listen fails, server_stop and server_clear free what was begun. */
int server_start(struct http *h, struct err *e);
/* Opens the port and serves. */
int server_listen(struct http *h, struct err *e);
/* Takes no new connection; returns the socket that was listened on, which the caller closes after
 * server_stop. */
int server_quiesce(struct http *h);
/* Waits until no request runs, drain_ms at most. */
void server_drain(struct http *h, int64_t drain_ms);
/* Ends the pools and all connections. */
void server_stop(struct http *h);
/* Ends what watched the connections. */
void server_clear(struct http *h);
