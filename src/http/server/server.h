/* http/server: the daemon (libmicrohttpd: epoll, a pool of event threads) and its helpers. It knows
 * no route, body or stream by name: routes come as struct routes (route.h). */
#pragma once
#include <stdint.h>

struct err;
struct http;

/* Starts the threads that requests need. Set parts, conf, routes and far of h before. When this
 * function or server_listen fails, call server_stop and server_clear to free what was started. */
int server_start(struct http *h, struct err *e);
/* Opens the port and serves. */
int server_listen(struct http *h, struct err *e);
/* Accepts no new connection. Returns the listening socket, which the caller closes after
 * server_stop. */
int server_quiesce(struct http *h);
/* Waits until no request runs, at most drain_ms. */
void server_drain(struct http *h, int64_t drain_ms);
/* Ends the pools and all connections. */
void server_stop(struct http *h);
/* Frees the watch over the connections; call after server_stop. */
void server_clear(struct http *h);
