/* cli: the commands of `reelgate`, one file each, all from one table (cli/table.c), which also
 * prints --help, the man page and the completion. Settings come from core/conf. Main thread only.
 *
 * Exit statuses: 0 done, 1 failed, 2 wrong usage, 3 the input is at fault. */
#pragma once
#include "core/conf.h"

#include <stdbool.h>
#include <stdio.h>

struct buf;
struct err;
struct log;
struct parts;

enum cli_exit { CLI_DONE, CLI_FAILED, CLI_USAGE, CLI_INPUT };

struct cli {
    const struct cli_command *command;
    const struct cli_sub *sub; /* NULL when the command has none */
    struct conf conf;
    struct log *log;
    char **args; /* what is neither command nor setting */
    int arg_count;
    int signal_fd; /* readable when SIGINT or SIGTERM came; see cli_signal */
    /* Where it answers: standard output and error, or who asked a server (cli/control.h). */
    FILE *out, *err;
    /* Sends on what was said so far; not while the store is being read. NULL: fflush(out). */
    void (*flush)(struct cli *c);
    const struct parts
        *lent;          /* a server's, for what it runs for an operator; NULL: none are open */
    const char *secret; /* the password, for a sub that asks for one */
};

/* One thing that a command can do: `user add`. Ends with a NULL name. */
struct cli_sub {
    const char *name, *args, *help;
    int min, max; /* how many args; max -1: any number */
    enum cli_exit (*run)(struct cli *c);
    bool secret; /* a password is read before it runs */
};
struct cli_command {
    const char *name, *args, *summary;
    const char *details; /* sentences for --help and the man page, paragraphs parted by \n */
    unsigned use;        /* enum conf_use: the settings it takes; 0: none, and conf is empty */
    int min, max;        /* how many args when it has no subs */
    const struct cli_sub *subs; /* carried out by the server that has the database open, if any */
    enum cli_exit (*run)(struct cli *c); /* NULL when it has subs */
};
/* The table, ended by a NULL name. */
extern const struct cli_command cli_commands[];
const struct cli_command *cli_find(const char *name); /* NULL: there is none */

/* Everything main has to do: reads argv and runs a command. signal_fd is borrowed. */
int cli_main(int argc, char **argv, char *const *env, int signal_fd);

/* True once a stop was asked for by signal since the last call; does not wait. */
bool cli_signal(const struct cli *c);

/* cli/help.c: the texts that the table gives */
void cli_help(struct buf *out, const struct cli_command *c); /* NULL: the program itself */
void cli_man(struct buf *out);
/* cli/reference.c: every setting, in Markdown */
void cli_reference(struct buf *out);

/* cli/main.c: finds the sub that args[0] names, and counts the rest of them; CLI_DONE, or CLI_USAGE
 * once it has been said what is wrong. */
enum cli_exit cli_pick_sub(struct cli *c);

/* cli/say.c: how a command answers */
/* Says on standard error what went wrong, for `about` (a file, a user; NULL: nothing special), and
 * with --json also as {"error":{...}} on standard output. The exit status for it. */
enum cli_exit cli_fail(const struct cli *c, const char *about, const struct err *e);
/* "reelgate user: ..." and the way to help, on standard error; CLI_USAGE. */
enum cli_exit cli_usage(const struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints what was built; false when standard output cannot take it. */
bool cli_print(const struct buf *b);
struct json_t;
/* Prints value (taken) in one line. */
void cli_print_json(const struct cli *c, struct json_t *value);
/* Hands on what was printed, where somebody waits for it. */
void cli_flush(struct cli *c);
/* A password from standard input: one line of it; on a terminal twice and without echo. */
enum {
    CLI_SECRET_SIZE = 256
}; /* a password has at most 128 bytes; longer ones are refused by auth */
int cli_read_secret(char out[CLI_SECRET_SIZE], struct err *e);

enum cli_exit cli_serve(struct cli *c);
enum cli_exit cli_worker(struct cli *c);
enum cli_exit cli_render(struct cli *c);
enum cli_exit cli_probe(struct cli *c);
enum cli_exit cli_migrate(struct cli *c);
enum cli_exit cli_backup(struct cli *c);
extern const struct cli_sub cli_user_subs[], cli_task_subs[];
enum cli_exit cli_doctor(struct cli *c);
enum cli_exit cli_routes(struct cli *c);
enum cli_exit cli_version(struct cli *c);
enum cli_exit cli_help_command(struct cli *c);
enum cli_exit cli_completion(struct cli *c);
