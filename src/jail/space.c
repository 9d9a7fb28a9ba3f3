/* Name spaces and the empty root.
 *
 * There are two ways to get name spaces. Where an unprivileged user may make a user name space, the
 * helper makes one, after root has become uid 65534: the helper is nobody both inside and outside.
 * Where that is forbidden and the process is root (a throw-away process tries this out first), root
 * makes the other name spaces and becomes uid 65534 at the end. Where neither works, the reason is
 * reported, and root still becomes uid 65534.
 *
 * unshare() puts only children into the new process name space, so the helper makes a child that
 * goes on as the first process of that name space: when it dies, the kernel kills all others in it.
 * CLONE_PARENT makes the service its parent, so the old process, with all its libraries mapped, can
 * exit at once.
 *
 * The root changes after libav is loaded: to an empty, read-only tmpfs; the old root is unmounted.
 * /proc is gone with it, so a child cannot look at other processes even by number. */
#include "jail/inside_impl.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };
enum { SPACES = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID };

static void __attribute__((format(printf, 2, 3))) lacks(struct space *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!*s->why)
        vsnprintf(s->why, sizeof(s->why), fmt, ap);
    va_end(ap);
    s->namespaces = false;
}

/* Becomes uid and gid 65534 for good when the process is root. Root of a container without any
 * other uid stays root; then the user name space alone makes it nobody. */
static int become_nobody(void)
{
    if (geteuid() != 0)
        return 0;
    int groups = setgroups(0, NULL);
    if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0) {
        if (errno != EINVAL)
            return -1;
    } else if (groups < 0) {
        errno = EPERM;
        return -1;
    }
    /* After a change of uid our own /proc/self files belong to root; this restores them, for the
     * maps. */
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int write_text(const char *path, const char *text)
{
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, text, strlen(text));
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* As an unprivileged user: makes a user name space in which we are 65534, then the other name
 * spaces. */
static int unshare_with_users(void)
{
    char line[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | SPACES) < 0)
        return -1;
    snprintf(line, sizeof(line), "%d %lu 1", NOBODY, (unsigned long)uid);
    if (write_text("/proc/self/uid_map", line) < 0 ||
        write_text("/proc/self/setgroups", "deny") < 0)
        return -1;
    snprintf(line, sizeof(line), "%d %lu 1", NOBODY, (unsigned long)gid);
    return write_text("/proc/self/gid_map", line);
}

static int mounts_private(void)
{
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* Returns whether root can make a user name space; tries it in a process that ends at once. */
static bool users_can(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        bool can = become_nobody() == 0 && unshare_with_users() == 0 && mounts_private() == 0 &&
                   mount("none", "/tmp", "tmpfs", 0, "size=4k") == 0;
        _exit(can ? 0 : 1);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Goes on in the first process of the new process name space. */
static int step_inside(void)
{
    long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid > 0)
        _exit(0);
    return pid < 0 ? -1 : 0;
}

void space_enter(struct space *s)
{
    *s = (struct space){.namespaces = true};
    bool root = geteuid() == 0;
    if (root && !users_can()) {
        if (unshare(SPACES) < 0)
            lacks(s, "unshare: %s", strerror(errno));
    } else if (become_nobody() < 0) {
        lacks(s, "uid 65534: %s", strerror(errno));
    } else if (unshare_with_users() < 0) {
        lacks(s, "user name space: %s", strerror(errno));
    } else {
        s->own_users = true;
    }
    if (s->namespaces && step_inside() < 0)
        lacks(s, "clone: %s", strerror(errno));
}

/* The empty root. */
static int root_change(void)
{
    static const char *const places[] = {"/tmp", "/run", "/proc", "/dev", "/mnt"};
    size_t i = 0;
    if (mounts_private() < 0)
        return -1;
    while (i < LEN(places) &&
           mount("none", places[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=555"))
        i++;
    if (i == LEN(places) || chdir(places[i]) < 0)
        return -1;
    /* Stacks the old root on the new one and unmounts it there, so no folder is needed for it. */
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return -1;
    return mount(NULL, "/", NULL,
                 MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* Drops all rights, and the means to regain any. */
static int rights_drop(void)
{
    for (int cap = 0; cap <= 63; cap++)
        if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
            (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* EPERM without CAP_SETPCAP: none to use */
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    return (int)syscall(SYS_capset, &head, none);
}

void space_shut(struct space *s)
{
    if (s->namespaces && root_change() < 0)
        lacks(s, "empty root: %s", strerror(errno));
    if (become_nobody() < 0)
        lacks(s, "uid 65534: %s", strerror(errno));
    if (rights_drop() < 0)
        lacks(s, "capabilities: %s", strerror(errno));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        lacks(s, "dumpable: %s", strerror(errno));
}
