/* Starts, watches and ends the helper process.
 *
 * posix_spawn executes the helper with its own environment, with descriptors 0 to 3 only, and in
 * its own session, so that ^C on a terminal reaches the service alone. The spawned process may hand
 * over to a second process (the first process of the helper's own process name space, see space.c),
 * which is also our child and stays in the same process group. Therefore we wait for the group and
 * kill the group.
 *
 * The helper learns that the service has ended from the end of its control socket. A parent-death
 * signal does not work for this: the kernel ties it to the thread that spawned the helper, and a
 * worker thread that restarted the helper may end long before the service does. */
#include "jail/helper.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Loading libav takes 50 ms; on a crowded machine under a sanitizer it takes seconds. */
enum { HELLO_MS = 20000, SEND_MS = 2000, CONTROL_FD = 3, FD_FLOOR = 16 };

struct helper {
    char *path;
    struct log *log;
    struct wire_hello hello; /* of the first start; constant after helper_open */
    pthread_mutex_t lock;    /* guards what follows */
    int control;             /* -1: there is no helper */
    pid_t group;
    uint64_t life;
};

static int pair_make(int *ours, int *theirs, struct err *e)
{
    int s[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) < 0)
        return err_set(e, ERR_SYSTEM, "helper: socketpair: %s", strerror(errno));
    AUTO(fd_closep) int a = s[0];
    AUTO(fd_closep) int low = s[1];
    /* Away from 0..3, which posix_spawn's file actions fill one by one. */
    AUTO(fd_closep) int b = fcntl(low, F_DUPFD_CLOEXEC, FD_FLOOR);
    if (b < 0)
        return err_set(e, ERR_SYSTEM, "helper: descriptors: %s", strerror(errno));
    const struct timeval wait = {.tv_sec = SEND_MS / 1000};
    (void)setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    *ours = fd_take(&a);
    *theirs = fd_take(&b);
    return 0;
}

static int spawn(const char *path, int control, pid_t *pid, struct err *e)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    /* TZ: libc would read /etc/localtime, which no jail lets it. One arena: each reserves 64 MB of
     * the address space that a child is limited to. */
    char *const env[] = {(char[]){"MALLOC_ARENA_MAX=1"}, (char[]){"TZ=UTC0"}, NULL};
    AUTO(freep) char *name = mem_strdup(path);
    char *const argv[] = {name, NULL};
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    int bad = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    bad = bad ? bad : posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    bad = bad ? bad : posix_spawn_file_actions_adddup2(&files, control, CONTROL_FD);
    bad = bad ? bad : posix_spawn_file_actions_addclosefrom_np(&files, CONTROL_FD + 1);
    bad = bad ? bad
              : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETSIGMASK);
    bad = bad ? bad : posix_spawnattr_setsigdefault(&attr, &all);
    bad = bad ? bad : posix_spawnattr_setsigmask(&attr, &none);
    bad = bad ? bad : posix_spawn(pid, path, &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return bad ? err_set(e, ERR_SYSTEM, "helper %s: %s", path, strerror(bad)) : 0;
}

/* Kills the group and waits until none of it is left. The first process of a name space can be
 * waited for only after all its other processes are gone. */
static void group_end(pid_t group)
{
    if (group <= 0)
        return;
    kill(-group, SIGKILL);
    pid_t got;
    do {
        got = waitpid(-group, NULL, 0);
        kill(-group, SIGKILL); /* a process that the first one was just starting */
    } while (got > 0 || (got < 0 && errno == EINTR));
}

static int hello_wait(int control, struct wire_hello *out, struct err *e)
{
    int64_t end_ms = clock_mono_ms() + HELLO_MS;
    for (;;) {
        struct wire_message m;
        enum wire_got got = wire_recv(control, &m, NULL, NULL);
        if (got == WIRE_CLOSED)
            return err_set(e, ERR_SYSTEM, "helper: it ended before it was ready");
        if (got == WIRE_BAD || (got == WIRE_GOT && m.type != WIRE_HELLO))
            return err_set(e, ERR_SYSTEM, "helper: its first word was not understood");
        if (got == WIRE_GOT) {
            if (strcmp(m.u.hello.version, REELGATE_VERSION) != 0)
                return err_set(e, ERR_SYSTEM, "helper: it is of version %s, this is %s",
                               m.u.hello.version, REELGATE_VERSION);
            *out = m.u.hello;
            return 0;
        }
        int64_t left_ms = end_ms - clock_mono_ms();
        if (left_ms <= 0)
            return err_set(e, ERR_SYSTEM, "helper: it was not ready within %d s", HELLO_MS / 1000);
        struct pollfd p = {control, POLLIN, 0};
        poll(&p, 1, (int)left_ms);
    }
}

/* With the lock held. */
static void end_locked(struct helper *h)
{
    fd_closep(&h->control);
    group_end(h->group);
    h->group = 0;
}

static int start_locked(struct helper *h, struct wire_hello *hello, struct err *e)
{
    AUTO(fd_closep) int ours = -1;
    AUTO(fd_closep) int theirs = -1;
    pid_t pid = 0;
    if (pair_make(&ours, &theirs, e) < 0 || spawn(h->path, theirs, &pid, e) < 0)
        return -1;
    fd_closep(&theirs);
    if (hello_wait(ours, hello, e) < 0) {
        fd_closep(&ours);
        group_end(pid);
        return -1;
    }
    while (waitpid(pid, NULL, WNOHANG) < 0 && errno == EINTR)
        ; /* what was spawned, when it handed over to a process in the new namespaces */
    h->control = fd_take(&ours);
    h->group = pid;
    h->life++;
    return 0;
}

int helper_open(struct helper **out, const char *path, struct log *l, struct err *e)
{
    struct helper *h = mem_new(sizeof(*h));
    h->control = -1;
    h->log = l;
    h->path = mem_strdup(path);
    pthread_mutex_init(&h->lock, NULL);
    if (start_locked(h, &h->hello, e) < 0) {
        helper_close(h);
        return -1;
    }
    *out = h;
    return 0;
}

void helper_close(struct helper *h)
{
    if (!h)
        return;
    end_locked(h);
    pthread_mutex_destroy(&h->lock);
    free(h->path);
    free(h);
}

const struct wire_hello *helper_hello(const struct helper *h)
{
    return &h->hello;
}

static int restart_locked(struct helper *h, struct err *e)
{
    struct wire_hello again = {.layers = 0};
    end_locked(h);
    if (start_locked(h, &again, e) < 0)
        return -1;
    if (h->hello.layers & ~again.layers) {
        end_locked(h);
        return err_set(e, ERR_SYSTEM, "helper: started again, it lacks a layer that it had");
    }
    log_warn(h->log, "media helper started again", "life", h->life);
    return 0;
}

int helper_give(struct helper *h, const struct wire_message *start, const int *fds, int fd_count,
                uint64_t *life, struct err *e)
{
    pthread_mutex_lock(&h->lock);
    bool gone = h->control < 0;
    int result = gone ? -1 : wire_send(h->control, start, fds, fd_count, &gone, e);
    if (result < 0 && gone) {
        result = restart_locked(h, e);
        if (result == 0)
            result = wire_send(h->control, start, fds, fd_count, NULL, e);
    }
    *life = h->life;
    pthread_mutex_unlock(&h->lock);
    return result;
}

void helper_lost(struct helper *h, uint64_t life)
{
    pthread_mutex_lock(&h->lock);
    if (h->life == life && h->control >= 0) {
        log_error(h->log, "media helper lost", "life", life);
        end_locked(h);
    }
    pthread_mutex_unlock(&h->lock);
}
