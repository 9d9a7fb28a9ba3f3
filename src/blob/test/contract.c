/* The facts that hold for every back end of the blob room, on every kind of disk. */
#include "blob/test/place.h"

#include "core/clock.h"
#include "core/fd.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* -- bytes -- */

static void what_was_committed_is_read(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_writer *x = begin(w, 100);
    int64_t size = -1;
    put_ok(x, "half ", 5);
    put_ok(x, "", 0);
    put_ok(x, "and half", 8);
    assert_int_equal(blob_commit(x, "clips/2026/11/23/a-1.mp4", &size, &e), 0);
    assert_int_equal(size, 13);
    holds_text(w, "clips/2026/11/23/a-1.mp4", "half and half");
    store_text(w, "one", "");
    holds_text(w, "one", "");
}

static void what_a_child_writes_through_the_descriptor_is_committed(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_writer *x = begin_file(w, MB);
    int64_t size;
    pid_t child = fork();
    if (child == 0)
        _exit(pwrite(blob_writer_fd(x), "reel", 4, 0) == 4 ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(blob_commit(x, "reels/r.mp4", &size, &e), 0);
    assert_int_equal(size, 4);
    holds_text(w, "reels/r.mp4", "reel");
}

static void bytes_stay_when_the_storage_is_opened_again(void **state)
{
    struct world *w = *state;
    store_text(w, "clips/a", "kept");
    blob_closep(&w->b);
    world_open(w, 0);
    holds_text(w, "clips/a", "kept");
}

static void a_name_that_is_taken_is_not_given_again(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    store_text(w, "clips/a", "first");
    struct blob_writer *x = begin(w, 0);
    put_ok(x, "second", 6);
    assert_int_equal(blob_commit(x, "clips/a", NULL, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    holds_text(w, "clips/a", "first");
    assert_int_equal(world_files(w), 1);
}

static void what_is_missing_is_told_as_missing(void **state)
{
    struct world *w = *state;
    store_text(w, "clips/a", "x");
    static const char *const names[] = {"a", "clips", "clips/b", "clips/a/b", "no/such/folder/a"};
    for (size_t i = 0; i < LEN(names); i++)
        assert_int_equal(read_code(w, names[i]), ERR_MISSING);
}

/* -- names -- */

#define PART30 "abcdefghijklmnopqrstuvwxyz-2.7"
static void a_name_that_climbs_or_is_not_ours_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "./a",
        ".a",
        "a/.b",
        "a/./b",
        ".tmp/a",
        "A",
        "a/B",
        "a b",
        "a\nb",
        "a\\b",
        "a_b",
        "\xc3\xa9",
        "a%2fb",
        "a:b",
        "clips/a\x01",
        "a/b\x7f",
        "~",
        "*",
        PART30 "/" PART30 "/" PART30 "/" PART30 /* 123 characters */,
    };
    for (size_t i = 0; i < LEN(names); i++) {
        struct err e = {0};
        struct blob_writer *x = begin(w, 0);
        put_ok(x, "x", 1);
        if (blob_commit(x, names[i], NULL, &e) == 0 || e.code != ERR_INPUT)
            fail_msg("commit of \"%s\": %s", names[i], err_code_name(e.code));
        assert_int_equal(read_code(w, names[i]), ERR_INPUT);
        assert_int_equal(blob_remove(w->b, names[i], &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
    }
    assert_int_equal(world_files(w), 0);
    store_text(w,
               PART30 "/" PART30 "/" PART30 "/"
                      "abcdefghijklmnopqrstuvwxy-2",
               "the longest");
}

static void other_urls_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"",      "file",          "file:",      "file://",
                                       "ftp:x", "file://host/x", "files:///x", "/tmp"};
    for (size_t i = 0; i < LEN(urls); i++) {
        struct blob *b = NULL;
        struct err e = {0};
        assert_int_equal(blob_open(&b, urls[i], NULL, 0, NULL, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_null(b);
    }
}

/* -- ends of writers -- */

static void an_aborted_writer_leaves_nothing(void **state)
{
    struct world *w = *state;
    int64_t before, after, total;
    struct err e = {0};
    assert_int_equal(blob_space(w->b, &before, &total, &e), 0);
    struct blob_writer *x = begin(w, MB);
    put_ok(x, "x", 1);
    blob_abort(x);
    x = begin(w, MB);
    blob_abortp(&x);
    assert_null(x);
    blob_abort(NULL);
    assert_int_equal(world_files(w), 0);
    assert_int_equal(blob_space(w->b, &after, &total, &e), 0);
    if (place->small)
        assert_int_equal(before, after);
}

struct race {
    struct world *w;
    atomic_int named; /* committed so far */
    atomic_bool failed;
};
enum { RACE_BLOBS = 40, RACE_BYTES = 100000 };

static void race_name(int i, char name[32])
{
    snprintf(name, 32, "clips/%d/%d", i % 3, i);
}

static void *read_all(void *arg)
{
    struct race *r = arg;
    static _Thread_local char got[RACE_BYTES + 1];
    for (int i = 0; i < RACE_BLOBS && !r->failed;) {
        char name[32];
        struct err e = {0};
        struct blob_reader *b = NULL;
        race_name(i, name);
        bool named = atomic_load(&r->named) > i;
        if (blob_read(r->w->b, name, &b, &e) < 0) {
            if (named || e.code != ERR_MISSING)
                r->failed = true;
            continue;
        }
        if (blob_reader_size(b) != RACE_BYTES ||
            blob_pread(b, got, sizeof(got), 0, &e) != RACE_BYTES || got[0] != (char)i ||
            got[RACE_BYTES - 1] != (char)i)
            r->failed = true;
        blob_reader_close(b);
        i++;
    }
    return NULL;
}

static void readers_see_nothing_or_all_of_it(void **state)
{
    struct race r = {.w = *state};
    static char data[RACE_BYTES];
    pthread_t readers[2];
    for (size_t i = 0; i < LEN(readers); i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_all, &r), 0);
    for (int i = 0; i < RACE_BLOBS; i++) {
        char name[32];
        struct blob_writer *x = begin(r.w, RACE_BYTES);
        race_name(i, name);
        memset(data, i, sizeof(data));
        for (int part = 0; part < 10; part++)
            put_ok(x, data, RACE_BYTES / 10);
        commit_ok(x, name);
        atomic_store(&r.named, i + 1);
    }
    for (size_t i = 0; i < LEN(readers); i++)
        pthread_join(readers[i], NULL);
    assert_false(r.failed);
}

/* -- list, remove -- */

struct seen {
    int count, stop_at;
    int64_t bytes, oldest_ms;
    bool strange;
};

static int see(void *arg, const char *name, int64_t size_bytes, int64_t age_ms)
{
    struct seen *s = arg;
    s->count++;
    s->bytes += size_bytes;
    s->oldest_ms = age_ms > s->oldest_ms ? age_ms : s->oldest_ms;
    s->strange = s->strange || (strcmp(name, "a") != 0 && strcmp(name, "clips/2026/b.mp4") != 0 &&
                                strcmp(name, "clips/2026/c") != 0);
    return s->count == s->stop_at;
}

static void all_blobs_are_listed(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct seen s = {0};
    int64_t before = clock_mono_ms();
    store_text(w, "a", "1");
    store_text(w, "clips/2026/b.mp4", "22");
    store_text(w, "clips/2026/c", "333");
    struct blob_writer *unfinished = begin(w, 0);
    put_ok(unfinished, "x", 1);
    park_text(w, "up", "parked");
    assert_int_equal(blob_list(w->b, see, &s, &e), 0);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.bytes, 6);
    assert_false(s.strange);
    /* a server's clock may be told in seconds */
    assert_in_range(s.oldest_ms, 0, (uintmax_t)(clock_mono_ms() - before + 1100));
    s = (struct seen){.stop_at = 2};
    assert_int_equal(blob_list(w->b, see, &s, &e), 0);
    assert_int_equal(s.count, 2);
    blob_abort(unfinished);
}

static void a_name_said_at_the_beginning_is_kept_to(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_writer *x = NULL;
    int64_t size;
    static char data[MB];
    memset(data, 'x', sizeof(data));
    assert_int_equal(blob_begin_named(w->b, "../a", 0, &x, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    static const char *const ends[] = {"clips/other", "../a", "parked"};
    for (size_t i = 0; i < LEN(ends); i++) {
        assert_int_equal(blob_begin_named(w->b, "clips/a", 0, &x, &e), 0);
        put_ok(x, "x", 1);
        assert_int_equal(i < 2 ? blob_commit(x, ends[i], NULL, &e) : blob_park(x, "up", NULL, &e),
                         -1);
        assert_int_equal(e.code, ERR_INPUT);
    }
    assert_int_equal(world_files(w), 0);
    /* small, large, and one that nobody finishes */
    for (int mb = 0; mb < 7; mb += 6) {
        char name[16];
        snprintf(name, sizeof(name), "clips/%d", mb);
        assert_int_equal(blob_begin_named(w->b, name, mb * MB + 1, &x, &e), 0);
        put_ok(x, "x", 1);
        for (int i = 0; i < mb; i++)
            put_ok(x, data, sizeof(data));
        assert_int_equal(blob_commit(x, name, &size, &e), 0);
        assert_int_equal(size, mb * MB + 1);
        assert_int_equal(blob_begin_named(w->b, name, 0, &x, &e), 0);
        put_ok(x, "y", 1);
        for (int i = 0; i < mb && !place->small; i++)
            put_ok(x, data, sizeof(data));
        assert_int_equal(blob_commit(x, name, &size, &e), -1);
        assert_int_equal(e.code, ERR_CONFLICT);
    }
    assert_int_equal(world_files(w), 2);
    assert_int_equal(blob_remove(w->b, "clips/6", &e), 0);
    assert_int_equal(blob_begin_named(w->b, "clips/b", 0, &x, &e), 0);
    for (int i = 0; i < 6; i++)
        put_ok(x, data, sizeof(data));
    blob_abort(x);
    assert_int_equal(world_files(w), 1);
}

static void what_was_removed_is_gone_and_removing_again_is_fine(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    store_text(w, "clips/a", "old");
    store_text(w, "clips/b", "other");
    for (int i = 0; i < 2; i++)
        assert_int_equal(blob_remove(w->b, "clips/a", &e), 0);
    assert_int_equal(blob_remove(w->b, "no/such", &e), 0);
    assert_int_equal(blob_remove(w->b, "clips/a/b", &e), 0);
    assert_int_equal(read_code(w, "clips/a"), ERR_MISSING);
    holds_text(w, "clips/b", "other");
    store_text(w, "clips/a", "new");
    holds_text(w, "clips/a", "new");
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    struct blob *b = NULL;
    blob_close(NULL);
    blob_closep(&b);
}

static int facts(void)
{
    const struct CMUnitTest all[] = {
        FACT(what_was_committed_is_read),
        FACT(what_a_child_writes_through_the_descriptor_is_committed),
        FACT(bytes_stay_when_the_storage_is_opened_again),
        FACT(a_name_that_is_taken_is_not_given_again),
        FACT(what_is_missing_is_told_as_missing),
        FACT(a_name_that_climbs_or_is_not_ours_is_refused),
        FACT(other_urls_are_refused),
        FACT(an_aborted_writer_leaves_nothing),
        FACT(readers_see_nothing_or_all_of_it),
        FACT(all_blobs_are_listed),
        FACT(a_name_said_at_the_beginning_is_kept_to),
        FACT(what_was_removed_is_gone_and_removing_again_is_fine),
        FACT(closing_nothing_is_fine),
    };
    return cmocka_run_group_tests_name(place->name, all, NULL, NULL);
}

int main(void)
{
    return place_run(&place_disk, facts) + place_run(&place_small, facts) +
           place_run(&place_small_named, facts) + place_run(&place_s3, facts);
}
