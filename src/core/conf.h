/* core/conf: every setting of the program, from one table (core/conf.def).
 *
 * A setting "free-space-floor" is the flag --free-space-floor VALUE (or --free-space-floor=VALUE),
 * the variable REELGATE_FREE_SPACE_FLOOR and the line `free-space-floor = VALUE` in the file named
 * by --config. Flag beats variable beats file beats default. Unknown names and values out of range
 * are errors (ERR_INPUT). The table also prints --help, the man page and the reference.
 * Sizes take k, M, G, T (powers of 1024); times take ms, s, m, h, d and are kept in milliseconds.
 * Read once at the start; constant afterwards, so thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct buf;

enum conf_kind { CONF_TEXT, CONF_NUMBER, CONF_SIZE, CONF_TIME, CONF_SWITCH };
/* Which commands take a setting. */
enum conf_use {
    CONF_SERVE = 1,
    CONF_WORKER = 2,
    CONF_RENDER = 4,
    CONF_PROBE = 8,
    CONF_ADMIN = 16, /* migrate, backup, user, task, doctor */
    CONF_MIGRATE = 32,
    CONF_ALL = 63,
};

#define CONF_C_TEXT   const char *
#define CONF_C_NUMBER int64_t
#define CONF_C_SIZE   int64_t
#define CONF_C_TIME   int64_t
#define CONF_C_SWITCH bool
struct conf {
#define CONF(kind, field, name, preset, min, max, unit, use, help) CONF_C_##kind field;
#include "core/conf.def"
#undef CONF
    struct arena *arena; /* holds the texts */
};

/* One row of the table, for help, man page and completion. */
struct conf_item {
    enum conf_kind kind;
    const char *name, *preset, *unit, *help;
    int64_t min, max;
    unsigned use;
};
const struct conf_item *conf_items(int *count);

/* Reads argv[1..argc-1] for a command: settings that `use` allows are taken; `--` ends them; what
 * is neither is left in argv (order kept) and *rest_count says how many. `env` is environ. Returns
 * 0, or -1 with ERR_INPUT: unknown flag, missing value, value out of range, unreadable file. */
int conf_read(struct conf *out, unsigned use, int argc, char **argv, char *const *env,
              int *rest_count, struct err *e);
void conf_clear(struct conf *c);
/* A size as settings have it: 20G. false: it is none, or over 1 PiB. */
bool conf_size(const char *text, int64_t *out);
/* A table of flags for --help, 80 columns. */
void conf_help(struct buf *out, unsigned use);
