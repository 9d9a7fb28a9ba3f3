/* The table of all commands: the source of --help, the man page, the completion, and of what main
 * runs. */
#include "cli/cli.h"

#include <string.h>

#define MEDIA_EXIT                                                                                 \
    "Exit status 3 means that IN is at fault: missing, unreadable, or not a clip that can be "     \
    "used."

const struct cli_command cli_commands[] = {
    {"serve", "", "serve the API and the page, with workers inside",
     "Makes the data folder, its secret and its database at the first start. Prints \"listening on "
     "http://ADDRESS:PORT\" once requests are answered; port 0 picks a free one. The log goes to "
     "standard error.\n"
     "SIGTERM or SIGINT: no new work, what runs may end within --drain; again: stop at once. "
     "Nothing is lost in either case.",
     CONF_SERVE, 0, 0, NULL, cli_serve},
    {"worker", "", "run workers of their own beside shared services",
     "Needs a database that several processes can share (postgresql:), storage that they share, "
     "and "
     "best a broker. Prints \"working\" once it does. SIGTERM or SIGINT as for serve.",
     CONF_WORKER, 0, 0, NULL, cli_worker},
    {"render", "IN OUT", "make a reel of a clip, without a server",
     "OUT appears only when the whole reel is there and synced to the disk; one that exists is "
     "kept "
     "until then. Progress goes to standard error: a bar on a terminal, a line each tenth "
     "otherwise. With --json one object is printed last: path, reason, receipt, wall_ms, in, "
     "out.\n" MEDIA_EXIT,
     CONF_RENDER, 2, 2, NULL, cli_render},
    {"probe", "IN", "say what a clip is, or each of a folder, which path it would take and why",
     "The clip is looked at in the same jailed child that would render it. Of a folder each file "
     "in "
     "it and below it is looked at (not those whose names begin with a dot, nor links): a line for "
     "each, and at the end the share of each path and of each reason; with --json an object for "
     "each "
     "and a last one with a summary. The exit status is then 0 when all could be looked at, also "
     "where clips would be refused. " MEDIA_EXIT,
     CONF_PROBE, 1, 1, NULL, cli_probe},
    {"migrate", "", "bring the database schema up to date",
     "`reelgate serve` does so by itself; this is for doing it beforehand.\n"
     "Where a PostgreSQL database holds the tables of the service that Reelgate replaces, they are "
     "taken over: users keep their names, and their passwords, which are hashed; tasks keep their "
     "ids, and each clip found below --legacy-files becomes a reel. Ended in the middle, it goes "
     "on when it is run again.",
     CONF_ADMIN | CONF_MIGRATE, 0, 0, NULL, cli_migrate},
    {"backup", "FOLDER", "copy a SQLite database and its files, also while a server runs",
     "FOLDER becomes a data folder: `reelgate doctor --data FOLDER` checks it, and restoring is "
     "putting it in place of the lost one. It has all that was there when the command began. Run "
     "again with the same FOLDER it copies what is new and removes what is gone; broken off, it "
     "leaves the earlier backup whole. It holds passwords' hashes and the secret: mode 0700.\n"
     "PostgreSQL has pg_dump; doc/backup.md has the order in which to save database and files.",
     CONF_ADMIN, 1, 1, NULL, cli_backup},
    {"user", NULL, "users: add, list, show, password, admin, quota",
     "Also while a server has the database open: with SQLite that server then does it, for its own "
     "user and for root. Passwords are asked for on a terminal, or read as one line from standard "
     "input; they are never arguments.\n"
     "The first admin is made here: reelgate user admin NAME. Admins can make others by the API.",
     CONF_ADMIN, 0, 0, cli_user_subs, NULL},
    {"task", NULL, "tasks: list, show, retry, delete",
     "Also while a server has the database open, as `user`.", CONF_ADMIN, 0, 0, cli_task_subs,
     NULL},
    {"doctor", "", "check this machine, the data folder and the database",
     "Takes the flags of serve. Each line says ok, warn or FAIL, and what to do. Exit status 1 "
     "when "
     "a check failed.",
     CONF_SERVE | CONF_ADMIN, 0, 0, NULL, cli_doctor},
    {"routes", "", "list what the HTTP API answers",
     "A line each: the method, the path (\"*\" is one part of it, \"**\" the rest), and what the "
     "request "
     "must show. GET /openapi.json describes them.",
     0, 0, 0, NULL, cli_routes},
    {"version", "", "print the version", "", 0, 0, 0, NULL, cli_version},
    {"help", "[COMMAND] | --man | --settings", "explain a command, or print the man page",
     "With --man: the manual page reelgate(1) in troff. With --settings: the reference of all "
     "settings in Markdown.",
     0, 0, 1, NULL, cli_help_command},
    {"completion", "bash", "print the completion for a shell",
     "For this session: eval \"$(reelgate completion bash)\"", 0, 1, 1, NULL, cli_completion},
    {NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL},
};

const struct cli_command *cli_find(const char *name)
{
    for (const struct cli_command *c = cli_commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}
