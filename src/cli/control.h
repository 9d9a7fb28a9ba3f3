/* cli/control: operators' commands while a server has the embedded database open. One process at a
 * time may open a SQLite file, so the server that has it carries `user` and `task` out itself: it
 * listens on a UNIX socket beside the file (its name with ".control" behind), which only its own
 * user and root can reach (mode 0600, and the peer's user is looked at on both sides). A database
 * that several processes share needs none of this.
 *
 * The command that asks sends one JSON object, {"command","sub","args":[…],"json"[,"secret"]}, and
 * ends its half. It gets frames: a byte that says what follows ('o' standard output, 'e' standard
 * error, 'x' the exit status), a length of 4 bytes in network order, and so many bytes; 'x' is the
 * last. Room-internal. */
#pragma once
#include "cli/cli.h"

struct control;
struct err;

/* Begins to listen, for the parts that are lent until control_stop. *out is NULL and all is well
 * when the database is one that several processes share. c: the server's own. */
int control_start(struct control **out, const struct parts *lent, const struct cli *c,
                  struct err *e);
/* Ends after the command that runs. NULL is fine. */
void control_stop(struct control *t);

/* Has the server run c's sub, prints what it says, and gives its exit status. *asked is false when
 * none listens: then the command runs here. ERR_DENIED: whoever listens is neither root nor the
 * owner of the database; ERR_SYSTEM: the server went away before it said how it ended. */
int control_ask(const struct cli *c, bool *asked, enum cli_exit *status, struct err *e);
