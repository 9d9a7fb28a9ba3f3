/* How jobs end, each told from the others, and that nothing outlives its parent. */
#include "jail/inside_impl.h"
#include "jail/test/bench.h"

#include "core/clock.h"
#include "core/str.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { MEMORY = 256 << 20 };

static int with_jail(void **state)
{
    *state = jail_of(JAIL_ALL, MEMORY, NULL);
    return 0;
}

static int close_jail(void **state)
{
    jail_close(*state);
    return 0;
}

static void what_the_child_says_of_the_clip_is_handed_on(void **state)
{
    struct act_job a = act(*state, ACT_FAIL);
    assert_int_equal(a.result, -1);
    assert_int_equal(a.e.code, ERR_UNSUPPORTED);
    assert_int_equal(a.e.msg, MSG_NO_VIDEO);
    assert_string_equal(a.e.text, "only sound, said ??");
}

/* A child that has read a clip draws no logo for others. */
static void a_logo_is_drawn_where_there_is_no_clip(void **state)
{
    struct act_job a;
    act_init(&a, ACT_HONEST);
    a.order.op = RENDER_LOGO;
    a.job.logo_fd = file_of(10);
    assert_int_equal(act_run(&a, *state), -1);
    assert_int_equal(a.e.code, ERR_SYSTEM);
    fd_closep(&a.job.clip_fd);
    assert_int_equal(act_run(&a, *state), 0);
    assert_int_equal(a.report.poster_bytes, 77);
    a.order.op = RENDER_MAKE;
    assert_int_equal(act_run(&a, *state), -1);
    act_clear(&a);
}

static void a_frozen_child_is_ended_for_want_of_progress(void **state)
{
    struct act_job a;
    act_init(&a, ACT_FREEZE);
    a.job.silence_ms = 300;
    int64_t began = clock_mono_ms();
    assert_int_equal(act_run(&a, *state), -1);
    int64_t took = clock_mono_ms() - began;
    assert_int_equal(a.e.msg, MSG_NO_PROGRESS);
    assert_true(took >= 300 && took < 1500);
    act_clear(&a);
}

static void the_wall_clock_ends_what_goes_on_for_ever(void **state)
{
    struct act_job a;
    act_init(&a, ACT_SPIN);
    a.job.wall_ms = 300;
    assert_int_equal(act_run(&a, *state), -1);
    assert_int_equal(a.e.msg, MSG_TIME_LIMIT);
    act_clear(&a);
}

static void processor_time_is_limited_by_the_kernel(void **state)
{
    struct act_job a = act(*state, ACT_SPIN); /* 2 s, wall 30 s */
    assert_string_equal(msg_slug(a.e.msg), msg_slug(MSG_TIME_LIMIT));
    assert_non_null(strstr(a.e.text, "processor time"));
}

static void a_reel_too_large_is_called_so(void **state)
{
    assert_act_fails(*state, ACT_BIG, MSG_SIZE_LIMIT);
}

#if !TEST_HELPER_SANITIZED
static void a_child_that_takes_all_memory_is_called_so(void **state)
{
    assert_act_fails(*state, ACT_HOG, MSG_MEMORY_LIMIT);
}
#endif

static void a_crash_is_called_a_crash(void **state)
{
    assert_act_fails(*state, ACT_CRASH, MSG_CLIP_CRASHED);
    assert_act_fails(*state, ACT_ABORT, MSG_CLIP_CRASHED);
}

static void a_child_that_lies_is_not_believed(void **state)
{
    static const enum act acts[] = {
        ACT_EXIT,  ACT_GARBAGE, ACT_OVERSIZE, ACT_BAD_ENUM, ACT_BAD_BOOL,  ACT_BAD_TEXT,
        ACT_TWICE, ACT_REPEAT,  ACT_BLAME,    ACT_EXITED,   ACT_LATE_EXIT,
    };
    for (size_t i = 0; i < LEN(acts); i++) {
        struct act_job a = act(*state, acts[i]);
        if (a.result == 0 || a.e.code != ERR_SYSTEM)
            fail_msg("act %d: %d %s", (int)acts[i], a.result, a.e.text);
    }
    assert_act_answers(*state, ACT_HONEST, CLIP_BYTES); /* and the next job works */
}

struct ticks {
    int count, most, stop_at;
    int64_t last_ms, gap_ms, stopped_ms;
};
static int on_tick(void *arg, int permille)
{
    struct ticks *t = arg;
    int64_t now = clock_mono_ms();
    if (t->last_ms && now - t->last_ms > t->gap_ms)
        t->gap_ms = now - t->last_ms;
    t->last_ms = now;
    t->most = permille > t->most ? permille : t->most;
    if (++t->count == t->stop_at) {
        t->stopped_ms = now;
        return 1;
    }
    return 0;
}

static void a_tick_hears_progress_and_can_stop_at_once(void **state)
{
    struct ticks t = {.stop_at = 8};
    struct act_job a;
    act_init(&a, ACT_FREEZE);
    a.job.tick = on_tick;
    a.job.arg = &t;
    int64_t began = clock_mono_ms();
    assert_int_equal(act_run(&a, *state), -1);
    int64_t now = clock_mono_ms();
    assert_int_equal(a.e.code, ERR_STOPPED);
    assert_int_equal(t.count, 8); /* not asked again once it said stop */
    assert_int_equal(t.most, 10);
    assert_true(now - began < 1500);
    assert_true(now - t.stopped_ms < 500);
    assert_true(t.gap_ms <= 250); /* 100 on a machine with nothing else to do */
    act_clear(&a);

    struct ticks all = {.stop_at = -1};
    act_init(&a, ACT_HONEST);
    a.job.tick = on_tick;
    a.job.arg = &all;
    assert_int_equal(act_run(&a, *state), 0);
    assert_true(all.count >= 1);
    assert_int_equal(all.most, 1000); /* however fast it was */
    act_clear(&a);
}

static int pid_watch(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    assert_true(fd >= 0);
    return fd;
}

static bool gone_within(int pidfd, int ms)
{
    struct pollfd p = {pidfd, POLLIN, 0};
    return poll(&p, 1, ms) == 1;
}

static pid_t child_of(pid_t parent)
{
    const struct timespec moment = {0, 5000000};
    for (int i = 0; i < 2000; i++) {
        pid_t pid = first_child(parent);
        if (pid > 0)
            return pid;
        nanosleep(&moment, NULL);
    }
    fail_msg("process %d has no child", (int)parent);
    return 0;
}

static void *run_in_thread(void *arg)
{
    struct act_job *a = ((void **)arg)[0];
    act_run(a, ((void **)arg)[1]);
    return NULL;
}

static void killed_from_outside_is_no_fault_of_the_clip(void **state)
{
    struct act_job a;
    pthread_t t;
    act_init(&a, ACT_FREEZE);
    void *args[] = {&a, *state};
    assert_int_equal(pthread_create(&t, NULL, run_in_thread, args), 0);
    assert_int_equal(kill(child_of(first_child(getpid())), SIGKILL), 0);
    pthread_join(t, NULL);
    assert_int_equal(a.e.code, ERR_SYSTEM);
    act_clear(&a);
}

static void a_dead_helper_costs_its_job_and_no_other(void **state)
{
    for (int round = 0; round < 3; round++) {
        struct act_job a;
        pthread_t t;
        act_init(&a, ACT_FREEZE);
        void *args[] = {&a, *state};
        assert_int_equal(pthread_create(&t, NULL, run_in_thread, args), 0);
        pid_t helper = child_of(getpid()), child = child_of(helper);
        AUTO(fd_closep) int watch = pid_watch(child);
        assert_int_equal(kill(helper, SIGKILL), 0);
        assert_true(gone_within(watch, 2000));
        pthread_join(t, NULL);
        assert_int_equal(a.e.code, ERR_SYSTEM);
        act_clear(&a);
        assert_act_answers(*state, ACT_HONEST, CLIP_BYTES);
    }
}

static void a_helper_that_does_not_answer_is_replaced(void **state)
{
    struct act_job a;
    pid_t helper = child_of(getpid());
    assert_int_equal(kill(helper, SIGSTOP), 0);
    act_init(&a, ACT_HONEST);
    a.job.silence_ms = 200;
    int64_t began = clock_mono_ms();
    assert_int_equal(act_run(&a, *state), -1);
    assert_true(clock_mono_ms() - began < 5000);
    act_clear(&a);
    assert_act_answers(*state, ACT_HONEST, CLIP_BYTES);
    assert_int_not_equal(child_of(getpid()), helper);
}

/* A service in a process of its own: tells the helper's and a working child's number. */
static _Noreturn void service(int out, unsigned layers)
{
    struct jail *j = jail_of(layers, MEMORY, NULL);
    struct act_job a;
    pthread_t t;
    act_init(&a, ACT_FREEZE);
    void *args[] = {&a, j};
    if (pthread_create(&t, NULL, run_in_thread, args) != 0)
        _exit(1);
    pid_t helper = child_of(getpid());
    pid_t told[] = {helper, child_of(helper)};
    if (write(out, told, sizeof(told)) != sizeof(told))
        _exit(1);
    pthread_join(t, NULL);
    _exit(0);
}

static void no_child_outlives_a_killed_service(void **state)
{
    (void)state;
    static const unsigned layers[] = {JAIL_ALL, JAIL_ALL & ~JAIL_NAMESPACES};
    for (size_t i = 0; i < LEN(layers); i++) {
        int ends[2];
        pid_t told[2] = {0};
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0)
            service(ends[1], layers[i]);
        close(ends[1]);
        assert_int_equal(fd_read_full(ends[0], told, sizeof(told), NULL), sizeof(told));
        close(ends[0]);
        AUTO(fd_closep) int helper = pid_watch(told[0]);
        AUTO(fd_closep) int child = pid_watch(told[1]);
        assert_false(gone_within(child, 50)); /* it lives until then */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_true(gone_within(child, 2000));
        assert_true(gone_within(helper, 2000));
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
}

/* Without the name space it is the parent-death signal that does it. */
static void no_child_outlives_a_killed_helper_without_name_spaces(void **state)
{
    (void)state;
    struct jail *j = jail_of(JAIL_ALL & ~JAIL_NAMESPACES, MEMORY, NULL);
    struct act_job a;
    pthread_t t;
    act_init(&a, ACT_FREEZE);
    void *args[] = {&a, j};
    assert_int_equal(pthread_create(&t, NULL, run_in_thread, args), 0);
    pid_t helper = child_of(getpid()), child = child_of(helper);
    AUTO(fd_closep) int watch = pid_watch(child);
    /* once it is under the filter the signal is set */
    const struct timespec moment = {0, 200000000};
    nanosleep(&moment, NULL);
    assert_int_equal(kill(helper, SIGKILL), 0);
    assert_true(gone_within(watch, 2000));
    pthread_join(t, NULL);
    assert_int_equal(a.e.code, ERR_SYSTEM);
    act_clear(&a);
    jail_close(j);
}

static void closing_ends_everything(void **state)
{
    (void)state;
    struct jail *j = jail_of(JAIL_ALL, MEMORY, NULL);
    assert_act_answers(j, ACT_HONEST, CLIP_BYTES);
    AUTO(fd_closep) int helper = pid_watch(child_of(getpid()));
    jail_close(j);
    assert_true(gone_within(helper, 0));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
    assert_int_equal(errno, ECHILD);
}

static void a_helper_that_is_none_is_an_error(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nowhere/reelgate-media", "/bin/true", "/etc/passwd"};
    for (size_t i = 0; i < LEN(paths); i++) {
        const struct jail_conf c = conf_of(paths[i], 0, MEMORY);
        struct jail *j = NULL;
        struct err e = {0};
        assert_int_equal(jail_open(&j, &c, NULL, &e), -1);
        assert_int_equal(e.code, ERR_SYSTEM);
        assert_null(j);
    }
}

enum { CALLERS = 8, ROUNDS = 12 };
struct caller {
    struct jail *jail;
    int wrong;
};
static void *call_often(void *arg)
{
    struct caller *c = arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct act_job a = act(c->jail, i % 3 == 2 ? ACT_FAIL : ACT_HONEST);
        if (i % 3 == 2 ? a.e.msg != MSG_NO_VIDEO
                       : a.result != 0 || a.report.body_us != CLIP_BYTES) {
            print_error("%s\n", a.e.text);
            c->wrong++;
        }
    }
    return NULL;
}

static void jobs_run_side_by_side(void **state)
{
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){*state, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
}

static void no_descriptor_is_left_behind(void **state)
{
    int before = 0, after = 0;
    assert_act_answers(*state, ACT_HONEST, CLIP_BYTES);
    for (int fd = 0; fd < 512; fd++)
        before += fcntl(fd, F_GETFD) >= 0;
    for (int i = 0; i < 10; i++) {
        assert_act_answers(*state, ACT_HONEST, CLIP_BYTES);
        assert_act_fails(*state, ACT_SOCKET, MSG_CLIP_HOSTILE);
    }
    for (int fd = 0; fd < 512; fd++)
        after += fcntl(fd, F_GETFD) >= 0;
    assert_int_equal(after, before);
}

#define WITH_JAIL(f) cmocka_unit_test_setup_teardown(f, with_jail, close_jail)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JAIL(what_the_child_says_of_the_clip_is_handed_on),
        WITH_JAIL(a_logo_is_drawn_where_there_is_no_clip),
        WITH_JAIL(a_frozen_child_is_ended_for_want_of_progress),
        WITH_JAIL(the_wall_clock_ends_what_goes_on_for_ever),
        WITH_JAIL(processor_time_is_limited_by_the_kernel),
        WITH_JAIL(a_reel_too_large_is_called_so),
#if !TEST_HELPER_SANITIZED
        WITH_JAIL(a_child_that_takes_all_memory_is_called_so),
#endif
        WITH_JAIL(a_crash_is_called_a_crash),
        WITH_JAIL(a_child_that_lies_is_not_believed),
        WITH_JAIL(a_tick_hears_progress_and_can_stop_at_once),
        WITH_JAIL(killed_from_outside_is_no_fault_of_the_clip),
        WITH_JAIL(a_dead_helper_costs_its_job_and_no_other),
        WITH_JAIL(a_helper_that_does_not_answer_is_replaced),
        cmocka_unit_test(no_child_outlives_a_killed_service),
        cmocka_unit_test(no_child_outlives_a_killed_helper_without_name_spaces),
        cmocka_unit_test(closing_ends_everything),
        cmocka_unit_test(a_helper_that_is_none_is_an_error),
        WITH_JAIL(jobs_run_side_by_side),
        WITH_JAIL(no_descriptor_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
