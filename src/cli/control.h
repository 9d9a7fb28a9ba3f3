/* cli/control: runs operators' commands inside a server that has the embedded database open. Only
 * one process at a time may open a SQLite file, so the server that has it open runs `user` and
 * `task` itself. The server listens on a UNIX socket beside the file (the file's name plus
 * ".control"). Only the server's own user and root can reach the socket (mode 0600; both sides also
 * check the user of the peer). A database that several processes share needs none of this.
 *
 * The client sends one JSON object, {"command","sub","args":[…],"json"[,"secret"]}, and shuts its
 * sending side. It receives frames: one type byte ('o' standard output, 'e' standard error, 'x'
 * exit status), a length of 4 bytes in network order, and that many bytes. The 'x' frame is the
 * last. Room-internal. */
#pragma once
#include "cli/cli.h"

struct control;
struct err;

/* Starts to listen, and uses the lent parts until control_stop. c: the server's own. When several
 * processes share the database, returns 0 with *out NULL. */
int control_start(struct control **out, const struct parts *lent, const struct cli *c,
                  struct err *e);
/* Stops after the command that is running. NULL is allowed. */
void control_stop(struct control *t);

/* Asks the server to run c's sub-command, prints its output, and returns its exit status in
 * *status. *asked is false when no server listens; then the caller runs the command itself.
 * ERR_DENIED: the listener is neither root nor the owner of the database; ERR_SYSTEM: the server
 * went away before it sent an exit status. */
int control_ask(const struct cli *c, bool *asked, enum cli_exit *status, struct err *e);
