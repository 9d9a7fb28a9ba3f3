/* The facts of folders alone: modes, links, what other processes see and leave. */
#include "blob/test/place.h"

#include "core/clock.h"
#include "core/fd.h"

#include <pthread.h>
#include <signal.h>

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

static void who_reads_goes_on_though_it_is_removed(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct blob_reader *r = NULL;
    store_text(w, "clips/a", "kept open");
    assert_int_equal(blob_read(w->b, "clips/a", &r, &e), 0);
    assert_int_equal(blob_remove(w->b, "clips/a", &e), 0);
    reader_holds(r, "kept open");
}

static int facts(void)
{
    const struct CMUnitTest all[] = {
        FACT(a_link_in_the_folder_leads_nowhere),
        FACT(a_missing_folder_is_made_for_us_alone),
        FACT(a_group_that_may_read_the_folder_may_read_what_is_in_it),
        FACT(a_writer_killed_in_the_middle_leaves_nothing),
        FACT(of_many_writers_one_gets_the_name),
        FACT(all_blobs_and_nothing_else_are_listed),
        FACT(age_counts_from_the_commit_and_not_from_the_bytes),
        FACT(who_reads_goes_on_though_it_is_removed),
    };
    return cmocka_run_group_tests_name(place->name, all, NULL, NULL);
}

int main(void)
{
    return place_run(&place_disk, facts) + place_run(&place_small, facts) +
           place_run(&place_small_named, facts);
}
