#include "cli/cli.h"

/* Workers in a process of their own share a database with the server. SQLite is opened by one
 * process alone (see store/store.h), and it is the only back end so far. */
enum cli_exit cli_worker(struct cli *c)
{
    return cli_usage(c, "a worker of its own needs a database that several processes can share, "
                        "and this version has SQLite alone, which one process opens. Workers run "
                        "inside the server: reelgate serve --workers N");
}
