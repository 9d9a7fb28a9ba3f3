/* cli/service: what `serve` and `worker` share: the jail, what lies on disk or in databases, the
 * workers; and how both end. Room-internal. */
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
    /* What else drains beside the workers (HTTP): returns when it has ended. NULL: nothing. */
    void (*stop)(void *arg, int64_t drain_ms);
    /* Whether that still answers; may take seconds. NULL: nothing to ask. */
    bool (*alive)(void *arg);
    void *arg;
};
#define SERVICE_NONE                                                                               \
    {                                                                                              \
        .logo_fd = -1, .jail_missing = ""                                                          \
    }
/* The jail while no secret is in memory, then all else but the workers. What the process counts,
 * and whether it is ready, is told at --metrics-listen from here on. */
int service_open(struct service *s, const struct cli *c, struct err *e);
/* jobs: attempts at once; -1: one for two processors. */
int service_work(struct service *s, const struct cli *c, int64_t jobs, struct err *e);
/* Names of the layers that hold, "none" when none; in the arena. */
const char *service_layers(struct service *s);
/* Meanwhile tells the service manager's watchdog that the service lives, after looking. */
void service_wait_for_signal(struct service *s, const struct cli *c);
/* SIGTERM: what runs may end within --drain; a second signal: at once. Ends the process itself when
 * something still holds on then. After it, what s->stop was for has ended. */
void service_drain(struct service *s, const struct cli *c);
void service_clear(struct service *s);
