/* cli/parts: opens, by the configuration, the rooms that several commands need. Room-internal. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct auth;
struct blob;
struct cli;
struct conf;
struct err;
struct jail;
struct log;
struct queue;
struct store;
struct tasks;

/* Everything that lies on disk. Parts open in this order and close in reverse order. */
struct parts {
    struct arena *arena;
    struct store *store;
    struct auth *auth;
    struct blob *blob;
    struct queue *queue;
    struct tasks *tasks;
    bool borrowed; /* all but the arena belong to another struct parts */
};
/* Makes the data folder when it is missing (mode 0700). */
int parts_folder(const struct conf *c, struct err *e);
/* The configured value, else <data>/secret, <data>/reelgate.db as URL, or <data>/blobs as URL; in
 * the arena. */
const char *parts_secret_file(struct arena *a, const struct conf *c);
const char *parts_database(struct arena *a, const struct conf *c);
const char *parts_storage(struct arena *a, const struct conf *c);
/* The path in a URL of this scheme ("file:", "sqlite:"): "file:///a" -> "/a", "file:a" -> "a".
 * NULL: the URL has another scheme. */
const char *parts_path(const char *url, const char *scheme);

/* Opens the data folder, then the database. ERR_BUSY, with a sentence for people: a server has the
 * database open. */
int parts_open_store(struct parts *p, const struct conf *c, struct log *l, struct err *e);
/* For a command that only reads or changes data: ERR_MISSING, with the setting to name, when the
 * database is a file that does not exist. Without this check a command in the wrong folder would
 * make an empty database. */
int parts_there(const struct conf *c, struct err *e);
/* Opens the store, brings the schema up to date, then opens blob, queue and tasks. */
int parts_open_tasks(struct parts *p, const struct conf *c, struct log *l, struct err *e);
/* Opens auth (passwords and tokens); call after parts_open_store. Makes the secret at the first
 * start. */
int parts_open_auth(struct parts *p, const struct conf *c, struct log *l, struct err *e);
/* Shares the parts that `from` has opened, with an arena of its own; `from` must outlive p. */
void parts_borrow(struct parts *p, const struct parts *from);
void parts_clear(struct parts *p);

/* The folder for kept bumpers: the setting; else a folder in the data folder; else, for a command
 * without a data folder, one in the user's cache. NULL: none. In the arena. */
const char *parts_cache(struct arena *a, const struct conf *c, bool has_data);
/* Starts the media helper in its jail. cache: from parts_cache. *missing (NULL allowed) receives
 * the names of the layers that this machine lacks, or ""; each is logged. In the arena. */
int parts_open_jail(struct jail **out, struct arena *a, const struct conf *c, const char *cache,
                    struct log *l, const char **missing, struct err *e);
/* The path of the helper: the setting, else beside this program, else in libexec; in the arena. */
int parts_helper(struct arena *a, const struct conf *c, const char **path, struct err *e);
/* Opens the logo's file. *fd is -1 for the built-in mark. */
int parts_logo(const struct conf *c, int *fd, struct err *e);
/* The number of processors that this process may use. */
int parts_processors(void);
