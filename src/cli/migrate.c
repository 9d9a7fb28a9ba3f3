#include "cli/cli.h"
#include "cli/legacy.h"
#include "cli/parts.h"
#include "core/err.h"
#include "core/mem.h"

#include <jansson.h>
#include <stdio.h>

static void tell(int from, int to, const struct legacy_sum *s)
{
    if (from == to)
        printf("the schema is up to date: version %d\n", to);
    else
        printf("the schema went from version %d to %d\n", from, to);
    if (s->users || s->tasks)
        printf("taken over: %ld users, %ld tasks, of which %ld are failed\n", s->users, s->tasks,
               s->failed);
    if (s->left)
        printf("%ld rows of the old tables have a note: see reelgate_note in reelgate_legacy.users "
               "and .tasks; DROP SCHEMA reelgate_legacy CASCADE removes them\n",
               s->left);
}

enum cli_exit cli_migrate(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    struct legacy_sum s;
    int from = 0, to = 0;
    if (parts_open_store(&p, &c->conf, c->log, &e) < 0 ||
        legacy_take_over(c, &p, &from, &to, &s, &e) < 0)
        return cli_fail(c, NULL, &e);
    if (c->conf.json)
        cli_print_json(c, json_pack("{s:i, s:i, s:{s:I, s:I, s:I, s:I}}", "from", from, "to", to,
                                    "legacy", "users", (json_int_t)s.users, "tasks",
                                    (json_int_t)s.tasks, "failed", (json_int_t)s.failed, "left",
                                    (json_int_t)s.left));
    else
        tell(from, to, &s);
    return CLI_DONE;
}
