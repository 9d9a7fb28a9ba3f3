/* core/conf: every setting of the program, from one table (core/conf.def).
 *
 * A setting "free-space-floor" is the flag --free-space-floor VALUE (or --free-space-floor=VALUE),
 * the variable REELGATE_FREE_SPACE_FLOOR and the line `free-space-floor = VALUE` in the file that
 * --config names. A flag overrides a variable, a variable overrides the file, and the file
 * overrides the default. An unknown name or a value out of range is an error (ERR_INPUT). The table
 * also prints --help, the man page and the reference. Sizes take the suffixes k, M, G, T (powers of
 * 1024). Times take ms, s, m, h, d and are kept in milliseconds. The program reads the settings
 * once at its start and never changes them, so they are thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct err;
struct buf;

enum conf_kind { CONF_TEXT, CONF_NUMBER, CONF_SIZE, CONF_TIME, CONF_SWITCH };
/* The commands that accept a setting, as bits. */
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
    struct arena *arena; /* owns the texts */
};

/* One row of the table, for help, man page and shell completion. */
struct conf_item {
    enum conf_kind kind;
    const char *name, *preset, *unit, *help;
    int64_t min, max;
    unsigned use;
};
const struct conf_item *conf_items(int *count);

/* Reads argv[1..argc-1] for a command and takes the settings that `use` allows. `--` ends the
 * settings. Other arguments stay in argv, in their order, and *rest_count is their number. `env` is
 * environ. Returns 0, or -1 with ERR_INPUT: unknown flag, missing value, value out of range,
 * unreadable file. */
int conf_read(struct conf *out, unsigned use, int argc, char **argv, char *const *env,
              int *rest_count, struct err *e);
void conf_clear(struct conf *c);
/* Reads a size in the form of the settings, such as 20G. Returns false when the text is not a size
 * or the size is over 1 PiB. */
bool conf_size(const char *text, int64_t *out);
/* Writes the table of flags for --help, 80 columns wide. */
void conf_help(struct buf *out, unsigned use);
