/* cli: the commands of `reelgate`, one file for each. One table (cli/table.c) lists them all, and
 * --help, the man page and the completion are made from it. Settings come from core/conf. Main
 * thread only.
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
    char **args; /* arguments that are neither command nor setting */
    int arg_count;
    int signal_fd; /* readable after SIGINT or SIGTERM; see cli_signal */
    /* The command's output and error output: the process's own, or those of a client that asked the
     * server to run the command (cli/control.h). */
    FILE *out, *err;
    /* Sends the output so far. Do not call while the store is being read. NULL: fflush(out). */
    void (*flush)(struct cli *c);
    const struct parts *lent; /* the parts of the server that runs this; NULL: open your own */
    const char *secret;       /* the password, for a sub-command with `secret` */
};

/* One sub-command, such as `user add`. A NULL name ends the list. */
struct cli_sub {
    const char *name, *args, *help;
    int min, max; /* number of args; max -1: unlimited */
    enum cli_exit (*run)(struct cli *c);
    bool secret; /* read a password before running it */
};
struct cli_command {
    const char *name, *args, *summary;
    const char *details; /* sentences for --help and the man page; \n separates paragraphs */
    unsigned use;        /* enum conf_use: the settings it takes; 0: none, and conf is empty */
    int min, max;        /* number of args when it has no subs */
    const struct cli_sub *subs; /* run by the server that has the database open, if there is one */
    enum cli_exit (*run)(struct cli *c); /* NULL when it has subs */
};
/* The table; a NULL name ends it. */
extern const struct cli_command cli_commands[];
const struct cli_command *cli_find(const char *name); /* NULL: not found */

/* All of main: reads argv and runs a command. signal_fd is borrowed. Returns the exit status. */
int cli_main(int argc, char **argv, char *const *env, int signal_fd);

/* Returns whether a stop signal has come since the last call; does not wait. */
bool cli_signal(const struct cli *c);

/* cli/help.c: texts made from the table */
void cli_help(struct buf *out, const struct cli_command *c); /* NULL: the program itself */
void cli_man(struct buf *out);
/* cli/reference.c: the reference of all settings, in Markdown */
void cli_reference(struct buf *out);

/* cli/main.c: finds the sub-command that args[0] names and checks the number of the other args.
 * Returns CLI_DONE, or CLI_USAGE after it has printed what is wrong. */
enum cli_exit cli_pick_sub(struct cli *c);

/* cli/say.c: the output of commands */
/* Prints the error on standard error, for `about` (a file, a user; NULL: nothing special), and with
 * --json also as {"error":{...}} on standard output. Returns the exit status for the error. */
enum cli_exit cli_fail(const struct cli *c, const char *about, const struct err *e);
/* Prints "reelgate user: ..." and how to get help on standard error. Returns CLI_USAGE. */
enum cli_exit cli_usage(const struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints b on standard output; returns false when standard output fails. */
bool cli_print(const struct buf *b);
struct json_t;
/* Prints value (taken) in one line. */
void cli_print_json(const struct cli *c, struct json_t *value);
/* Sends the output so far when a client waits for it. */
void cli_flush(struct cli *c);
/* Reads a password from standard input: one line; on a terminal twice and without echo. */
enum { CLI_SECRET_SIZE = 256 }; /* auth allows 128 bytes and refuses longer ones */
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
