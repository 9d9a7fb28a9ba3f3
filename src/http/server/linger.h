/* http/server/linger: reads on, for a while, from a client whose request was refused, so that the
 * client sees the answer (RFC 9112, 9.6: "lingering close"). Thread-safe. */
#pragma once

struct err;
struct lingering;

int linger_start(struct lingering **out, struct err *e);
/* Takes fd, a duplicate of the socket. */
void linger_add(struct lingering *l, int fd);
/* Closes all sockets. NULL is allowed. */
void linger_stop(struct lingering *l);
