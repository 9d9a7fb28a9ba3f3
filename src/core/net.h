/* core/net: listening sockets. */
#pragma once
#include <stdbool.h>

struct err;

/* Returns a non-blocking socket that listens at text: "127.0.0.1:8000", "[::1]:8000", "[::]:0"
 * (port 0: any free port). The caller owns the socket. *port is the port in use; *local is true
 * when only this machine can reach it. Returns -1 with ERR_INPUT when the text is not an address,
 * otherwise with ERR_SYSTEM and the cause in errno. */
int net_listen(const char *text, int *port, bool *local, struct err *e);
