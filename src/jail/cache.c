/* A folder of files. An entry is named "<64 hex digits>.bumper"; a file in the making is named
 * "new-<pid>-<16 hex digits>". This code neither reads nor touches any other name. The process that
 * makes a file holds a lock on it (flock, which ends with the process), so a sweep can tell a file
 * in the making from the remains of a killed process. Each use sets the entry's modification time;
 * eviction starts with the oldest.
 *
 * Each operation opens the folder anew, because the folder may have been moved, emptied or
 * repaired. */
#include "jail/cache.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "jail/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SUM_BYTES = crypto_hash_sha256_BYTES,
    HASH_BYTES = crypto_generichash_BYTES,
    HEX = 2 * HASH_BYTES,
    REST_MS = 30000,
    LOCK_MS = 10000,
    BLOCK_BYTES = 65536,
};
static const char suffix[] = ".bumper", new_prefix[] = "new-";

struct cache {
    char *folder;
    int64_t max_bytes;
    struct log *log;
    _Atomic int64_t rest_until_ms;
};

struct cache *cache_new(const char *folder, int64_t max_bytes, struct log *l)
{
    struct cache *c = mem_new(sizeof(*c));
    if (sodium_init() < 0)
        log_warn(l, "libsodium cannot start, its slower ways are used");
    c->folder = mem_strdup(folder);
    c->max_bytes = max_bytes;
    c->log = l;
    return c;
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    free(c->folder);
    free(c);
}

/* Makes the folder and its missing parents. */
static void folders_make(const char *path)
{
    AUTO(freep) char *p = mem_strdup(path);
    for (char *slash = p + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        (void)mkdir(p, 0700);
    }
    (void)mkdir(p, 0700);
}

/* Opens the folder: a descriptor, or -1 with errno; EPERM: other users have access to it. */
static int dir_open(const char *folder)
{
    AUTO(fd_closep) int dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (dir < 0 || fstat(dir, &st) < 0)
        return -1;
    if (st.st_uid != geteuid() || st.st_mode & 022) {
        errno = EPERM;
        return -1;
    }
    return fd_take(&dir);
}

static int folder_error(const char *folder, struct err *e)
{
    int why = errno;
    const char *text = why == EPERM ? "it is another user's, or others may write to it"
                       : why == ELOOP || why == ENOTDIR ? "it is not a folder, or a symbolic link"
                                                        : strerror(why);
    return err_set(e, why == ENOSPC || why == EDQUOT ? ERR_FULL : ERR_SYSTEM, "cache %s: %s",
                   folder, text);
}

static int hash_logo(crypto_generichash_state *h, int fd, struct err *e)
{
    unsigned char block[4096];
    int64_t at = 0;
    for (;;) {
        ssize_t n = fd_pread_full(fd, block, sizeof(block), at, e);
        if (n < 0)
            return -1;
        if (n == 0)
            return 0;
        crypto_generichash_update(h, block, (size_t)n);
        at += n;
        if (at > LOGO_FILE_BYTES_MAX)
            return err_set(e, ERR_SYSTEM, "cache: the logo is too large");
    }
}

int cache_key_make(const struct bumper_shape *shape, int logo_fd, const char *media,
                   struct cache_key *out, struct err *e)
{
    const struct wire_message m = {.type = WIRE_WANT, .u.want = *shape};
    unsigned char data[WIRE_MAX], hash[HASH_BYTES], mark = logo_fd >= 0;
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, sizeof(hash));
    crypto_generichash_update(&h, (const unsigned char *)media, strlen(media) + 1);
    crypto_generichash_update(&h, data, wire_encode(&m, data));
    crypto_generichash_update(&h, &mark, 1);
    if (logo_fd >= 0 && hash_logo(&h, logo_fd, e) < 0)
        return -1;
    crypto_generichash_final(&h, hash, sizeof(hash));
    sodium_bin2hex(out->name, sizeof(out->name), hash, sizeof(hash));
    memcpy(out->name + HEX, suffix, sizeof(suffix));
    return 0;
}

/* Returns whether the file ends with the checksum of the bytes before it. */
static bool sum_holds(int fd)
{
    unsigned char found[SUM_BYTES], told[SUM_BYTES];
    AUTO(freep) unsigned char *block = mem_new(BLOCK_BYTES);
    crypto_hash_sha256_state h;
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_size <= SUM_BYTES || st.st_size > BUMPER_FILE_BYTES_MAX)
        return false;
    int64_t left = st.st_size - SUM_BYTES, at = 0;
    crypto_hash_sha256_init(&h);
    while (left > 0) {
        size_t want = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
        if (fd_pread_full(fd, block, want, at, NULL) != (ssize_t)want)
            return false;
        crypto_hash_sha256_update(&h, block, want);
        at += (int64_t)want;
        left -= (int64_t)want;
    }
    crypto_hash_sha256_final(&h, found);
    return fd_pread_full(fd, told, sizeof(told), at, NULL) == sizeof(told) &&
           memcmp(found, told, sizeof(told)) == 0;
}

/* Opens a plain file of ours for reading; -1: there is none; *bad: it is something else. */
static int entry_open(int dir, const char *name, bool *bad)
{
    AUTO(fd_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    *bad = fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EACCES);
    if (fd < 0)
        return -1;
    *bad = fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
           st.st_mode & 022 || st.st_nlink > 1;
    return *bad ? -1 : fd_take(&fd);
}

int cache_get(struct cache *c, const struct cache_key *key)
{
    AUTO(fd_closep) int dir = dir_open(c->folder);
    if (dir < 0)
        return -1;
    bool bad;
    AUTO(fd_closep) int fd = entry_open(dir, key->name, &bad);
    if (bad || (fd >= 0 && !sum_holds(fd))) {
        log_warn(c->log, "a kept bumper was damaged and is thrown away", "folder", c->folder,
                 "name", key->name);
        (void)unlinkat(dir, key->name, 0);
        return -1;
    }
    if (fd >= 0)
        (void)futimens(fd, NULL); /* used now */
    return fd_take(&fd);
}

int cache_begin(struct cache *c, struct cache_file *out, struct err *e)
{
    *out = (struct cache_file){.dir = -1, .fd = -1};
    if (clock_mono_ms() < atomic_load(&c->rest_until_ms))
        return err_set(e, ERR_BUSY, "cache: the disk was full a short while ago");
    AUTO(fd_closep) int dir = dir_open(c->folder);
    if (dir < 0 && errno == ENOENT) {
        folders_make(c->folder);
        dir = dir_open(c->folder);
    }
    if (dir < 0)
        return folder_error(c->folder, e);
    uint64_t chance;
    randombytes_buf(&chance, sizeof(chance));
    snprintf(out->name, sizeof(out->name), "%s%d-%016llx", new_prefix, (int)getpid(),
             (unsigned long long)chance);
    AUTO(fd_closep)
    int fd = openat(dir, out->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return folder_error(c->folder, e);
    (void)flock(fd, LOCK_EX | LOCK_NB);
    out->dir = fd_take(&dir);
    out->fd = fd_take(&fd);
    return 0;
}

static void file_close(struct cache_file *f)
{
    fd_closep(&f->fd);
    fd_closep(&f->dir);
}

void cache_give_up(struct cache *c, struct cache_file *f, bool full)
{
    if (f->dir >= 0)
        (void)unlinkat(f->dir, f->name, 0);
    file_close(f);
    if (full)
        atomic_store(&c->rest_until_ms, clock_mono_ms() + REST_MS);
}

struct entry {
    char name[HEX + sizeof(suffix)];
    int64_t bytes;
    struct timespec used;
};
struct listing {
    struct entry *entries;
    size_t count, room;
    int64_t bytes;
};

static void listing_clear(struct listing *l)
{
    free(l->entries);
}

static bool is_entry(const char *name)
{
    return strlen(name) == HEX + sizeof(suffix) - 1 && strspn(name, "0123456789abcdef") == HEX &&
           strcmp(name + HEX, suffix) == 0;
}

/* Removes an unfinished file of a killed process. Keeps very new files, because their maker may be
 * about to lock them. */
static void sweep(int dir, const char *name)
{
    AUTO(fd_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    int64_t age_ms = clock_now_ms() - st.st_mtim.tv_sec * INT64_C(1000);
    bool is_new = age_ms > -LOCK_MS && age_ms < LOCK_MS;
    if (!is_new && flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(dir, name, 0);
}

static void listing_add(struct listing *l, const char *name, const struct stat *st)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        struct entry *more = realloc(l->entries, room * sizeof(*more));
        if (!more)
            return; /* fewer entries are evicted this time */
        l->entries = more;
        l->room = room;
    }
    struct entry *to = &l->entries[l->count++];
    memcpy(to->name, name, sizeof(to->name));
    to->bytes = st->st_size;
    to->used = st->st_mtim;
    l->bytes += st->st_size;
}

static void dir_closep(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int listing_read(int dir, struct listing *l, bool sweeps)
{
    AUTO(fd_closep) int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO(dir_closep) DIR *d = again < 0 ? NULL : fdopendir(again);
    if (!d)
        return -1;
    (void)fd_take(&again); /* the DIR's now */
    for (const struct dirent *entry; (entry = readdir(d));) {
        struct stat st;
        if (sweeps && strncmp(entry->d_name, new_prefix, sizeof(new_prefix) - 1) == 0)
            sweep(dir, entry->d_name);
        else if (is_entry(entry->d_name) &&
                 fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            listing_add(l, entry->d_name, &st);
    }
    return 0;
}

static int by_use(const void *a, const void *b)
{
    const struct timespec *x = &((const struct entry *)a)->used;
    const struct timespec *y = &((const struct entry *)b)->used;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* Evicts the least recently used entries until the rest is within the limit. */
static void evict(const struct cache *c, int dir, const char *keep)
{
    AUTO(listing_clear) struct listing l = {0};
    if (listing_read(dir, &l, true) < 0 || l.bytes <= c->max_bytes)
        return;
    qsort(l.entries, l.count, sizeof(*l.entries), by_use);
    for (size_t i = 0; i < l.count && l.bytes > c->max_bytes; i++)
        if (strcmp(l.entries[i].name, keep) != 0) {
            (void)unlinkat(dir, l.entries[i].name, 0);
            l.bytes -= l.entries[i].bytes;
        }
}

int cache_keep(struct cache *c, struct cache_file *f, const struct cache_key *key, int *fd,
               struct err *e)
{
    struct stat st;
    bool bad;
    AUTO(fd_closep) int in = entry_open(f->dir, f->name, &bad);
    if (in < 0 || fstat(in, &st) < 0)
        return err_set(e, ERR_SYSTEM, "cache: the new entry is gone");
    if (st.st_size > c->max_bytes)
        return err_set(e, ERR_SYSTEM, "cache: the new entry has %lld bytes", (long long)st.st_size);
    if (!sum_holds(in))
        return err_set(e, ERR_SYSTEM, "cache: the new entry has not its sum");
    if (renameat(f->dir, f->name, f->dir, key->name) < 0)
        return folder_error(c->folder, e);
    evict(c, f->dir, key->name);
    file_close(f);
    *fd = fd_take(&in);
    return 0;
}

int cache_look(const char *folder, int64_t *entries, int64_t *bytes, struct err *e)
{
    AUTO(fd_closep) int dir = dir_open(folder);
    AUTO(listing_clear) struct listing l = {0};
    if (dir < 0 && errno != ENOENT)
        return folder_error(folder, e);
    if (dir >= 0 && faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return folder_error(folder, e);
    if (dir >= 0 && listing_read(dir, &l, false) < 0)
        return folder_error(folder, e);
    *entries = (int64_t)l.count;
    *bytes = l.bytes;
    return 0;
}
