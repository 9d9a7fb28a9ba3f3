/* Plan: find the command in the table; answer --help before anything can fail; read the settings;
 * count the arguments; run. */
#include "cli/cli.h"
#include "cli/control.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"

#include <poll.h>
#include <sodium/utils.h>
#include <unistd.h>

bool cli_signal(const struct cli *c)
{
    struct pollfd p = {.fd = c->signal_fd, .events = POLLIN};
    /* a signalfd gives a record of 128 bytes for each signal; only their number matters here */
    char record[128];
    return poll(&p, 1, 0) > 0 && read(c->signal_fd, record, sizeof(record)) > 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int print_help(const struct cli_command *command)
{
    AUTO(buf_clear) struct buf text = {0};
    buf_init(&text, 64 * 1024);
    cli_help(&text, command);
    return cli_print(&text) ? CLI_DONE : CLI_FAILED;
}

static int log_options(const struct conf *c, enum log_level *level, enum log_format *format,
                       struct err *e)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    static const char *const formats[] = {"text", "json"};
    size_t l = 0, f = 0;
    while (l < LEN(levels) && strcmp(c->log_level, levels[l]) != 0)
        l++;
    while (f < LEN(formats) && strcmp(c->log_format, formats[f]) != 0)
        f++;
    if (l == LEN(levels))
        return err_set(e, ERR_INPUT, "log-level: \"%s\" is none of error, warn, info, debug",
                       c->log_level);
    if (f == LEN(formats))
        return err_set(e, ERR_INPUT, "log-format: \"%s\" is neither text nor json", c->log_format);
    *level = (enum log_level)l;
    *format = (enum log_format)f;
    return 0;
}

/* Moves to the sub-command that args[0] names. */
static enum cli_exit find_sub(struct cli *c)
{
    if (c->arg_count == 0)
        return cli_usage(c, "which of its commands? %s", c->command->summary);
    for (const struct cli_sub *s = c->command->subs; s->name; s++)
        if (strcmp(s->name, c->args[0]) == 0) {
            c->sub = s;
            c->args++;
            c->arg_count--;
            return CLI_DONE;
        }
    return cli_usage(c, "there is no \"%s\"; %s", c->args[0], c->command->summary);
}

static enum cli_exit count_args(const struct cli *c)
{
    int min = c->sub ? c->sub->min : c->command->min, max = c->sub ? c->sub->max : c->command->max;
    if (c->arg_count < min)
        return cli_usage(c, "it needs %s", c->sub ? c->sub->args : c->command->args);
    if (max >= 0 && c->arg_count > max)
        return cli_usage(c, "too much: \"%s\"", c->args[max]);
    return CLI_DONE;
}

enum cli_exit cli_pick_sub(struct cli *c)
{
    return find_sub(c) == CLI_DONE ? count_args(c) : CLI_USAGE;
}

/* Runs the sub-command in the server that has the database open, else in this process. */
static enum cli_exit run_sub(struct cli *c)
{
    char secret[CLI_SECRET_SIZE];
    struct err e = {0};
    bool asked = false;
    enum cli_exit status = CLI_FAILED;
    if (cli_pick_sub(c) != CLI_DONE)
        return CLI_USAGE;
    int r = c->sub->secret ? cli_read_secret(secret, &e) : 0;
    if (r == 0) {
        c->secret = c->sub->secret ? secret : NULL;
        r = control_ask(c, &asked, &status, &e);
    }
    if (r < 0)
        status = cli_fail(c, NULL, &e);
    else if (!asked)
        status = c->sub->run(c);
    sodium_memzero(secret, sizeof(secret));
    return status;
}

static enum cli_exit run(struct cli *c)
{
    if (c->command->subs)
        return run_sub(c);
    if (count_args(c) != CLI_DONE)
        return CLI_USAGE;
    for (int i = 0; i < c->arg_count; i++)
        if (c->args[i][0] == '-' && c->args[i][1] && c->command->use &&
            access(c->args[i], F_OK) < 0)
            return cli_usage(c, "unknown flag %s", c->args[i]);
    return c->command->run(c);
}

int cli_main(int argc, char **argv, char *const *env, int signal_fd)
{
    if (argc < 2) {
        print_help(NULL);
        return CLI_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0)
        name = "version";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_help(NULL);
    struct cli c = {
        .command = cli_find(name), .signal_fd = signal_fd, .out = stdout, .err = stderr};
    if (!c.command) {
        fprintf(stderr, "reelgate: there is no command \"%s\"\nTry `reelgate --help`.\n", name);
        return CLI_USAGE;
    }
    argv++, argc--; /* argv[0] is the command now */
    if (asks_for_help(argc, argv))
        return print_help(c.command);
    c.args = argv + 1;
    c.arg_count = argc - 1;
    if (!c.command->use)
        return run(&c);

    struct err e = {0};
    enum log_level level = LOG_INFO;
    enum log_format format = LOG_TEXT;
    if (conf_read(&c.conf, c.command->use, argc, argv, env, &c.arg_count, &e) < 0)
        return cli_usage(&c, "%s", e.text);
    int status;
    if (log_options(&c.conf, &level, &format, &e) < 0) {
        status = cli_usage(&c, "%s", e.text);
    } else {
        /* Only the long-running commands log successes; the others print their own output. */
        bool service =
            c.command->use & (CONF_SERVE | CONF_WORKER) && !(c.command->use & CONF_ADMIN);
        if (!service && level == LOG_INFO)
            level = LOG_WARN;
        c.log = log_new(STDERR_FILENO, level, format);
        status = run(&c);
        log_free(c.log);
    }
    conf_clear(&c.conf);
    return status;
}
