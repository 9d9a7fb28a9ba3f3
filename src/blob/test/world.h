/* What the blob tests share: a storage folder of their own, and ways to look at it from outside. */
#pragma once
#include "core/test/test.h"

#include "blob/blob.h"
#include "blob/test/swift.h"
#include "core/err.h"
#include "core/id.h"
#include "core/str.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    char dir[64], url[160];
    struct blob *b;
    bool s3;
};

static inline void world_open(struct world *w, int64_t floor_bytes)
{
    struct err e = {0};
    if (blob_open(&w->b, w->url, NULL, floor_bytes, NULL, &e) < 0)
        fail_msg("open: %s", e.text);
}

static inline void world_init(struct world *w, const char *parent)
{
    snprintf(w->dir, sizeof(w->dir), "%s/reelgate-blob-XXXXXX", parent);
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->url, sizeof(w->url), "file://%s", w->dir);
    world_open(w, 0);
}

/* Where buckets are, as swift_start gives it. */
static const char *world_s3 __attribute__((unused));

static inline void world_init_s3(struct world *w)
{
    char id[ID_SIZE];
    id_make(id);
    snprintf(w->url, sizeof(w->url), "s3://bucket/%s?endpoint=%s", id, world_s3);
    w->s3 = true;
    world_open(w, 0);
}

static inline void world_clear(struct world *w)
{
    blob_closep(&w->b);
    if (!w->s3)
        test_remove_folder(w->dir);
}

static int world_files_;
static inline int world_count_one(const char *path, const struct stat *st, int type,
                                  struct FTW *ftw)
{
    (void)path, (void)st, (void)ftw;
    world_files_ += type != FTW_D && type != FTW_DP;
    return 0;
}

/* Everything in the folder that is not a folder, hidden or not; all objects and uploads. */
static inline int world_files(const struct world *w)
{
    if (w->s3)
        return swift_objects(w->b);
    world_files_ = 0;
    assert_int_equal(nftw(w->dir, world_count_one, 16, FTW_PHYS), 0);
    return world_files_;
}

static inline struct blob_writer *begin(struct world *w, int64_t reserve_bytes)
{
    struct blob_writer *out = NULL;
    struct err e = {0};
    if (blob_begin(w->b, reserve_bytes, &out, &e) < 0)
        fail_msg("begin: %s", e.text);
    return out;
}

static inline struct blob_writer *begin_file(struct world *w, int64_t reserve_bytes)
{
    struct blob_writer *out = NULL;
    struct err e = {0};
    if (blob_begin_file(w->b, reserve_bytes, &out, &e) < 0)
        fail_msg("begin: %s", e.text);
    return out;
}

static inline void put_ok(struct blob_writer *w, const void *data, size_t len)
{
    struct err e = {0};
    if (blob_write(w, data, len, &e) < 0)
        fail_msg("write: %s", e.text);
}

static inline void commit_ok(struct blob_writer *w, const char *name)
{
    struct err e = {0};
    if (blob_commit(w, name, NULL, &e) < 0)
        fail_msg("commit %s: %s", name, e.text);
}

static inline void store_text(struct world *w, const char *name, const char *text)
{
    struct blob_writer *x = begin(w, 0);
    put_ok(x, text, strlen(text));
    commit_ok(x, name);
}

static inline void park_text(struct world *w, const char *name, const char *text)
{
    struct err e = {0};
    struct blob_writer *x = begin(w, 0);
    put_ok(x, text, strlen(text));
    if (blob_park(x, name, NULL, &e) < 0)
        fail_msg("park %s: %s", name, e.text);
}

static inline enum err_code read_code(struct world *w, const char *name)
{
    struct err e = {0};
    struct blob_reader *r = NULL;
    if (blob_read(w->b, name, &r, &e) == 0) {
        blob_reader_close(r);
        return ERR_NONE;
    }
    assert_null(r);
    return e.code;
}

static inline void reader_holds(struct blob_reader *r, const char *text)
{
    struct err e = {0};
    char got[256];
    assert_int_equal(blob_reader_size(r), strlen(text));
    assert_int_equal(blob_pread(r, got, sizeof(got), 0, &e), strlen(text));
    assert_memory_equal(got, text, strlen(text));
    int fd = blob_reader_fd(r);
    if (fd >= 0) {
        assert_int_equal(read(fd, got, sizeof(got)), strlen(text));
        assert_memory_equal(got, text, strlen(text));
        assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    }
    blob_reader_close(r);
}

static inline void holds_text(struct world *w, const char *name, const char *text)
{
    struct err e = {0};
    struct blob_reader *r = NULL;
    if (blob_read(w->b, name, &r, &e) < 0)
        fail_msg("read %s: %s", name, e.text);
    reader_holds(r, text);
}
