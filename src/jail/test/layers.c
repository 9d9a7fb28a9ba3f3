/* What a child cannot do, and that each layer stands by itself: with one taken out, the others
 * still answer, and what the one alone kept away is let through. */
#include "jail/inside_impl.h"
#include "jail/test/bench.h"

#include "core/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { MEMORY = 512 << 20 };

static int with_all(void **state)
{
    *state = jail_of(JAIL_ALL, MEMORY, NULL);
    return 0;
}

static int close_jail(void **state)
{
    jail_close(*state);
    return 0;
}

static void honest_work_passes_under_all_layers(void **state)
{
    struct jail *j = *state;
    char got[8] = "";
    assert_int_equal(jail_layers(j, NULL), JAIL_ALL);
    struct act_job a;
    act_init(&a, ACT_HONEST);
    a.job.poster_fd = file_of(0);
    if (act_run(&a, j) < 0)
        fail_msg("%s", a.e.text);
    assert_int_equal(a.report.path, PATH_ENCODE);
    assert_string_equal(a.report.reason, "worked");
    assert_true(a.report.in.hdr);
    assert_true(a.report.peak_memory_bytes > 1 << 20);
    struct stat st;
    assert_int_equal(fstat(a.job.reel_fd, &st), 0);
    assert_int_equal(st.st_size, CLIP_BYTES);
    assert_int_equal(pread(a.job.poster_fd, got, 7, 0), 4);
    assert_string_equal(got, "JPEG");
    act_clear(&a);
}

static void what_no_decoder_does_kills_and_is_called_hostile(void **state)
{
    static const enum act acts[] = {ACT_SOCKET, ACT_CONNECT, ACT_EXEC,     ACT_FORK,
                                    ACT_CLONE,  ACT_PTRACE,  ACT_MAP_CODE, ACT_PROTECT_CODE,
                                    ACT_PRCTL,  ACT_KILL,    ACT_X32,      ACT_RECEIVE};
    for (size_t i = 0; i < LEN(acts); i++)
        assert_act_fails(*state, acts[i], MSG_CLIP_HOSTILE);
}

static void files_are_not_there(void **state)
{
    assert_act_answers(*state, ACT_OPEN, ENOENT);
    assert_act_answers(*state, ACT_OPEN_ETC, ENOENT);
}

static void a_security_event_is_logged(void **state)
{
    (void)state;
    int ends[2];
    char text[4096] = "";
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    struct log *l = log_new(ends[1], LOG_INFO, LOG_TEXT);
    struct jail *j = jail_of(JAIL_ALL, MEMORY, l);
    assert_act_fails(j, ACT_SOCKET, MSG_CLIP_HOSTILE);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    assert_non_null(strstr(text, "warn"));
    assert_non_null(strstr(text, "security event"));
    jail_close(j);
    log_free(l);
    close(ends[0]);
    close(ends[1]);
}

static void a_child_has_the_descriptors_it_was_given_and_no_environment(void **state)
{
    /* some that must not get through, inheritable ones too */
    int stray = dup(1), high = dup2(1, 40);
    struct jail *j = jail_of(JAIL_ALL, MEMORY, NULL);
    assert_act_answers(j, ACT_FDS, 077); /* 0 1 2, clip, reel, talk */
    assert_act_answers(j, ACT_ENV, 0);
    struct act_job a;
    act_init(&a, ACT_FDS);
    a.job.logo_fd = file_of(1);
    assert_int_equal(act_run(&a, j), 0);
    assert_int_equal(a.report.body_us, 077 | 1 << CHILD_FD_LOGO);
    act_clear(&a);
    jail_close(j);
    close(stray);
    close(high);
    (void)state;
}

static void *freeze(void *arg)
{
    struct act_job *a = ((void **)arg)[0];
    struct jail *j = ((void **)arg)[1];
    a->job.silence_ms = 20000;
    act_run(a, j);
    return NULL;
}

/* Looks at a living child from outside. */
struct watched {
    struct jail *jail;
    struct act_job a;
    void *args[2];
    pthread_t thread;
    pid_t helper, child;
};
static void watched_start(struct watched *w, unsigned layers)
{
    const struct timespec moment = {0, 10000000};
    w->jail = jail_of(layers, MEMORY, NULL);
    act_init(&w->a, ACT_FREEZE);
    w->args[0] = &w->a;
    w->args[1] = w->jail;
    assert_int_equal(pthread_create(&w->thread, NULL, freeze, w->args), 0);
    w->helper = first_child(getpid());
    assert_true(w->helper > 0);
    for (int i = 0; i < 1000 && !w->child; i++) {
        w->child = first_child(w->helper);
        nanosleep(&moment, NULL);
    }
    assert_true(w->child > 0);
    for (int i = 0; i < 20; i++)
        nanosleep(&moment, NULL); /* layers are on in a millisecond or two */
}
static void watched_stop(struct watched *w)
{
    assert_int_equal(kill(w->child, SIGKILL), 0);
    pthread_join(w->thread, NULL);
    act_clear(&w->a);
    jail_close(w->jail);
}
static char *proc_text(pid_t pid, const char *name)
{
    char path[64];
    static char text[16384];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = fd_read_full(fd, text, sizeof(text) - 1, NULL);
    text[n > 0 ? n : 0] = 0;
    return text;
}
static bool has_line(const char *text, const char *start, const char *rest)
{
    const char *at = strstr(text, start);
    if (!at)
        return false;
    at += strlen(start);
    at += strspn(at, " \t");
    return strncmp(at, rest, strlen(rest)) == 0;
}
static bool same_space(pid_t pid, const char *kind)
{
    char path[64], mine[64] = "", its[64] = "";
    snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
    assert_true(readlink(path, mine, sizeof(mine) - 1) > 0);
    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
    ssize_t n = readlink(path, its, sizeof(its) - 1);
    if (getuid() != 0) /* a process that is not dumpable shows this to root alone */
        assert_int_equal(n, -1);
    else
        assert_true(n > 0);
    return strcmp(mine, its) == 0;
}

static void seen_from_outside_a_child_wears_every_layer(void **state)
{
    (void)state;
    struct watched w = {0};
    watched_start(&w, JAIL_ALL);
    const char *s = proc_text(w.child, "status");
    assert_true(has_line(s, "Seccomp:", "2"));
    assert_true(has_line(s, "NoNewPrivs:", "1"));
    assert_true(has_line(s, "Uid:", "65534\t65534\t65534\t65534") || getuid() != 0);
    assert_true(has_line(s, "CapPrm:", "0000000000000000"));
    assert_true(has_line(s, "CapEff:", "0000000000000000"));
    assert_true(has_line(s, "CapBnd:", "0000000000000000"));
    const char *spaces[] = {"user", "net", "mnt", "ipc", "uts", "pid"};
    for (size_t i = 0; i < LEN(spaces); i++)
        assert_false(same_space(w.child, spaces[i]));
    const char *l = proc_text(w.child, "limits");
    assert_true(has_line(l, "Max core file size", "0 "));
    assert_true(has_line(l, "Max open files", "9 "));
    assert_true(has_line(l, "Max processes", "1024 "));
    assert_true(has_line(l, "Max cpu time", "2 "));
    assert_true(has_line(l, "Max file size", "1048576 "));
    assert_true(
        has_line(l, "Max address space", TEST_HELPER_SANITIZED ? "unlimited" : "536870912 "));
    watched_stop(&w);
}

static bool memory_holds(pid_t pid, const char *needle, size_t len)
{
    char path[64], line[512];
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    AUTO(fd_closep) int mem = open(path, O_RDONLY | O_CLOEXEC);
    if (getuid() != 0 && pid != getpid()) { /* not dumpable: nobody may look, so root's run does */
        assert_null(maps);
        assert_int_equal(mem, -1);
        return false;
    }
    assert_non_null(maps);
    assert_true(mem >= 0);
    char *block = malloc(1 << 20);
    while (!found && fgets(line, sizeof(line), maps)) {
        unsigned long from, to;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' ||
            to - from > 1UL << 28)
            continue;
        for (; !found && from < to; from += 1 << 20) {
            size_t want = to - from < 1 << 20 ? to - from : 1 << 20;
            ssize_t n = pread(mem, block, want, (off_t)from);
            found = n > 0 && memmem(block, (size_t)n, needle, len) != NULL;
        }
    }
    free(block);
    fclose(maps);
    return found;
}

static void a_secret_of_the_service_is_not_in_the_childs_memory(void **state)
{
    (void)state;
    /* made at run time, so that it is not in the program's own text either */
    char *secret = mem_strdup("0123456789abcdef-secret");
    for (int i = 0; i < 16; i++)
        secret[i] ^= 0x15;
    setenv("REELGATE_TEST_SECRET", secret, 1);
    struct watched w = {0};
    watched_start(&w, JAIL_ALL);
    assert_true(memory_holds(getpid(), secret, strlen(secret))); /* the search finds it */
    assert_false(memory_holds(w.child, secret, strlen(secret)));
    assert_false(memory_holds(w.helper, secret, strlen(secret)));
    watched_stop(&w);
    free(secret);
}

static int listener(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(s, 4), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return s;
}

static int64_t connect_under(struct jail *j, int port)
{
    struct act_job a;
    act_init(&a, ACT_CONNECT);
    a.order.limits.max_streams = port;
    if (act_run(&a, j) < 0)
        fail_msg("connect: %s", a.e.text);
    act_clear(&a);
    return a.report.body_us;
}

static void without_seccomp_landlock_still_keeps_files_away(void **state)
{
    (void)state;
    struct jail *j = jail_of(JAIL_ALL & ~JAIL_SECCOMP, MEMORY, NULL);
    assert_int_equal(jail_layers(j, NULL), JAIL_ALL & ~JAIL_SECCOMP);
    assert_act_answers(j, ACT_OPEN, EACCES);
    assert_act_answers(j, ACT_KILL, EPERM);
    assert_act_answers(j, ACT_SOCKET, 0); /* the control: this is what seccomp kept away */
    jail_close(j);
}

static void without_seccomp_and_landlock_the_spaces_are_empty(void **state)
{
    (void)state;
    int port, s = listener(&port);
    unsigned layers = JAIL_NAMESPACES | JAIL_RLIMITS | JAIL_NO_NEW_PRIVS;
    struct jail *j = jail_of(layers, MEMORY, NULL);
    assert_int_equal(jail_layers(j, NULL), layers);
    assert_act_answers(j, ACT_OPEN, 0); /* the control for landlock: a root, but an empty one */
    assert_act_answers(j, ACT_OPEN_ETC, ENOENT);
    assert_act_answers(j, ACT_EXEC, ENOENT);
    assert_int_equal(connect_under(j, port), ENETUNREACH);
    jail_close(j);
    close(s);
}

static void without_spaces_the_files_and_the_network_would_be_there(void **state)
{
    (void)state;
    int port, s = listener(&port);
    struct jail *j = jail_of(JAIL_RLIMITS | JAIL_NO_NEW_PRIVS, MEMORY, NULL);
    assert_act_answers(j, ACT_OPEN_ETC, 0);
    assert_int_equal(connect_under(j, port), 0);
    jail_close(j);
    j = jail_of(JAIL_ALL & ~JAIL_NAMESPACES, MEMORY, NULL); /* the rest holds alone */
    assert_int_equal(jail_layers(j, NULL), JAIL_ALL & ~JAIL_NAMESPACES);
    assert_act_answers(j, ACT_OPEN_ETC, ENOENT);
    assert_act_fails(j, ACT_CONNECT, MSG_CLIP_HOSTILE);
    assert_act_answers(j, ACT_HONEST, CLIP_BYTES);
    jail_close(j);
    close(s);
}

static void without_rlimits_a_reel_may_grow(void **state)
{
    (void)state;
    struct watched w = {0};
    watched_start(&w, JAIL_ALL & ~JAIL_RLIMITS);
    assert_false(has_line(proc_text(w.child, "limits"), "Max file size", "1048576 "));
    watched_stop(&w);
}

static void a_missing_layer_is_named_with_its_reason_and_the_floor_refuses(void **state)
{
    (void)state;
    struct jail *j = jail_of(JAIL_ALL & ~JAIL_NAMESPACES, MEMORY, NULL);
    struct buf why;
    buf_init(&why, 1000);
    assert_int_equal(jail_layers(j, &why), JAIL_ALL & ~JAIL_NAMESPACES);
    assert_string_equal(why.p, "namespaces: left out\n");
    buf_clear(&why);
    jail_close(j);

    char link[] = "/tmp/reelgate-floor-XXXXXX/layers-15";
    char *slash = strrchr(link, '/');
    *slash = 0;
    assert_non_null(mkdtemp(link));
    *slash = '/';
    assert_int_equal(symlink(getenv("REELGATE_TEST_HELPER"), link), 0);
    struct jail_conf c = conf_of(link, JAIL_LANDLOCK, MEMORY);
    struct err e = {0};
    j = NULL;
    assert_int_equal(jail_open(&j, &c, NULL, &e), 0);
    jail_closep(&j);
    c.floor |= JAIL_SECCOMP;
    assert_int_equal(jail_open(&j, &c, NULL, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    assert_non_null(strstr(e.text, "seccomp"));
    assert_null(j);
    unlink(link);
    *slash = 0;
    rmdir(link);
}

static void layer_names_are_read_and_written(void **state)
{
    (void)state;
    unsigned bits = 99;
    struct err e;
    assert_int_equal(jail_layers_parse("seccomp, landlock", &bits, &e), 0);
    assert_int_equal(bits, JAIL_SECCOMP | JAIL_LANDLOCK);
    assert_int_equal(jail_layers_parse("none", &bits, &e), 0);
    assert_int_equal(bits, 0);
    for (unsigned bit = 1; bit < JAIL_ALL; bit <<= 1) {
        assert_int_equal(jail_layers_parse(jail_layer_name((enum jail_layer)bit), &bits, &e), 0);
        assert_int_equal(bits, bit);
    }
    static const char *const bad[] = {"", "seccomp,", "Seccomp", "none,seccomp",
                                      "seccomp landlock"};
    for (size_t i = 0; i < LEN(bad); i++) {
        bits = 7;
        assert_int_equal(jail_layers_parse(bad[i], &bits, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_int_equal(bits, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(honest_work_passes_under_all_layers, with_all, close_jail),
        cmocka_unit_test_setup_teardown(what_no_decoder_does_kills_and_is_called_hostile, with_all,
                                        close_jail),
        cmocka_unit_test_setup_teardown(files_are_not_there, with_all, close_jail),
        cmocka_unit_test(a_security_event_is_logged),
        cmocka_unit_test(a_child_has_the_descriptors_it_was_given_and_no_environment),
        cmocka_unit_test(seen_from_outside_a_child_wears_every_layer),
        cmocka_unit_test(a_secret_of_the_service_is_not_in_the_childs_memory),
        cmocka_unit_test(without_seccomp_landlock_still_keeps_files_away),
        cmocka_unit_test(without_seccomp_and_landlock_the_spaces_are_empty),
        cmocka_unit_test(without_spaces_the_files_and_the_network_would_be_there),
        cmocka_unit_test(without_rlimits_a_reel_may_grow),
        cmocka_unit_test(a_missing_layer_is_named_with_its_reason_and_the_floor_refuses),
        cmocka_unit_test(layer_names_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
