/* The helper's main loop: one thread that waits for jobs, forks children, and reports their ends.
 *
 * At the start it loads what media work needs, enters the jail, and tries all layers out on a child
 * that does nothing else; HELLO reports that child's result to the service. Then it polls the
 * control socket, a signalfd for SIGCHLD, and the status socket of each job; when a status socket
 * closes, the service wants that child killed. When the control socket closes, the service has
 * ended: the helper kills all children and exits. Because the helper is the first process of its
 * name space, the kernel then kills everything that might be left in it. */
#include "jail/inside_impl.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"
#include "jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 256 };

struct job {
    pid_t pid;
    int status;  /* socket to who asked */
    bool killed; /* on request, not reaped yet */
};
struct zygote {
    int control, signals;
    struct space space;
    struct sock_fprog filter;
    struct child_setup setup;
    struct job jobs[JOBS_MAX];
    int job_count;
    int64_t base_bytes;
};

/* Reports the end of a job and forgets its socket. */
static void tell_end(struct zygote *z, int *status, const struct wire_exited *end)
{
    struct wire_message m = {.type = WIRE_EXITED, .u.exited = *end};
    m.u.exited.base_bytes = z->base_bytes;
    (void)wire_send(*status, &m, NULL, 0, NULL, NULL); /* gone: nobody wants to know */
    fd_closep(status);
}

static void reap(struct zygote *z)
{
    int status;
    struct rusage use;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &use)) > 0) {
        for (int i = 0; i < z->job_count; i++) {
            if (z->jobs[i].pid != pid)
                continue;
            const struct wire_exited end = {
                .status = status,
                .peak_bytes = use.ru_maxrss * INT64_C(1024),
                .cpu_us = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * INT64_C(1000000) +
                          use.ru_utime.tv_usec + use.ru_stime.tv_usec,
            };
            tell_end(z, &z->jobs[i].status, &end);
            z->jobs[i] = z->jobs[--z->job_count];
            break;
        }
    }
}

static void job_start(struct zygote *z, const struct wire_start *start, int fds[WIRE_FDS])
{
    if (z->job_count == JOBS_MAX) {
        const struct wire_exited end = {.not_started = EAGAIN};
        tell_end(z, &fds[WIRE_FD_STATUS], &end);
        return;
    }
    pid_t pid = fork();
    if (pid == 0)
        child_main(&z->setup, start, fds);
    if (pid < 0) {
        const struct wire_exited end = {.not_started = errno};
        tell_end(z, &fds[WIRE_FD_STATUS], &end);
        return;
    }
    setpgid(pid, pid); /* the child does this too, and either may come first */
    z->jobs[z->job_count++] = (struct job){pid, fd_take(&fds[WIRE_FD_STATUS]), false};
}

/* A logo or a bumper is made without a clip: a child that has a clip cannot be trusted with it. */
static bool has_needed(const struct wire_start *s)
{
    const unsigned needs = 1U << WIRE_FD_TALK | 1U << WIRE_FD_STATUS;
    bool clip = s->fds & 1U << WIRE_FD_CLIP;
    bool alone = s->order.op == RENDER_BUMPER || s->order.op == RENDER_LOGO;
    return (s->fds & needs) == needs && clip != alone;
}

/* false at the end of the service. */
static bool control_read(struct zygote *z)
{
    struct wire_message m;
    int fds[WIRE_FDS];
    enum wire_got got = wire_recv(z->control, &m, fds, NULL);
    if (got == WIRE_CLOSED)
        return false;
    if (got == WIRE_GOT && m.type == WIRE_START && has_needed(&m.u.start))
        job_start(z, &m.u.start, fds);
    if (got != WIRE_NOTHING)
        for (int i = 0; i < WIRE_FDS; i++)
            fd_closep(&fds[i]);
    return true;
}

static void kill_job(const struct job *job)
{
    kill(job->pid, SIGKILL);
    kill(-job->pid, SIGKILL);
}

static void serve(struct zygote *z)
{
    struct pollfd p[2 + JOBS_MAX];
    for (;;) {
        int count = z->job_count;
        p[0] = (struct pollfd){z->control, POLLIN, 0};
        p[1] = (struct pollfd){z->signals, POLLIN, 0};
        for (int i = 0; i < count; i++)
            p[2 + i] =
                (struct pollfd){z->jobs[i].killed ? -1 : z->jobs[i].status, POLLIN | POLLRDHUP, 0};
        if (poll(p, (nfds_t)count + 2, -1) < 0)
            continue;
        for (int i = 0; i < count; i++)
            if (p[2 + i].revents) {
                kill_job(&z->jobs[i]);
                z->jobs[i].killed = true;
            }
        if (p[1].revents) {
            struct signalfd_siginfo s;
            while (read(z->signals, &s, sizeof(s)) > 0)
                ;
            reap(z);
        }
        if (p[0].revents && !control_read(z))
            return;
    }
}

/* Tries the layers out on a child, which reports what is missing; also checks that the layers work,
 * as far as a living process can check that. */
static _Noreturn void trial_child(const struct zygote *z, int out)
{
    unsigned layers = z->setup.layers;
    struct limits l = {INT64_MAX / 2, 3600, 1 << 20, z->space.own_users};
    struct buf why;
    buf_init(&why, WIRE_WHY_SIZE);
    child_layers(&z->setup, z->setup.rules_fd, &l, &layers, &why);
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int expect = layers & JAIL_SECCOMP ? ENOENT : EACCES;
    if (layers & (JAIL_SECCOMP | JAIL_LANDLOCK) && (fd >= 0 || errno != expect)) {
        buf_printf(&why, "%s: does not keep files away\n",
                   jail_layer_name(layers & JAIL_SECCOMP ? JAIL_SECCOMP : JAIL_LANDLOCK));
        layers &= ~(unsigned)(JAIL_SECCOMP | JAIL_LANDLOCK);
    }
    bool told = write(out, &layers, sizeof(layers)) == sizeof(layers) &&
                (!why.len || write(out, why.p, why.len) == (ssize_t)why.len);
    _exit(told ? 0 : 1);
}

/* Returns the layers that hold; adds a line to `why` for each that does not. */
static unsigned trial(struct zygote *z, struct buf *why)
{
    int ends[2];
    unsigned layers = 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return 0;
    AUTO(fd_closep) int in = ends[0];
    pid_t pid = fork();
    if (pid == 0)
        trial_child(z, ends[1]);
    close(ends[1]);
    ssize_t n = fd_read_full(in, &layers, sizeof(layers), NULL);
    if (pid < 0 || n != sizeof(layers)) {
        layers = 0;
        buf_puts(why, "seccomp: a child under all layers did not live\n");
    } else {
        char text[WIRE_WHY_SIZE];
        n = fd_read_full(in, text, sizeof(text), NULL);
        buf_put(why, text, n > 0 ? (size_t)n : 0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return layers;
}

/* Returns the address space that children begin with; 0: unknown. */
static int64_t address_space(void)
{
    AUTO(fd_closep) int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128];
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return 0;
    text[n] = 0;
    text[strcspn(text, " ")] = 0;
    int64_t pages = 0;
    (void)str_int64(str_of(text), 0, INT64_MAX / 4096, &pages);
    return pages * sysconf(_SC_PAGESIZE);
}

static int signals_open(void)
{
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &chld, NULL) < 0)
        return -1;
    return signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Tries the layers out and reports to the service which hold. */
static int say_hello(struct zygote *z, unsigned layers, struct err *e)
{
    struct wire_message hello = {.type = WIRE_HELLO};
    struct buf why;
    struct err lack;
    buf_init(&why, WIRE_WHY_SIZE - 1);
    if (*z->space.why || !(layers & JAIL_NAMESPACES))
        buf_printf(&why, "namespaces: %s\n", *z->space.why ? z->space.why : "left out");
    if (layers & JAIL_LANDLOCK && (z->setup.rules_fd = landlock_make(&lack)) < 0) {
        buf_printf(&why, "landlock: %s\n", lack.text);
        layers &= ~(unsigned)JAIL_LANDLOCK;
    }
    if (layers & JAIL_SECCOMP && filter_make(&z->filter, &lack) < 0) {
        buf_printf(&why, "seccomp: %s\n", lack.text);
        layers &= ~(unsigned)JAIL_SECCOMP;
    }
    z->setup.layers = layers & ~(unsigned)JAIL_NAMESPACES;
    z->setup.layers = trial(z, &why);
    hello.u.hello.layers = z->setup.layers | (z->space.namespaces ? JAIL_NAMESPACES : 0);
    str_copy(hello.u.hello.version, sizeof(hello.u.hello.version), REELGATE_VERSION);
    if (z->setup.work->media)
        str_copy(hello.u.hello.media, sizeof(hello.u.hello.media), z->setup.work->media);
    str_copy(hello.u.hello.why, sizeof(hello.u.hello.why), why.p ? why.p : "");
    buf_clear(&why);
    return wire_send(z->control, &hello, NULL, 0, NULL, e);
}

int zygote_serve(int fd, const struct jail_work *work, unsigned layers)
{
    struct zygote *z = mem_new(sizeof(*z));
    struct err e;
    z->control = fd;
    if (layers & JAIL_NAMESPACES)
        space_enter(&z->space);
    if (work->warm_up)
        work->warm_up();
    child_warm_up();
    z->base_bytes = JAIL_SANITIZED ? 0 : address_space();
    z->signals = signals_open();
    if (z->signals < 0)
        return 1;
    if (layers & JAIL_NAMESPACES)
        space_shut(&z->space);
    z->setup = (struct child_setup){work, &z->space, &z->filter, -1, 0, getpid()};
    if (say_hello(z, layers, &e) < 0)
        return 1;
    serve(z);
    for (int i = 0; i < z->job_count; i++)
        kill_job(&z->jobs[i]);
    while (wait(NULL) > 0 || errno == EINTR)
        ;
    free(z->filter.filter);
    free(z);
    return 0;
}

int jail_zygote(int fd, const struct jail_work *work)
{
    return zygote_serve(fd, work, JAIL_ALL);
}
