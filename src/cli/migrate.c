#include "cli/cli.h"
#include "cli/parts.h"
#include "core/err.h"
#include "core/mem.h"
#include "store/store.h"

#include <jansson.h>

enum cli_exit cli_migrate(struct cli *c)
{
    struct err e = {0};
    AUTO(parts_clear) struct parts p = {0};
    int from = 0, to = 0;
    if (parts_open_store(&p, &c->conf, c->log, &e) < 0 ||
        store_migrate(p.store, &from, &to, &e) < 0)
        return cli_fail(c, NULL, &e);
    if (c->conf.json)
        cli_print_json(json_pack("{s:i, s:i}", "from", from, "to", to));
    else if (from == to)
        printf("the schema is up to date: version %d\n", to);
    else
        printf("the schema went from version %d to %d\n", from, to);
    return CLI_DONE;
}
