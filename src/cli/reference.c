/* Plan: make the reference of settings (doc/configuration.md, Markdown) from the table of settings
 * and the table of commands, so that it agrees with the program. */
#include "cli/cli.h"
#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <inttypes.h>

static const char head[] =
    "# Settings\n\n"
    "<!-- Made by the program: reelgate help --settings >doc/configuration.md -->\n\n"
    "Every setting, with what it is, its bounds, its default, and the commands that take it. A "
    "setting\n`some-name` is the flag `--some-name VALUE`, the variable `REELGATE_SOME_NAME` and "
    "the line\n`some-name = VALUE` of the file that `--config` names. A flag beats a variable, a "
    "variable beats the\nfile, the file beats the default. A name that is not here and a value "
    "out of bounds end the command\nwith exit status 2.\n\n"
    "Sizes are bytes, or take k, M, G, T (powers of 1024); times are milliseconds, or take ms, s, "
    "m, h, d.\nA switch is `yes` or `no`; its flag alone means `yes`. Lines of the file that begin "
    "with `#` are\ncomments.\n\n"
    "Keys of an object storage are no settings: they are read from the variables "
    "`AWS_ACCESS_KEY_ID`,\n`AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. A URL with a password "
    "belongs into the file or a\nvariable: flags can be seen by every user of the machine.\n";

static void put_upper(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_printf(out, "%c", *text == '-' ? '_' : toupper((unsigned char)*text));
}

/* Writes an amount in the largest unit that divides it. */
static void put_amount(struct buf *out, enum conf_kind kind, int64_t n)
{
    static const struct {
        enum conf_kind kind;
        int64_t factor;
        const char *suffix;
    } units[] = {
        {CONF_SIZE, INT64_C(1) << 40, "T"},
        {CONF_SIZE, 1 << 30, "G"},
        {CONF_SIZE, 1 << 20, "M"},
        {CONF_SIZE, 1 << 10, "k"},
        {CONF_TIME, 86400000, "d"},
        {CONF_TIME, 3600000, "h"},
        {CONF_TIME, 60000, "m"},
        {CONF_TIME, 1000, "s"},
        {CONF_TIME, 1, "ms"},
    };
    for (size_t i = 0; n && i < LEN(units); i++)
        if (units[i].kind == kind && n % units[i].factor == 0) {
            buf_printf(out, "%" PRId64 "%s", n / units[i].factor, units[i].suffix);
            return;
        }
    buf_printf(out, "%" PRId64, n);
}

static void put_kind(struct buf *out, const struct conf_item *it)
{
    static const char *const names[] = {[CONF_TEXT] = "text",
                                        [CONF_NUMBER] = "number",
                                        [CONF_SIZE] = "size",
                                        [CONF_TIME] = "time",
                                        [CONF_SWITCH] = "switch"};
    bool unit = *it->unit != 0;
    if (it->kind == CONF_TEXT) {
        buf_puts(out, unit ? it->unit : names[it->kind]);
        return;
    }
    buf_puts(out, names[it->kind]);
    if (unit)
        buf_printf(out, " (%s)", it->unit);
    if (it->kind == CONF_SWITCH)
        return;
    buf_puts(out, ", ");
    put_amount(out, it->kind, it->min);
    buf_puts(out, " to ");
    put_amount(out, it->kind, it->max);
}

static void put_commands(struct buf *out, unsigned use)
{
    int taken = 0, takers = 0;
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        takers += c->use != 0;
        taken += (c->use & use) != 0;
    }
    if (taken == takers) {
        buf_puts(out, "all commands");
        return;
    }
    const char *comma = "";
    for (const struct cli_command *c = cli_commands; c->name; c++)
        if (c->use & use) {
            buf_printf(out, "%s`%s`", comma, c->name);
            comma = ", ";
        }
}

/* A URL stays as it is written; <file> would be taken for HTML. */
static void put_sentence(struct buf *out, const char *help)
{
    bool url = memchr(help, ':', strcspn(help, " ")) != NULL;
    buf_printf(out, "%c", url ? *help : toupper((unsigned char)*help));
    for (const char *p = help + 1; *p; p++)
        buf_printf(out, *p == '<' || *p == '*' || *p == '_' ? "\\%c" : "%c", *p);
    buf_puts(out, ".\n");
}

void cli_reference(struct buf *out)
{
    int count;
    const struct conf_item *items = conf_items(&count);
    buf_puts(out, head);
    for (int i = 0; i < count; i++) {
        const struct conf_item *it = &items[i];
        buf_printf(out, "\n## `%s`\n\n", it->name);
        put_sentence(out, it->help);
        buf_printf(out, "\n`--%s`, `REELGATE_", it->name);
        put_upper(out, it->name);
        buf_puts(out, "`: ");
        put_kind(out, it);
        if (*it->preset)
            buf_printf(out, "; default `%s`; ", it->preset);
        else
            buf_puts(out, "; empty by default; ");
        put_commands(out, it->use);
        buf_puts(out, ".\n");
    }
}
