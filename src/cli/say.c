#include "cli/cli.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/reel_json.h"
#include "core/str.h"

#include <jansson.h>
#include <stdarg.h>
#include <unistd.h>

bool cli_print(const struct buf *b)
{
    return fd_write_all(STDOUT_FILENO, b->p ? b->p : "", b->len, NULL) == 0;
}

void cli_print_json(const struct cli *c, json_t *value)
{
    json_dumpf(value, c->out, JSON_FORM);
    json_decref(value);
    fputc('\n', c->out);
    if (!c->flush)
        fflush(c->out);
}

void cli_flush(struct cli *c)
{
    if (c->flush)
        c->flush(c);
    else
        fflush(c->out);
}

static enum cli_exit exit_for(enum err_code code)
{
    switch (code) {
    case ERR_INPUT:
    case ERR_UNSUPPORTED:
    case ERR_TOO_LARGE:
        return CLI_INPUT;
    default:
        return CLI_FAILED;
    }
}

static void print_json(const struct cli *c, const struct err *e, const char *sentence)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "code", msg_slug(e->msg), "message", sentence,
                          "detail", e->text);
    if (*e->parameter) {
        json_object_set_new(o, "parameter", json_string(e->parameter));
        json_object_set_new(o, "allowed", json_string(e->allowed));
    }
    cli_print_json(c, json_pack("{s:o}", "error", o));
}

enum cli_exit cli_fail(const struct cli *c, const char *about, const struct err *e)
{
    /* A general sentence ("internal error") says less than the text, which is written for
     * operators; a specific sentence ("the file has no video") is for the owner of the clip. */
    bool particular = e->msg != msg_general(e->code);
    char said[MSG_SAID_MAX];
    msg_say(e->msg, LANG_EN, err_named(e), said, sizeof(said));
    const char *sentence = particular ? said : e->text;
    fprintf(c->err, "reelgate %s: %s%s%s\n", c->command->name, about ? about : "",
            about ? ": " : "", sentence);
    if (particular && *e->text && strcmp(e->text, sentence) != 0)
        fprintf(c->err, "  (%s: %s)\n", msg_slug(e->msg), e->text);
    if (c->conf.json)
        print_json(c, e, sentence);
    return exit_for(e->code);
}

enum cli_exit cli_usage(const struct cli *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(c->err, "reelgate %s%s%s: ", c->command->name, c->sub ? " " : "",
            c->sub ? c->sub->name : "");
    vfprintf(c->err, fmt, ap);
    va_end(ap);
    fprintf(c->err, "\nTry `reelgate %s --help`.\n", c->command->name);
    return CLI_USAGE;
}
