/* Prints a bash completion made from the tables: commands, sub-commands, their settings, and the
 * words that some settings take. Everything else completes as a file name. */
#include "cli/cli.h"
#include "core/mem.h"
#include "core/str.h"

static void put_settings(struct buf *out, unsigned use)
{
    int count;
    const struct conf_item *items = conf_items(&count);
    for (int i = 0; i < count; i++)
        if (items[i].use & use)
            buf_printf(out, " --%s", items[i].name);
}

enum cli_exit cli_completion(struct cli *c)
{
    if (strcmp(c->args[0], "bash") != 0)
        return cli_usage(c, "only bash is known, not \"%s\"", c->args[0]);
    AUTO(buf_clear) struct buf out = {0};
    buf_init(&out, 64 * 1024);
    buf_puts(&out, "# bash completion for reelgate; made by `reelgate completion bash`\n"
                   "_reelgate() {\n"
                   "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
                   "words=\n"
                   "    case $before in\n"
                   "    --fit) words='pad blur crop stretch' ;;\n"
                   "    --preset) words='ultrafast superfast veryfast faster fast medium slow "
                   "slower veryslow' ;;\n"
                   "    --log-level) words='error warn info debug' ;;\n"
                   "    --log-format) words='text json' ;;\n"
                   "    esac\n"
                   "    if [ -z \"$words\" ] && [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                   "        words='");
    for (const struct cli_command *k = cli_commands; k->name; k++)
        buf_printf(&out, "%s%s", k == cli_commands ? "" : " ", k->name);
    buf_puts(&out, "'\n    elif [ -z \"$words\" ]; then\n        case ${COMP_WORDS[1]} in\n");
    for (const struct cli_command *k = cli_commands; k->name; k++) {
        buf_printf(&out, "        %s) words='--help", k->name);
        if (k->use)
            put_settings(&out, k->use);
        for (const struct cli_sub *s = k->subs; s && s->name; s++)
            buf_printf(&out, " %s", s->name);
        buf_puts(&out, "' ;;\n");
    }
    buf_puts(&out, "        esac\n    fi\n"
                   "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                   "}\ncomplete -o default -F _reelgate reelgate\n");
    return cli_print(&out) && !out.cut ? CLI_DONE : CLI_FAILED;
}
