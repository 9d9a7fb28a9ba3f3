#include "store/test/server.h"

#include "core/test/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TRIES = 200, TRY_US = 50000 };

static struct {
    char dir[64];
    pid_t pid;
    int databases;
} server;

/* Runs a program of PostgreSQL; it refuses root, so root becomes the user that Debian's package
 * made for it. */
static pid_t start(const char *program, const char *const argv[])
{
    pid_t parent = getpid(), pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", POSTGRES_BIN, program);
    const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
    if (user && (setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    int log = chdir(server.dir) < 0 ? -1 : open("server.log", O_CREAT | O_APPEND | O_WRONLY, 0600);
    if (getppid() != parent || log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    execv(path, (char *const *)argv);
    _exit(127);
}

static int ended(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static int run(const char *program, const char *const argv[])
{
    return ended(start(program, argv));
}

static void begin(void)
{
    snprintf(server.dir, sizeof(server.dir), "/tmp/reelgate-pg-XXXXXX");
    assert_non_null(mkdtemp(server.dir));
    const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
    if (user)
        assert_int_equal(chown(server.dir, user->pw_uid, user->pw_gid), 0);
    char data[96];
    snprintf(data, sizeof(data), "%s/data", server.dir);
    const char *const initdb[] = {"initdb", "-D", data,   "-U",         "postgres",  "-A",
                                  "trust",  "-E", "UTF8", "--locale=C", "--no-sync", NULL};
    if (run("initdb", initdb) != 0)
        fail_msg("initdb failed, see %s/server.log", server.dir);
    server_again();
}

void server_url(char *out, size_t size)
{
    if (!*server.dir)
        begin();
    char name[32];
    snprintf(name, sizeof(name), "t%d", ++server.databases);
    const char *const create[] = {"createdb", "-h", server.dir, "-U", "postgres", name, NULL};
    assert_int_equal(run("createdb", create), 0);
    snprintf(out, size, "postgresql:///%s?host=%s&user=postgres", name, server.dir);
}

void server_again(void)
{
    char data[96];
    snprintf(data, sizeof(data), "%s/data", server.dir);
    const char *const postgres[] = {
        "postgres",          "-D", data,        "-k", server.dir,           "-c",
        "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60", NULL};
    server.pid = start("postgres", postgres);
    const char *const ready[] = {"pg_isready", "-q", "-h", server.dir, NULL};
    for (int tries = 0; run("pg_isready", ready) != 0; tries++) {
        if (tries == START_TRIES)
            fail_msg("postgres did not start, see %s/server.log", server.dir);
        usleep(TRY_US);
    }
}

void server_crash(void)
{
    kill(server.pid, SIGQUIT); /* immediate: as after a power cut */
    (void)ended(server.pid);
    server.pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void server_stop(void)
{
    if (!server.pid)
        return;
    kill(server.pid, SIGINT); /* fast: sessions are ended */
    (void)ended(server.pid);
    server.pid = 0;
    nftw(server.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
