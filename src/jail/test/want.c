/* A child asks for the packets of a bumper: what it gets, when, and what it may not do. */
#include "jail/test/bench.h"

#include "core/clock.h"
#include "core/str.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { MEMORY = 256 << 20 };

struct bench {
    char folder[64], cache[96];
    struct jail *jail;
};

static struct jail *jail_with(const char *cache)
{
    struct jail_conf c = conf_of(getenv("REELGATE_TEST_HELPER"), JAIL_ALL, MEMORY);
    struct err e = {0};
    struct jail *j = NULL;
    c.cache = cache;
    c.cache_bytes = 1 << 20;
    if (jail_open(&j, &c, NULL, &e) < 0)
        fail_msg("jail_open: %s", e.text);
    return j;
}

static int with_bench(void **state)
{
    struct bench *b = mem_new(sizeof(*b));
    str_copy(b->folder, sizeof(b->folder), "/tmp/reelgate-want-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->cache, sizeof(b->cache), "%s/a/cache", b->folder); /* neither is there */
    b->jail = jail_with(b->cache);
    *state = b;
    return 0;
}

/* Files in the cache; those in the making are counted too. The last one's inode goes to *ino. */
static int files(const struct bench *b, ino_t *ino)
{
    int n = 0;
    DIR *d = opendir(b->cache);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.') {
            n++;
            if (ino)
                *ino = e->d_ino;
        }
    if (d)
        closedir(d);
    return n;
}

static void cache_empty(const struct bench *b)
{
    char path[512];
    DIR *d = opendir(b->cache);
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", b->cache, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    char above[80];
    jail_close(b->jail);
    cache_empty(b);
    rmdir(b->cache);
    snprintf(above, sizeof(above), "%s/a", b->folder);
    rmdir(above);
    rmdir(b->folder);
    free(b);
    return 0;
}

static void want_init(struct act_job *a, enum act what, enum bump bump)
{
    act_init(a, what);
    a->order.limits.max_streams = bump;
}

static struct act_job want(struct jail *j, enum bump bump)
{
    struct act_job a;
    want_init(&a, ACT_WANT, bump);
    act_run(&a, j);
    act_clear(&a);
    return a;
}

static void assert_given(const struct act_job *a, int64_t bytes)
{
    if (a->result < 0)
        print_error("%s\n", a->e.text);
    assert_int_equal(a->result, 0);
    assert_int_equal(a->report.body_us, bytes);
}

static void a_bumper_is_made_once_and_kept(void **state)
{
    struct bench *b = *state;
    struct act_job a = want(b->jail, BUMP_HONEST);
    ino_t first = 0, second = 0;
    struct stat st;
    assert_given(&a, BUMP_BYTES);
    assert_int_equal(files(b, &first), 1);
    assert_int_equal(stat(b->cache, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    a = want(b->jail, BUMP_HONEST);
    assert_given(&a, BUMP_BYTES);
    assert_int_equal(files(b, &second), 1);
    assert_int_equal(first, second);
    /* another service finds it there */
    struct jail *other = jail_with(b->cache);
    a = want(other, BUMP_HONEST);
    assert_given(&a, BUMP_BYTES);
    assert_int_equal(files(b, &second), 1);
    assert_int_equal(first, second);
    jail_close(other);
}

static void each_logo_has_its_own(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 4; i++) {
        struct act_job a;
        want_init(&a, ACT_WANT, BUMP_HONEST);
        a.job.logo_fd = memfd_create("logo", MFD_CLOEXEC);
        assert_int_equal(pwrite(a.job.logo_fd, i % 2 ? "one" : "two", 3, 0), 3);
        act_run(&a, b->jail);
        act_clear(&a);
        assert_given(&a, BUMP_BYTES);
        assert_int_equal(files(b, NULL), i ? 2 : 1);
    }
}

static void without_a_cache_the_child_is_told_none(void **state)
{
    (void)state;
    struct jail *j = jail_with(NULL);
    struct act_job a = want(j, BUMP_HONEST);
    assert_given(&a, 0);
    jail_close(j);
}

static void one_that_cannot_be_made_is_none_and_leaves_nothing(void **state)
{
    static const enum bump bad[] = {BUMP_FAIL, BUMP_NO_SUM, BUMP_EMPTY, BUMP_WANTS, BUMP_BIG};
    struct bench *b = *state;
    for (size_t i = 0; i < LEN(bad); i++) {
        struct jail *j = jail_with(b->cache);
        struct act_job a = want(j, bad[i]);
        assert_given(&a, 0);
        assert_int_equal(files(b, NULL), 0);
        a = want(j, BUMP_HONEST); /* that was no fault of the cache */
        assert_given(&a, BUMP_BYTES);
        cache_empty(b);
        jail_close(j);
    }
}

static void a_damaged_one_is_made_again(void **state)
{
    struct bench *b = *state;
    struct act_job a = want(b->jail, BUMP_HONEST);
    char path[512] = "";
    DIR *d = opendir(b->cache);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            snprintf(path, sizeof(path), "%s/%s", b->cache, e->d_name);
    closedir(d);
    assert_given(&a, BUMP_BYTES);
    assert_int_equal(truncate(path, 100), 0);
    a = want(b->jail, BUMP_HONEST);
    assert_given(&a, BUMP_BYTES);
    assert_int_equal(files(b, NULL), 1);
}

struct ticks {
    int count, stop_at;
    int64_t last_ms, gap_ms;
};
static int on_tick(void *arg, int permille)
{
    struct ticks *t = arg;
    int64_t now = clock_mono_ms();
    (void)permille;
    if (t->last_ms && now - t->last_ms > t->gap_ms)
        t->gap_ms = now - t->last_ms;
    t->last_ms = now;
    return ++t->count == t->stop_at;
}

static void ticks_go_on_and_waiting_is_no_silence(void **state)
{
    struct bench *b = *state;
    struct ticks t = {.stop_at = -1};
    struct act_job a;
    want_init(&a, ACT_WANT, BUMP_SLOW);
    a.job.tick = on_tick;
    a.job.arg = &t;
    a.job.silence_ms = BUMP_SLOW_MS / 2;
    act_run(&a, b->jail);
    act_clear(&a);
    assert_given(&a, BUMP_BYTES);
    assert_true(t.count >= BUMP_SLOW_MS / 100);
    assert_true(t.gap_ms <= 300); /* 100 on a machine with nothing else to do */
}

static void a_tick_stops_a_job_that_waits(void **state)
{
    struct bench *b = *state;
    struct ticks t = {.stop_at = 5};
    struct act_job a;
    want_init(&a, ACT_WANT, BUMP_FREEZE);
    a.job.tick = on_tick;
    a.job.arg = &t;
    int64_t began_ms = clock_mono_ms();
    act_run(&a, b->jail);
    act_clear(&a);
    assert_int_equal(a.result, -1);
    assert_int_equal(a.e.code, ERR_STOPPED);
    assert_int_equal(t.count, 5);
    assert_true(clock_mono_ms() - began_ms < 2500);
    assert_int_equal(files(b, NULL), 0);
    a = want(b->jail, BUMP_HONEST); /* that was no fault of the cache */
    assert_given(&a, BUMP_BYTES);
}

static void the_wall_clock_goes_on_while_it_waits(void **state)
{
    struct bench *b = *state;
    struct act_job a;
    want_init(&a, ACT_WANT, BUMP_FREEZE);
    a.job.wall_ms = 500;
    int64_t began_ms = clock_mono_ms();
    act_run(&a, b->jail);
    act_clear(&a);
    assert_int_equal(a.result, -1);
    assert_string_equal(msg_slug(a.e.msg), msg_slug(MSG_TIME_LIMIT));
    assert_true(clock_mono_ms() - began_ms < 3000);
}

static void a_child_that_asks_for_too_much_is_ended(void **state)
{
    static const enum act acts[] = {ACT_WANT_OFTEN, ACT_WANT_FLOOD, ACT_WANT_BAD, ACT_WANT_HUGE};
    struct bench *b = *state;
    for (size_t i = 0; i < LEN(acts); i++) {
        struct act_job a;
        want_init(&a, acts[i], BUMP_HONEST);
        act_run(&a, b->jail);
        act_clear(&a);
        assert_int_equal(a.result, -1);
        assert_int_equal(a.e.code, ERR_SYSTEM);
        assert_int_equal(strncmp(a.e.text, "child: ", 7), 0);
        assert_true(files(b, NULL) <= 1);
    }
    assert_act_answers(b->jail, ACT_HONEST, CLIP_BYTES);
}

static void only_who_makes_a_reel_may_ask(void **state)
{
    struct bench *b = *state;
    static const enum render_op ops[] = {RENDER_PROBE, RENDER_VERIFY};
    for (size_t i = 0; i < LEN(ops); i++) {
        struct act_job a;
        want_init(&a, ACT_WANT, BUMP_HONEST);
        a.order.op = ops[i];
        act_run(&a, b->jail);
        act_clear(&a);
        assert_int_equal(a.result, -1);
        assert_int_equal(a.e.code, ERR_SYSTEM);
        assert_int_equal(files(b, NULL), 0);
    }
}

/* In name spaces of its own, so that a disk of 64 KiB can be mounted: 0, or the line that failed.
 */
static int on_a_full_disk(const struct bench *b)
{
    char fill[128];
    if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
        return __LINE__;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", b->folder, "tmpfs", 0, "size=64k,mode=0700") < 0)
        return __LINE__;
    snprintf(fill, sizeof(fill), "%s/fill", b->folder);
    int fd = open(fill, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    char block[4096] = {1};
    while (write(fd, block, sizeof(block)) > 0)
        ;
    if (errno != ENOSPC)
        return __LINE__;
    struct jail *j = jail_with(b->folder);
    struct act_job a = want(j, BUMP_HONEST);
    if (a.result != 0 || a.report.body_us != 0)
        return __LINE__;
    /* with room it works there, but it rests for a while */
    if (ftruncate(fd, 0) < 0)
        return __LINE__;
    a = want(j, BUMP_HONEST);
    if (a.result != 0 || a.report.body_us != 0)
        return __LINE__;
    jail_close(j);
    j = jail_with(b->folder);
    a = want(j, BUMP_HONEST);
    if (a.result != 0 || a.report.body_us != BUMP_BYTES)
        return __LINE__;
    jail_close(j);
    return 0;
}

static void a_full_disk_costs_the_cache_and_nothing_else(void **state)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(on_a_full_disk(*state) & 255);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void *want_in_thread(void *arg)
{
    for (int i = 0; i < 4; i++) {
        struct act_job a = want(arg, i % 2 ? BUMP_HONEST : BUMP_SLOW);
        if (a.result != 0 || a.report.body_us != BUMP_BYTES)
            return arg;
    }
    return NULL;
}

static void many_may_ask_at_once(void **state)
{
    struct bench *b = *state;
    pthread_t t[6];
    void *wrong;
    for (size_t i = 0; i < LEN(t); i++)
        assert_int_equal(pthread_create(&t[i], NULL, want_in_thread, b->jail), 0);
    for (size_t i = 0; i < LEN(t); i++) {
        pthread_join(t[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(files(b, NULL), 2);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, with_bench, close_bench)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_bumper_is_made_once_and_kept),
        WITH(each_logo_has_its_own),
        WITH(without_a_cache_the_child_is_told_none),
        WITH(one_that_cannot_be_made_is_none_and_leaves_nothing),
        WITH(a_damaged_one_is_made_again),
        WITH(ticks_go_on_and_waiting_is_no_silence),
        WITH(a_tick_stops_a_job_that_waits),
        WITH(the_wall_clock_goes_on_while_it_waits),
        WITH(a_child_that_asks_for_too_much_is_ended),
        WITH(only_who_makes_a_reel_may_ask),
        WITH(a_full_disk_costs_the_cache_and_nothing_else),
        WITH(many_may_ask_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
