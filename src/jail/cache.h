/* jail/cache: finished bumpers, kept in a folder. The name of an entry is a hash of everything that
 * the bumper depends on. Room-internal, service half. Thread-safe, and safe between processes that
 * share the folder: a rename makes an entry appear whole, and a process that has an evicted entry
 * open can still read it.
 *
 * Only the service's user has access to the folder (0700, files 0600). Symbolic links are not
 * followed. The folder may vanish, be damaged or be full at any time: then there is no entry, and
 * bumpers are made as if there were no cache. Entries are not synced: an entry that a power cut
 * damaged fails its checksum and is made anew. */
#pragma once
#include "core/reel.h"

struct cache;
struct err;
struct log;

/* max_bytes limits the sum of all entries; the least recently used entries are evicted first.
 * Nothing is made on disk before the first cache_begin. */
struct cache *cache_new(const char *folder, int64_t max_bytes, struct log *l);
void cache_free(struct cache *c);

struct cache_key {
    char name[80]; /* of the entry's file */
};
/* media: the helper's text about its libraries and its file format. logo_fd -1: the built-in mark.
 * ERR_SYSTEM: the logo cannot be read. */
int cache_key_make(const struct bumper_shape *shape, int logo_fd, const char *media,
                   struct cache_key *out, struct err *e);
/* Returns a read-only descriptor of the entry, which the caller closes, or -1: there is no entry.
 * The last 32 bytes of an entry are the SHA-256 of the bytes before them. An entry with another sum
 * is removed. */
int cache_get(struct cache *c, const struct cache_key *key);

/* A new entry in the making. */
struct cache_file {
    int dir, fd; /* fd: read-write; the file is empty */
    char name[48];
};
/* Makes the file. ERR_BUSY: the disk was full a short while ago; ERR_FULL; ERR_SYSTEM. */
int cache_begin(struct cache *c, struct cache_file *out, struct err *e);
/* Makes the file the entry of key, replaces any other entry of key, and evicts entries until the
 * cache is within its limit. *fd: as cache_get returns it. ERR_SYSTEM: the checksum is wrong, or
 * the file is larger than the cache may be. */
int cache_keep(struct cache *c, struct cache_file *f, const struct cache_key *key, int *fd,
               struct err *e);
/* Deletes a file that was not kept. `full` also makes cache_begin fail with ERR_BUSY for a while: a
 * disk that is full for one clip is full for the next one too. Other faults may concern one shape
 * or one logo only, so they cause no pause. */
void cache_give_up(struct cache *c, struct cache_file *f, bool full);

/* Counts the entries and their bytes. A missing folder has none. ERR_SYSTEM: the folder cannot be
 * used. */
int cache_look(const char *folder, int64_t *entries, int64_t *bytes, struct err *e);
