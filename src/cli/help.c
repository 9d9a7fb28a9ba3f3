/* Plan: print --help and the man page from the table of commands and the table of settings. */
#include "cli/cli.h"
#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>

static const char intro[] =
    "Reelgate turns video clips into reels: MP4, 16:9, a logo at both ends, at most 20 seconds.";

/* One paragraph a line of text, broken at 80 columns. */
static void put_paragraphs(struct buf *out, const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (column && column + 1 + word > 80) {
            buf_puts(out, "\n");
            column = 0;
        }
        if (column)
            buf_puts(out, " "), column++;
        buf_put(out, text, word);
        column += word;
        text += word;
        if (*text == '\n') {
            buf_puts(out, "\n");
            column = 0;
        }
        text += *text != 0;
    }
    buf_puts(out, "\n");
}

static void help_program(struct buf *out)
{
    put_paragraphs(out, intro);
    buf_puts(out, "\nusage: reelgate COMMAND [SETTINGS] [ARGUMENTS]\n\n");
    for (const struct cli_command *c = cli_commands; c->name; c++)
        buf_printf(out, "  %-11s %s\n", c->name, c->summary);
    buf_puts(out,
             "\n`reelgate COMMAND --help` shows its settings. Each setting --some-name is also\n"
             "the variable REELGATE_SOME_NAME and the line `some-name = VALUE` of the file\n"
             "that --config names; flag beats variable beats file.\n"
             "Exit status: 0 done, 1 failed, 2 wrong usage, 3 the input is at fault.\n");
}

void cli_help(struct buf *out, const struct cli_command *c)
{
    if (!c) {
        help_program(out);
        return;
    }
    if (c->subs) {
        for (const struct cli_sub *s = c->subs; s->name; s++)
            buf_printf(out, "%s reelgate %s %s%s%s%s\n", s == c->subs ? "usage:" : "      ",
                       c->name, s->name, *s->args ? " " : "", s->args, c->use ? " [SETTINGS]" : "");
    } else {
        buf_printf(out, "usage: reelgate %s%s%s%s\n", c->name, c->use ? " [SETTINGS]" : "",
                   *c->args ? " " : "", c->args);
    }
    buf_printf(out, "\n%c%s.\n", toupper((unsigned char)c->summary[0]), c->summary + 1);
    if (*c->details)
        put_paragraphs(out, c->details);
    if (c->subs) {
        buf_puts(out, "\n");
        for (const struct cli_sub *s = c->subs; s->name; s++)
            buf_printf(out, "  %-10s %s\n", s->name, s->help);
    }
    if (c->use) {
        buf_puts(out, "\nSettings [default]; sizes take k, M, G; times take ms, s, m, h, d:\n");
        conf_help(out, c->use);
    }
}

/* -- the man page: troff with the man macros -- */

/* Text as troff shows it: \ doubled, '-' a real minus, no line that starts with a control
 * character.
 */
static void roff(struct buf *out, const char *text)
{
    for (bool start = true; *text; text++) {
        if (start && (*text == '.' || *text == '\''))
            buf_puts(out, "\\&");
        if (*text == '\\')
            buf_puts(out, "\\e");
        else if (*text == '-')
            buf_puts(out, "\\-");
        else if (*text == '\n')
            buf_puts(out, "\n.PP\n");
        else
            buf_put(out, text, 1);
        start = *text == '\n';
    }
}

static void man_command(struct buf *out, const char *name, const char *sub, const char *args)
{
    buf_puts(out, "\\fBreelgate ");
    roff(out, name);
    if (sub)
        buf_printf(out, " %s", sub);
    buf_puts(out, "\\fR");
    if (*args) {
        buf_puts(out, " \\fI");
        roff(out, args);
        buf_puts(out, "\\fR");
    }
    buf_puts(out, "\n");
}

static void man_settings(struct buf *out)
{
    int count;
    const struct conf_item *items = conf_items(&count);
    for (int i = 0; i < count; i++) {
        buf_puts(out, ".TP\n\\fB");
        roff(out, "--");
        roff(out, items[i].name);
        buf_puts(out, "\\fR");
        if (*items[i].unit) {
            buf_puts(out, " \\fI");
            roff(out, items[i].unit);
            buf_puts(out, "\\fR");
        }
        buf_puts(out, "\n");
        roff(out, items[i].help);
        if (*items[i].preset) {
            buf_puts(out, " (");
            roff(out, items[i].preset);
            buf_puts(out, ")");
        }
        buf_puts(out, ".\n");
    }
}

void cli_man(struct buf *out)
{
    buf_puts(out, ".TH REELGATE 1 \"\" \"Reelgate " REELGATE_VERSION "\" \"User Commands\"\n"
                  ".SH NAME\nreelgate \\- upload a clip, get a reel\n.SH SYNOPSIS\n"
                  ".B reelgate\n.I COMMAND\n[settings] [arguments]\n.SH DESCRIPTION\n");
    roff(out, intro);
    buf_puts(out, "\nIt is a service with an HTTP API and a page, and the same work as a command.\n"
                  "Clips are opened only in jailed children of the program reelgate\\-media.\n"
                  ".SH COMMANDS\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        buf_puts(out, ".SS ");
        roff(out, c->name);
        buf_puts(out, "\n");
        if (!c->subs)
            man_command(out, c->name, NULL, c->args);
        buf_puts(out, ".PP\n");
        buf_printf(out, "%c", toupper((unsigned char)c->summary[0]));
        roff(out, c->summary + 1);
        buf_puts(out, ".\n");
        if (*c->details) {
            buf_puts(out, ".PP\n");
            roff(out, c->details);
            buf_puts(out, "\n");
        }
        for (const struct cli_sub *s = c->subs; s && s->name; s++) {
            buf_puts(out, ".TP\n");
            man_command(out, c->name, s->name, s->args);
            roff(out, s->help);
            buf_puts(out, ".\n");
        }
    }
    buf_puts(out,
             ".SH SETTINGS\nA setting \\fB\\-\\-some\\-name\\fR is also the variable\n"
             "\\fBREELGATE_SOME_NAME\\fR and the line \\fBsome\\-name = VALUE\\fR of the file "
             "that\n\\fB\\-\\-config\\fR names.\nFlag beats variable beats file beats default.\n"
             "Sizes take k, M, G (powers of 1024); times take ms, s, m, h, d.\n"
             "Each command takes those that concern it; its \\-\\-help lists them.\n");
    man_settings(out);
    buf_puts(out,
             ".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\nfailed\n.TP\n2\nwrong usage\n.TP\n3\n"
             "the input is at fault\n"
             ".SH FILES\n.TP\n.I data/secret\nsigns tokens and links; made at the first start, "
             "readable by its owner alone\n.TP\n.I data/reelgate.db\nusers and tasks\n.TP\n"
             ".I data/blobs\nclips, reels and posters\n");
}

enum cli_exit cli_help_command(struct cli *c)
{
    AUTO(buf_clear) struct buf text = {0};
    buf_init(&text, 64 * 1024);
    if (c->arg_count == 0) {
        cli_help(&text, NULL);
    } else if (strcmp(c->args[0], "--man") == 0) {
        cli_man(&text);
    } else if (strcmp(c->args[0], "--settings") == 0) {
        cli_reference(&text);
    } else {
        const struct cli_command *about = cli_find(c->args[0]);
        if (!about)
            return cli_usage(c, "there is no command \"%s\"", c->args[0]);
        cli_help(&text, about);
    }
    return cli_print(&text) && !text.cut ? CLI_DONE : CLI_FAILED;
}
