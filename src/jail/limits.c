/* Resource limits and landlock. */
#include "jail/inside_impl.h"

#include "core/mem.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Limit of threads of all children together, where the kernel counts them for our name space alone.
 * Elsewhere the kernel counts everything that the user runs, and a higher limit stops only thread
 * bombs. */
enum { PROCESSES_OWN = 1024, PROCESSES_SHARED = 16384, STACK_BYTES = 8 << 20 };

static int limit(int what, const char *name, int64_t soft, int64_t hard, struct err *e)
{
    struct rlimit old;
    if (getrlimit((__rlimit_resource_t)what, &old) < 0)
        return err_set(e, ERR_SYSTEM, "%s: %s", name, strerror(errno));
    struct rlimit r = {(rlim_t)soft, (rlim_t)hard};
    if (old.rlim_max < r.rlim_max) /* keep a tighter limit of the host */
        r.rlim_max = old.rlim_max;
    if (r.rlim_max < r.rlim_cur)
        r.rlim_cur = r.rlim_max;
    if (setrlimit((__rlimit_resource_t)what, &r) < 0)
        return err_set(e, ERR_SYSTEM, "%s: %s", name, strerror(errno));
    return 0;
}

int limits_put_on(const struct limits *l, struct err *e)
{
    int processes = l->own_users ? PROCESSES_OWN : PROCESSES_SHARED;
    /* CPU: SIGXCPU at the soft limit names the cause; the hard limit is for a child that blocks
     * SIGXCPU. */
    if (limit(RLIMIT_CORE, "core", 0, 0, e) < 0 ||
        limit(RLIMIT_NOFILE, "nofile", CHILD_FDS, CHILD_FDS, e) < 0 ||
        limit(RLIMIT_NPROC, "nproc", processes, processes, e) < 0 ||
        limit(RLIMIT_CPU, "cpu", l->cpu_s, l->cpu_s + 2, e) < 0 ||
        limit(RLIMIT_FSIZE, "fsize", l->file_bytes, l->file_bytes, e) < 0 ||
        limit(RLIMIT_STACK, "stack", STACK_BYTES, STACK_BYTES, e) < 0 ||
        limit(RLIMIT_MEMLOCK, "memlock", 0, 0, e) < 0 ||
        limit(RLIMIT_MSGQUEUE, "msgqueue", 0, 0, e) < 0)
        return -1;
    /* A sanitizer reserves terabytes of address space for its own use. */
    return JAIL_SANITIZED ? 0 : limit(RLIMIT_AS, "as", l->memory_bytes, l->memory_bytes, e);
}

/* The kernel's interface; the headers of Debian 12 have only its oldest part. */
struct rule_set {
    uint64_t fs, net, scoped;
};
enum { CREATE_RULESET = 444, RESTRICT_SELF = 446, ASK_VERSION = 1 };

int landlock_make(struct err *e)
{
    long abi = syscall(CREATE_RULESET, NULL, (size_t)0, ASK_VERSION);
    if (abi < 1)
        return err_set(e, ERR_SYSTEM, "landlock: %s", strerror(errno));
    /* File rights 0..12 came with ABI 1, 13 (refer) with 2, 14 (truncate) with 3, 15 (ioctl on
     * devices) with 5; TCP bind and connect with 4; abstract sockets and signals with 6. */
    struct rule_set r = {.fs = abi >= 5   ? 0xffff
                               : abi >= 3 ? 0x7fff
                               : abi == 2 ? 0x3fff
                                          : 0x1fff,
                         .net = abi >= 4 ? 3 : 0,
                         .scoped = abi >= 6 ? 3 : 0};
    size_t size = abi >= 6 ? sizeof(r) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int fd = (int)syscall(CREATE_RULESET, &r, size, 0);
    return fd < 0 ? err_set(e, ERR_SYSTEM, "landlock: %s", strerror(errno)) : fd;
}

int landlock_put_on(int rules_fd, struct err *e)
{
    if (syscall(RESTRICT_SELF, rules_fd, 0) < 0)
        return err_set(e, ERR_SYSTEM, "landlock: %s", strerror(errno));
    return 0;
}
