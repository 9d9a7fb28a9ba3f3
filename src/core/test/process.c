#include "core/test/process.h"

#include "core/clock.h"
#include "core/test/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LISTEN_MS = 60000, TRY_US = 20000 };

static const struct passwd *become(const char *user)
{
    return user && getuid() == 0 ? getpwnam(user) : NULL;
}

void process_folder(struct process *p, const char *user)
{
    snprintf(p->dir, sizeof(p->dir), "/tmp/reelgate-server-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    const struct passwd *who = become(user);
    if (who)
        assert_int_equal(chown(p->dir, who->pw_uid, who->pw_gid), 0);
}

static pid_t start(const char *dir, const char *user, const char *const argv[],
                   const char *const env[])
{
    const struct passwd *who = become(user);
    pid_t parent = getpid(), pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    if (who && (setgroups(0, NULL) < 0 || setgid(who->pw_gid) < 0 || setuid(who->pw_uid) < 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = chdir(dir) < 0 ? -1 : open("server.log", O_CREAT | O_APPEND | O_WRONLY, 0600);
    int none = open("/dev/null", O_RDONLY);
    if (getppid() != parent || dup2(none, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    if (env)
        execve(argv[0], (char *const *)argv, (char *const *)env);
    else
        execv(argv[0], (char *const *)argv);
    _exit(127);
}

static int ended(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

void process_start(struct process *p, const char *user, const char *const argv[],
                   const char *const env[])
{
    p->pid = start(p->dir, user, argv, env);
}

int process_run(const struct process *p, const char *user, const char *const argv[],
                const char *const env[])
{
    return ended(start(p->dir, user, argv, env));
}

void process_end(struct process *p, int signal)
{
    if (!p->pid)
        return;
    kill(p->pid, signal);
    (void)ended(p->pid);
    p->pid = 0;
}

void process_clear(struct process *p)
{
    if (*p->dir)
        test_remove_folder(p->dir);
    *p->dir = 0;
}

static struct sockaddr_in here(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
}

int process_port(void)
{
    struct sockaddr_in a = here(0);
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

void process_listens(struct process *p, int port)
{
    const struct sockaddr_in a = here(port);
    int64_t end = clock_mono_ms() + LISTEN_MS;
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int r = connect(fd, (const struct sockaddr *)&a, sizeof(a));
        close(fd);
        if (r == 0)
            return;
        if (waitpid(p->pid, NULL, WNOHANG) != 0 || clock_mono_ms() > end)
            fail_msg("a server did not start, see %s/server.log", p->dir);
        usleep(TRY_US);
    }
}
