/* cli/parts: opens the rooms that several commands need, from the configuration. Room-internal. */
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

/* Everything that lies on disk, opened in this order and closed in the other. */
struct parts {
    struct arena *arena;
    struct store *store;
    struct auth *auth;
    struct blob *blob;
    struct queue *queue;
    struct tasks *tasks;
    bool borrowed; /* but for the arena, another's */
};
/* The data folder, made when missing, 0700. */
int parts_folder(const struct conf *c, struct err *e);
/* <data>/secret, <data>/reelgate.db as URL, <data>/blobs as URL, unless named otherwise; in the
 * arena. */
const char *parts_secret_file(struct arena *a, const struct conf *c);
const char *parts_database(struct arena *a, const struct conf *c);
const char *parts_storage(struct arena *a, const struct conf *c);
/* What a URL of this scheme ("file:", "sqlite:") names: "file:///a" -> "/a", "file:a" -> "a"; NULL:
 * it is of another. */
const char *parts_path(const char *url, const char *scheme);

/* Folder, then database. ERR_BUSY, with a sentence for people, when a server has it open. */
int parts_open_store(struct parts *p, const struct conf *c, struct log *l, struct err *e);
/* Before a command that only asks or changes: ERR_MISSING, with what to name, where the database is
 * a file that is not there. Without it a command in the wrong folder makes an empty one. */
int parts_there(const struct conf *c, struct err *e);
/* The store, the schema brought up to date, then blob, queue and the rules. */
int parts_open_tasks(struct parts *p, const struct conf *c, struct log *l, struct err *e);
/* Passwords and tokens; after parts_open_store. Makes the secret at the first start. */
int parts_open_auth(struct parts *p, const struct conf *c, struct log *l, struct err *e);
/* What another has opened, with an arena of its own; the other outlives it. */
void parts_borrow(struct parts *p, const struct parts *from);
void parts_clear(struct parts *p);

/* Where bumpers are kept: the setting, else a folder of the data folder or, for a command that has
 * none, of the user's cache. NULL: nowhere. In the arena. */
const char *parts_cache(struct arena *a, const struct conf *c, bool has_data);
/* The media helper, in its jail. cache: of parts_cache. *missing (NULL allowed) is given the names
 * of the layers that this machine lacks, "" when none; each is logged. In the arena. */
int parts_open_jail(struct jail **out, struct arena *a, const struct conf *c, const char *cache,
                    struct log *l, const char **missing, struct err *e);
/* Where the helper is: the setting, else beside this program, else in libexec; in the arena. */
int parts_helper(struct arena *a, const struct conf *c, const char **path, struct err *e);
/* The logo's descriptor, or -1 when the built-in mark is used. */
int parts_logo(const struct conf *c, int *fd, struct err *e);
/* Processors that this process may use. */
int parts_processors(void);
