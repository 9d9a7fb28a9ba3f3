/* cli/service: the parts that `serve` and `worker` share: the jail, what lies on disk or in
 * databases, the workers; and how both commands end. Room-internal. */
#pragma once
#include "cli/parts.h"

struct cli;
struct err;
struct health;
struct logos;
struct metrics;
struct workers;

struct service {
    struct parts parts;
    struct metrics *metrics;
    struct health *health;
    struct jail *jail;
    struct workers *workers;
    struct logos *logos;
    int logo_fd;
    const char *jail_missing;
    /* Drains another part (HTTP) and returns when that part has ended. NULL: none. */
    void (*stop)(void *arg, int64_t drain_ms);
    /* Returns whether that part still answers; may take seconds. NULL: nothing to check. */
    bool (*alive)(void *arg);
    void *arg;
};
#define SERVICE_NONE                                                                               \
    {                                                                                              \
        .logo_fd = -1, .jail_missing = ""                                                          \
    }
/* Opens the jail while no secret is in memory, then everything else except the workers. From here
 * on, --metrics-listen serves the metrics of the process and its readiness. */
int service_open(struct service *s, const struct cli *c, struct err *e);
/* Starts the workers. jobs: concurrent attempts; -1: one for every two processors. */
int service_work(struct service *s, const struct cli *c, int64_t jobs, struct err *e);
/* Names of the layers that hold, or "none"; in the arena. */
const char *service_layers(struct service *s);
/* Waits for a stop signal. Meanwhile checks the service and tells the service manager's watchdog
 * that it is alive. */
void service_wait_for_signal(struct service *s, const struct cli *c);
/* Drains after a stop signal: running work may end within --drain; a second signal ends it at once.
 * If something still hangs then, this function ends the process. When it returns, s->stop has
 * returned. */
void service_drain(struct service *s, const struct cli *c);
void service_clear(struct service *s);
