/* core/net: sockets that are listened on. */
#pragma once
#include <stdbool.h>

struct err;

/* A socket that listens at text, "127.0.0.1:8000", "[::1]:8000", "[::]:0" (port 0: any free one),
 * not blocking; the caller's. *port is the port in use, *local whether only this machine reaches
 * it. -1: ERR_INPUT when the text is no address, else ERR_SYSTEM, and errno says why. */
int net_listen(const char *text, int *port, bool *local, struct err *e);
