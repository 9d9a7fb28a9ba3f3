/* jail/cache: bumpers that were made once, kept in a folder under a hash of all that they depend
 * on. Room-internal, service half. Thread-safe, and safe between processes that share the folder:
 * an entry appears whole by a rename, and whoever has it open keeps it when it is thrown out.
 *
 * The folder belongs to the service's user alone (0700, files 0600); symbolic links are not
 * followed. It may vanish, be damaged or be full at any time: then there is no entry, and bumpers
 * are made as if there were no cache. Entries are not synced: one that a power cut tore does not
 * have its sum and is made anew. */
#pragma once
#include "core/reel.h"

struct cache;
struct err;
struct log;

/* max_bytes: of all entries; the ones not used for longest go first. Nothing is made on disk before
 * the first cache_begin. */
struct cache *cache_new(const char *folder, int64_t max_bytes, struct log *l);
void cache_free(struct cache *c);

struct cache_key {
    char name[80]; /* of the file */
};
/* media: what the helper says of its libraries and of the form of its files. logo_fd -1: the
 * built-in mark. ERR_SYSTEM: the logo cannot be read. */
int cache_key_make(const struct bumper_shape *shape, int logo_fd, const char *media,
                   struct cache_key *out, struct err *e);
/* A descriptor of the entry that can only be read, the caller's; -1: there is none. An entry ends
 * with the SHA-256 of what is before; one that does not is removed. */
int cache_get(struct cache *c, const struct cache_key *key);

/* A new entry in the making. */
struct cache_file {
    int dir, fd; /* fd: read-write, empty */
    char name[48];
};
/* ERR_BUSY: the disk was full a short while ago; ERR_FULL, ERR_SYSTEM. */
int cache_begin(struct cache *c, struct cache_file *out, struct err *e);
/* Makes it the entry of key, in place of any other, and throws out what is too much; *fd as of
 * cache_get. ERR_SYSTEM: it has not its sum, or is larger than the cache may be. */
int cache_keep(struct cache *c, struct cache_file *f, const struct cache_key *key, int *fd,
               struct err *e);
/* Gives up what was not kept, and with `full` rests for a while: a full disk does not get better by
 * trying with each clip. Other faults may be those of one shape or one logo. */
void cache_give_up(struct cache *c, struct cache_file *f, bool full);

/* How many entries and bytes there are. A folder that is not there has none. ERR_SYSTEM when it
 * cannot be used. */
int cache_look(const char *folder, int64_t *entries, int64_t *bytes, struct err *e);
