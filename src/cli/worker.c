#include "cli/cli.h"
#include "cli/notify.h"
#include "cli/service.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum cli_exit cli_worker(struct cli *c)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    struct err e = {0};
    AUTO(service_clear) struct service s = SERVICE_NONE;
    s.parts.arena = arena_new();
    if (strncmp(parts_database(s.parts.arena, &c->conf), "sqlite:", 7) == 0)
        return cli_usage(c, "a worker of its own needs a database that several processes can "
                            "share: --database postgresql://...; beside SQLite, workers run inside "
                            "the server: reelgate serve --workers N");
    if (service_open(&s, c, &e) < 0 || service_work(&s, c, c->conf.jobs, &e) < 0) {
        log_error(c->log, "cannot start", "why", e.text);
        return cli_fail(c, NULL, &e);
    }
    log_info(c->log, "working", "version", REELGATE_VERSION, "jail", service_layers(&s),
             "jail_missing", *s.jail_missing ? s.jail_missing : "none");
    puts("working");
    fflush(stdout);
    notify("READY=1");
    service_wait_for_signal(&s, c);
    service_drain(&s, c);
    log_info(c->log, "stopped");
    return CLI_DONE;
}
