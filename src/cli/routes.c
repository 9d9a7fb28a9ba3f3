/* Prints the routes from http's own table, so that a description of the API can be compared with
 * them. */
#include "cli/cli.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http.h"

enum cli_exit cli_routes(struct cli *c)
{
    (void)c;
    AUTO(buf_clear) struct buf out = {0};
    buf_init(&out, 64 * 1024);
    struct http_route r;
    for (int i = 0; http_route(i, &r); i++)
        buf_printf(&out, "%-7s %-42s %s\n", r.method, r.pattern, r.needs);
    return cli_print(&out) && !out.cut ? CLI_DONE : CLI_FAILED;
}
