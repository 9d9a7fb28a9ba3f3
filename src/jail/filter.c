/* The system-call filter of a child, by libseccomp. The helper compiles it once; each child
 * installs it with one call.
 *
 * A call that is not listed here kills the whole child (SIGSYS), and the service reports a security
 * event. The list holds the calls that decoding and encoding needed in all our trials; none of them
 * reaches beyond the descriptors and the memory that the child has anyway. Three kinds of calls
 * fail with an error instead, because honest libraries try them and work without them: opening
 * files by name (ENOENT); clone3 (ENOSYS: libc then uses clone, whose flags a filter can see, while
 * the flags of clone3 lie in memory); and the calls of abort() (EPERM: the process then crashes in
 * its own way, and a crash is not reported as an attack). */
#include "jail/inside_impl.h"

#include "core/fd.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)

static const int allowed[] = {
    CALL(read),
    CALL(write),
    CALL(readv),
    CALL(writev),
    CALL(pread64),
    CALL(pwrite64),
    CALL(lseek),
    CALL(fstat),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(fadvise64),
    CALL(fsync),
    CALL(fdatasync),
    CALL(close),
    CALL(futex),
    CALL(munmap),
    CALL(mremap),
    CALL(brk),
    CALL(madvise),
    CALL(exit),
    CALL(exit_group),
    CALL(rt_sigreturn),
    CALL(rt_sigprocmask),
    CALL(restart_syscall),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
    CALL(gettid),
    CALL(getpid),
    CALL(getrusage),
    CALL(times),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(getrandom),
#if JAIL_SANITIZED
    CALL(sigaltstack),
    CALL(getppid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
#endif
};
static const struct {
    int call, error;
} refused[] = {
    {CALL(clone3), ENOSYS},
    {CALL(ioctl), ENOTTY},
    {CALL(open), ENOENT},
    {CALL(openat), ENOENT},
    {CALL(openat2), ENOENT},
    {CALL(stat), ENOENT},
    {CALL(lstat), ENOENT},
    {CALL(statx), ENOENT},
    {CALL(access), ENOENT},
    {CALL(faccessat), ENOENT},
    {CALL(faccessat2), ENOENT},
    {CALL(readlink), ENOENT},
    {CALL(readlinkat), ENOENT},
    {CALL(tgkill), EPERM},
    {CALL(rt_sigaction), EPERM},
    {CALL(sysinfo), EPERM},
    {CALL(sched_setaffinity), EPERM},
};

/* The exact flags with which pthread_create calls clone. */
enum {
    THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                   CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID
};

/* Calls that are allowed with these arguments; several rows of one call are alternatives. */
static const struct {
    int call;
    uint32_t action;
    struct scmp_arg_cmp when[2]; /* op 0 in the second: only one */
} conditional[] = {
    {CALL(mmap), SCMP_ACT_ALLOW, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {CALL(mprotect), SCMP_ACT_ALLOW, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {CALL(clone), SCMP_ACT_ALLOW, {{0, SCMP_CMP_EQ, THREAD_FLAGS, 0}}},
    {CALL(prctl), SCMP_ACT_ALLOW, {{0, SCMP_CMP_EQ, PR_SET_NAME, 0}}},
    /* fstat() of this libc is newfstatat(fd, "", AT_EMPTY_PATH). A filter cannot see whether the
     * path is empty. With that flag and an absolute path, a child without the empty root could
     * learn whether a file exists, and no more. */
    {CALL(newfstatat), SCMP_ACT_ALLOW, {{3, SCMP_CMP_EQ, AT_EMPTY_PATH, 0}}},
    {CALL(newfstatat), SCMP_ACT_ERRNO(ENOENT), {{3, SCMP_CMP_NE, AT_EMPTY_PATH, 0}}},
    /* its own limits may be read */
    {CALL(prlimit64), SCMP_ACT_ALLOW, {{0, SCMP_CMP_EQ, 0, 0}, {2, SCMP_CMP_EQ, 0, 0}}},
    /* the service's answer to a request, with its descriptor */
    {CALL(recvmsg), SCMP_ACT_ALLOW, {{0, SCMP_CMP_EQ, CHILD_FD_TALK, 0}}},
    /* whether a descriptor is writable, as stdio asks */
    {CALL(fcntl), SCMP_ACT_ALLOW, {{1, SCMP_CMP_EQ, F_GETFL, 0}}},
};

static int rules(scmp_filter_ctx c)
{
    /* The numbers of another architecture, such as x32, mean other calls: they kill the child. */
    int bad = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    bad = bad ? bad : seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (size_t i = 0; !bad && i < LEN(allowed); i++)
        bad = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; !bad && i < LEN(refused); i++)
        bad = seccomp_rule_add(c, SCMP_ACT_ERRNO((uint16_t)refused[i].error), refused[i].call, 0);
    for (size_t i = 0; !bad && i < LEN(conditional); i++) {
        unsigned count = conditional[i].when[1].op ? 2 : 1;
        bad = seccomp_rule_add_array(c, conditional[i].action, conditional[i].call, count,
                                     conditional[i].when);
    }
    return bad;
}

static void context_releasep(scmp_filter_ctx *c)
{
    if (*c)
        seccomp_release(*c);
}

/* What libseccomp wrote to the pipe, as the kernel takes it. */
static int program_read(int fd, struct sock_fprog *out, struct err *e)
{
    size_t size = sizeof(struct sock_filter) * BPF_MAXINSNS;
    AUTO(freep) struct sock_filter *code = malloc(size);
    if (!code)
        return err_set(e, ERR_SYSTEM, "seccomp: no memory");
    ssize_t n = fd_read_full(fd, code, size, e);
    if (n < 0)
        return -1;
    if (n == 0 || (size_t)n % sizeof(*code))
        return err_set(e, ERR_SYSTEM, "seccomp: the program has %zd bytes", n);
    out->len = (unsigned short)((size_t)n / sizeof(*code));
    out->filter = TAKE(code);
    return 0;
}

int filter_make(struct sock_fprog *out, struct err *e)
{
    AUTO(context_releasep) scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!c)
        return err_set(e, ERR_SYSTEM, "seccomp: libseccomp cannot start");
    int bad = rules(c);
    if (bad)
        return err_set(e, ERR_SYSTEM, "seccomp: rules: %s", strerror(-bad));
    /* The whole program fits into a memory file; a pipe holds only 64 KiB. */
    AUTO(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0)
        return err_set(e, ERR_SYSTEM, "seccomp: memfd: %s", strerror(errno));
    bad = seccomp_export_bpf(c, fd);
    if (bad)
        return err_set(e, ERR_SYSTEM, "seccomp: program: %s", strerror(-bad));
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_set(e, ERR_SYSTEM, "seccomp: lseek: %s", strerror(errno));
    return program_read(fd, out, e);
}

int filter_put_on(const struct sock_fprog *program, struct err *e)
{
    /* TSYNC returns the thread that could not follow, or 0. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program) != 0)
        return err_set(e, ERR_SYSTEM, "seccomp: %s", strerror(errno));
    return 0;
}
