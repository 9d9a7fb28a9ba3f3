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

static void a_link_in_the_folder_leads_nowhere(void **state)
{
    struct world *w = *state;
    char path[160];
    struct err e = {0};
    snprintf(path, sizeof(path), "%s/out", w->dir);
    assert_int_equal(symlink("/etc", path), 0);
    snprintf(path, sizeof(path), "%s/file", w->dir);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    store_text(w, "clips/a", "x");
    snprintf(path, sizeof(path), "%s/inside", w->dir);
    assert_int_equal(symlink("clips", path), 0);
    assert_int_equal(read_code(w, "inside/a"), ERR_SYSTEM);
    assert_int_equal(read_code(w, "out/hostname"), ERR_SYSTEM);
    assert_int_equal(read_code(w, "file"), ERR_SYSTEM);
    struct blob_writer *x = begin(w, 0);
    assert_int_equal(blob_commit(x, "out/reelgate-was-here", NULL, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(access("/etc/reelgate-was-here", F_OK), -1);
}

static void other_urls_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"",      "file",          "file:",      "file://",
                                       "ftp:x", "file://host/x", "files:///x", "/tmp"};
    for (size_t i = 0; i < LEN(urls); i++) {
        struct blob *b = NULL;
        struct err e = {0};
        assert_int_equal(blob_open(&b, urls[i], 0, NULL, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_null(b);
    }
}

static void a_missing_folder_is_made_for_us_alone(void **state)
{
    struct world *w = *state;
    struct world in = {0};
    struct stat st;
    snprintf(in.dir, sizeof(in.dir), "%.50s/x/y//z", w->dir);
    snprintf(in.url, sizeof(in.url), "file://%s/", in.dir);
    world_open(&in, 0);
    store_text(&in, "clips/a", "x");
    assert_int_equal(stat(in.dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    char path[128];
    snprintf(path, sizeof(path), "%s/clips/a", in.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    blob_closep(&in.b);
}

static void a_group_that_may_read_the_folder_may_read_what_is_in_it(void **state)
{
    struct world *w = *state;
    struct world in = {0};
    struct stat st;
    char path[128];
    snprintf(in.dir, sizeof(in.dir), "%.50s/open", w->dir);
    snprintf(in.url, sizeof(in.url), "file://%s", in.dir);
    mode_t before = umask(0);
    assert_int_equal(mkdir(in.dir, 0750), 0);
    world_open(&in, 0);
    store_text(&in, "reels/2026/a", "x");
    umask(before);
    snprintf(path, sizeof(path), "%s/reels/2026", in.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    snprintf(path, sizeof(path), "%s/reels/2026/a", in.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    snprintf(path, sizeof(path), "%s/.tmp", in.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    blob_closep(&in.b);
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

static void a_writer_killed_in_the_middle_leaves_nothing(void **state)
{
    struct world *w = *state;
    int ready[2];
    static char data[MB];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct blob_writer *x = NULL;
        if (blob_begin(w->b, MB, &x, NULL) < 0 || blob_write(x, data, sizeof(data), NULL) < 0)
            _exit(1);
        (void)fd_write_all(ready[1], "r", 1, NULL);
        for (;;)
            pause();
    }
    char c;
    assert_int_equal(read(ready[0], &c, 1), 1);
    /* While it lives its bytes are its own, also for a process that opens the same folder. */
    struct world other = *w;
    world_open(&other, 0);
    assert_int_equal(world_files(w), place->named ? 1 : 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    blob_closep(&other.b);
    world_open(&other, 0);
    assert_int_equal(world_files(w), 0);
    blob_closep(&other.b);
    close(ready[0]);
    close(ready[1]);
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

struct contest {
    struct world *w;
    int number;
    pthread_t thread;
    int won, lost;
};

static void *claim_names(void *arg)
{
    struct contest *c = arg;
    for (int i = 0; i < 30; i++) {
        char name[40];
        struct err e = {0};
        struct blob_writer *x = NULL;
        snprintf(name, sizeof(name), "day-%d/%d", i / 5, i);
        if (blob_begin(c->w->b, 10, &x, &e) < 0 || blob_write(x, &c->number, 4, &e) < 0)
            return NULL;
        if (blob_commit(x, name, NULL, &e) == 0)
            c->won++;
        else
            c->lost += e.code == ERR_CONFLICT;
    }
    return NULL;
}

static void of_many_writers_one_gets_the_name(void **state)
{
    struct contest c[4];
    int won = 0;
    for (int i = 0; i < 4; i++) {
        c[i] = (struct contest){.w = *state, .number = i};
        assert_int_equal(pthread_create(&c[i].thread, NULL, claim_names, &c[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(c[i].thread, NULL);
        assert_int_equal(c[i].won + c[i].lost, 30);
        won += c[i].won;
    }
    assert_int_equal(won, 30);
    assert_int_equal(world_files(*state), 30);
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

static void all_blobs_and_nothing_else_are_listed(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct seen s = {0};
    char path[160];
    store_text(w, "a", "1");
    store_text(w, "clips/2026/b.mp4", "22");
    store_text(w, "clips/2026/c", "333");
    struct blob_writer *unfinished = begin(w, 0);
    put_ok(unfinished, "x", 1);
    static const char *const foreign[] = {"/lost+found", "/clips/.hidden", "/clips/README"};
    for (size_t i = 0; i < LEN(foreign); i++) {
        snprintf(path, sizeof(path), "%s%s", w->dir, foreign[i]);
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    snprintf(path, sizeof(path), "%s/clips/link", w->dir);
    assert_int_equal(symlink("2026/c", path), 0);
    assert_int_equal(blob_list(w->b, see, &s, &e), 0);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.bytes, 6);
    assert_false(s.strange);
    s = (struct seen){.stop_at = 2};
    assert_int_equal(blob_list(w->b, see, &s, &e), 0);
    assert_int_equal(s.count, 2);
    blob_abort(unfinished);
}

static void age_counts_from_the_commit_and_not_from_the_bytes(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct seen s = {0};
    struct blob_writer *x = begin_file(w, 0);
    put_ok(x, "x", 1);
    const struct timespec hour_ago[2] = {{.tv_sec = time(NULL) - 3600},
                                         {.tv_sec = time(NULL) - 3600}};
    assert_int_equal(futimens(blob_writer_fd(x), hour_ago), 0);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    int64_t before = clock_mono_ms();
    commit_ok(x, "a");
    assert_int_equal(blob_list(w->b, see, &s, &e), 0);
    int64_t at_most = clock_mono_ms() - before + 20; /* the kernel's stamps are coarse */
    assert_int_equal(s.count, 1);
    assert_in_range(s.oldest_ms, 0, (uintmax_t)(at_most < 250 ? at_most : 250));
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    assert_int_equal(blob_list(w->b, see, &s, &e), 0);
    assert_true(s.oldest_ms >= 100);
}

static void what_was_removed_is_gone_and_removing_again_is_fine(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_reader *r = NULL;
    store_text(w, "clips/a", "kept open");
    store_text(w, "clips/b", "other");
    assert_int_equal(blob_read(w->b, "clips/a", &r, &e), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(blob_remove(w->b, "clips/a", &e), 0);
    assert_int_equal(blob_remove(w->b, "no/such", &e), 0);
    assert_int_equal(blob_remove(w->b, "clips/a/b", &e), 0);
    assert_int_equal(read_code(w, "clips/a"), ERR_MISSING);
    reader_holds(r, "kept open"); /* who reads it goes on */
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
        FACT(a_link_in_the_folder_leads_nowhere),
        FACT(other_urls_are_refused),
        FACT(a_missing_folder_is_made_for_us_alone),
        FACT(a_group_that_may_read_the_folder_may_read_what_is_in_it),
        FACT(an_aborted_writer_leaves_nothing),
        FACT(a_writer_killed_in_the_middle_leaves_nothing),
        FACT(readers_see_nothing_or_all_of_it),
        FACT(of_many_writers_one_gets_the_name),
        FACT(all_blobs_and_nothing_else_are_listed),
        FACT(age_counts_from_the_commit_and_not_from_the_bytes),
        FACT(what_was_removed_is_gone_and_removing_again_is_fine),
        FACT(closing_nothing_is_fine),
    };
    return cmocka_run_group_tests_name(place->name, all, NULL, NULL);
}

int main(void)
{
    return place_run(&place_disk, facts) + place_run(&place_small, facts) +
           place_run(&place_small_named, facts);
}
