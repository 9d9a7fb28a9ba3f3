/* A helper for the tests: the real zygote and the real layers around work that misbehaves on
 * request. Named "layers-<bits>" (a symbolic link will do) it leaves the other layers out. */
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "jail/inside_impl.h"
#include "jail/jail.h"
#include "jail/test/acts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, MB = 1 << 20 };

/* A crash is to be a crash, also where a sanitizer would make it an exit. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_abort=0:handle_sigbus=0:detect_leaks=0";
}

static int answer(bool through)
{
    return through ? 0 : errno;
}

static void *sum_up(void *arg)
{
    unsigned char *block = malloc(4 * MB);
    unsigned sum = 0;
    if (block)
        memset(block, 7, 4 * MB);
    for (int i = 0; block && i < 4 * MB; i += 4096)
        sum += block[i];
    free(block);
    *(unsigned *)arg = sum;
    return NULL;
}

static int honest(void *ctx, const struct jail_fds *fds, struct render_report *out, struct err *e)
{
    char data[4096];
    ssize_t n = pread(fds->clip, data, sizeof(data), 0);
    pthread_t threads[THREADS];
    unsigned sums[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, sum_up, &sums[i]) != 0)
            return err_set(e, ERR_SYSTEM, "no thread");
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        jail_progress(ctx, i * 1000 / THREADS);
    }
    if (n < 0 || pwrite(fds->reel, data, (size_t)n, 0) != n)
        return err_set(e, ERR_SYSTEM, "no reel");
    if (fds->poster >= 0 && pwrite(fds->poster, "JPEG", 4, 0) != 4)
        return err_set(e, ERR_SYSTEM, "no poster");
    /* what honest libraries try and live without */
    if (open("/etc/localtime", O_RDONLY | O_CLOEXEC) >= 0)
        return err_set(e, ERR_SYSTEM, "a file was opened");
    jail_progress(ctx, 1000);
    out->path = PATH_ENCODE;
    out->in.hdr = true;
    out->body_us = n;
    str_copy(out->reason, sizeof(out->reason), sums[THREADS - 1] ? "worked" : "no memory");
    return 0;
}

static int try_connect(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return s < 0 ? errno : answer(connect(s, (struct sockaddr *)&to, sizeof(to)) == 0);
}

static int try_exec(void)
{
    char *const none[] = {NULL};
    execve("/bin/true", none, none);
    return errno;
}

static int try_fork(bool clone)
{
    pid_t pid = (pid_t)(clone ? syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : syscall(SYS_fork));
    if (pid == 0)
        _exit(0);
    return answer(pid > 0);
}

static int open_fds(void)
{
    int bits = 0;
    struct stat st;
    for (int fd = 0; fd < 31; fd++)
        if (fstat(fd, &st) == 0)
            bits |= 1 << fd;
    for (int fd = 31; fd < 4096; fd++)
        if (fstat(fd, &st) == 0)
            bits |= 1 << 30;
    return bits;
}

static int env_count(void)
{
    int n = 0;
    for (char **v = environ; *v; v++)
        n += strcmp(*v, "TZ=UTC0") != 0 && strcmp(*v, "MALLOC_ARENA_MAX=1") != 0;
    return n;
}

/* Acts that ask for something; -1 when it is none of them. */
static int ask(enum act act, const struct render_order *order)
{
    static char page[4096] __attribute__((aligned(4096)));
    switch (act) {
    case ACT_OPEN:
        return answer(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
    case ACT_OPEN_ETC:
        return answer(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
    case ACT_SOCKET:
        return answer(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
    case ACT_CONNECT:
        return try_connect(order->limits.max_streams);
    case ACT_EXEC:
        return try_exec();
    case ACT_FORK:
        return try_fork(false);
    case ACT_CLONE:
        return try_fork(true);
    case ACT_PTRACE:
        return answer(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
    case ACT_KILL:
        return answer(kill(1, SIGTERM) == 0);
    case ACT_MAP_CODE:
        return answer(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                      MAP_FAILED);
    case ACT_PROTECT_CODE:
        return answer(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    case ACT_PRCTL:
        return answer(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
    case ACT_X32:
        return answer(syscall(0x40000000 + SYS_getpid) >= 0);
    case ACT_RECEIVE:
        return answer(recvmsg(CHILD_FD_LOG, &(struct msghdr){0}, MSG_DONTWAIT) >= 0);
    case ACT_FDS:
        return open_fds();
    case ACT_ENV:
        return env_count();
    default:
        return -1;
    }
}

static void hog(void)
{
    for (;;) {
        char *p = malloc(MB);
        if (!p)
            abort();
        memset(p, 1, MB);
        __asm__ volatile("" : : "r"(p) : "memory");
    }
}

static void say(const struct wire_message *m, int spoil_at, int spoil_with)
{
    unsigned char data[WIRE_MAX];
    size_t n = wire_encode(m, data);
    if (spoil_at > 0)
        data[spoil_at] = (unsigned char)spoil_with;
    if (write(CHILD_FD_TALK, data, n) != (ssize_t)n)
        _exit(9);
}

/* Where in an encoded report things are: type, path (8), reason, then the clip's facts. */
enum {
    AT_PATH = 1,
    AT_REASON = AT_PATH + 8,
    AT_MIRRORED = AT_REASON + REASON_SIZE + 24 + 16 + 24 + 24 + 32 + 24 + 40,
};

static void lie(enum act act)
{
    struct wire_message good = {.type = WIRE_RESULT, .u.report.path = PATH_ENCODE};
    struct wire_message m = good;
    char junk[2 * WIRE_MAX];
    memset(junk, 3, sizeof(junk));
    switch (act) {
    case ACT_GARBAGE:
        (void)!write(CHILD_FD_TALK, junk, 77);
        break;
    case ACT_OVERSIZE:
        (void)!write(CHILD_FD_TALK, junk, sizeof(junk));
        break;
    case ACT_BAD_ENUM:
        say(&m, AT_PATH, PATH_COUNT_);
        break;
    case ACT_BAD_BOOL:
        say(&m, AT_MIRRORED, 2);
        break;
    case ACT_BAD_TEXT:
        memset(m.u.report.reason, 'x', REASON_SIZE);
        say(&m, AT_REASON + REASON_SIZE - 1, 'x');
        break;
    case ACT_TWICE:
        say(&good, 0, 0);
        say(&good, 0, 0);
        break;
    case ACT_REPEAT:
        m = (struct wire_message){.type = WIRE_PROGRESS, .u.permille = 5};
        for (int i = 0; i < 100; i++)
            say(&m, 0, 0);
        say(&good, 0, 0);
        break;
    case ACT_BLAME:
        m = (struct wire_message){.type = WIRE_FAILED};
        m.u.failed.msg = MSG_UNAUTHORIZED;
        m.u.failed.code = ERR_STRANGER;
        say(&m, 0, 0);
        _exit(1);
    case ACT_EXITED:
        m = (struct wire_message){.type = WIRE_EXITED};
        say(&m, 0, 0);
        break;
    case ACT_LATE_EXIT:
        say(&good, 0, 0);
        _exit(3);
    default:
        break;
    }
    _exit(0);
}

static void wait_ms(int ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

static int bump(void *ctx, const struct render_order *order, const struct jail_fds *fds,
                struct err *e)
{
    unsigned char data[BUMP_BYTES] = {0}, logo = 0;
    int got;
    enum bump what = (enum bump)order->bumper.crf;
    if (fds->clip >= 0)
        return err_set(e, ERR_SYSTEM, "a clip where none should be");
    if (what == BUMP_FAIL)
        return err_msg(e, MSG_LOGO_BAD, "no");
    if (what == BUMP_SLOW)
        wait_ms(BUMP_SLOW_MS);
    while (what == BUMP_FREEZE)
        wait_ms(1000);
    if (what == BUMP_WANTS)
        return jail_bumper(ctx, &order->bumper, &got, e);
    while (what == BUMP_BIG && write(fds->reel, data, sizeof(data)) > 0)
        ;
    if (fds->logo >= 0 && pread(fds->logo, &logo, 1, 0) != 1)
        return err_set(e, ERR_SYSTEM, "no logo");
    memset(data, order->bumper.width & 255, BUMP_BYTES - 33);
    data[BUMP_BYTES - 33] = logo;
    crypto_hash_sha256(data + BUMP_BYTES - 32, data, BUMP_BYTES - 32);
    data[0] ^= what == BUMP_NO_SUM;
    size_t bytes = what == BUMP_EMPTY ? 0 : BUMP_BYTES;
    if (pwrite(fds->reel, data, bytes, 0) != (ssize_t)bytes)
        return err_set(e, ERR_FULL, "disk full");
    return 0;
}

/* What ACT_WANT answers. */
static int64_t bumper_seen(int fd)
{
    unsigned char byte;
    struct stat st;
    if (fd < 0)
        return 0;
    bool sealed = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY && pwrite(fd, "x", 1, 0) < 0 &&
                  ftruncate(fd, 0) < 0;
    bool ours = fstat(fd, &st) == 0 && pread(fd, &byte, 1, 0) == 1 && byte == (640 & 255);
    close(fd);
    return sealed && ours ? st.st_size : -1;
}

static int want(void *ctx, const struct render_order *order, enum act act,
                struct render_report *out, struct err *e)
{
    struct bumper_shape shape = act_shape(order->limits.max_streams);
    struct wire_message m = {.type = WIRE_WANT};
    int fd = -1;
    if (act == ACT_WANT_BAD)
        shape.width = 1 << 20;
    if (act == ACT_WANT_HUGE)
        shape.width = shape.height = 8192;
    for (int i = 0; act == ACT_WANT_FLOOD && i < 1000; i++) {
        m.u.want = shape;
        say(&m, 0, 0);
    }
    do {
        if (jail_bumper(ctx, &shape, &fd, e) < 0)
            return -1;
        out->body_us = bumper_seen(fd);
    } while (act == ACT_WANT_OFTEN);
    if (out->body_us < 0)
        return err_set(e, ERR_SYSTEM, "a descriptor that can be written");
    return 0;
}

/* Reads [at, at + len) the way media does; how many bytes are wrong, or -1. */
static int64_t read_far(void *ctx, int fd, int64_t at, int64_t len, struct err *e)
{
    static unsigned char data[300000];
    int64_t wrong = 0;
    if (jail_fetch(ctx, at, len, e) < 0)
        return -1;
    ssize_t n = pread(fd, data, (size_t)len, at);
    for (ssize_t i = 0; i < n; i++)
        wrong += data[i] != far_byte(at + i);
    return wrong;
}

static int far(void *ctx, const struct render_order *order, const struct jail_fds *fds,
               enum act act, struct render_report *out, struct err *e)
{
    enum { PIECE = 10000 };
    struct wire_message m = {.type = WIRE_FETCH, .u.range = {0, WIRE_BLOCK}};
    struct stat st;
    if (!fds->far && act == ACT_FAR)
        return err_set(e, ERR_SYSTEM, "its clip is not far");
    if (fstat(fds->clip, &st) < 0)
        return err_set(e, ERR_SYSTEM, "no clip");
    int64_t head = order->limits.max_streams;
    for (int64_t at = 0; act == ACT_FAR_HEAD && at < head; at += PIECE)
        if (read_far(ctx, fds->clip, at, PIECE, e) != 0)
            return -1;
    if (act == ACT_FAR_BEYOND)
        m.u.range.offset = (st.st_size / WIRE_BLOCK + 1) * WIRE_BLOCK;
    if (act == ACT_FAR_ODD)
        m.u.range.len = WIRE_BLOCK / 2;
    bool honest = act == ACT_FAR || act == ACT_FAR_HEAD;
    for (int i = 0; !honest && i < 1000000; i++) {
        int got[WIRE_FDS];
        struct wire_message answer;
        say(&m, 0, 0);
        if (act != ACT_FAR_FLOOD && wire_wait(CHILD_FD_TALK, &answer, got, e) != WIRE_GOT)
            return -1;
    }
    /* from the end, in pieces that do not fit the blocks; then all of it */
    for (int64_t at = st.st_size - 99999; act == ACT_FAR && at >= 0; at -= 99999) {
        int64_t wrong = read_far(ctx, fds->clip, at, 99999, e);
        if (wrong < 0)
            return -1;
        out->body_us += wrong;
    }
    for (int64_t at = 0; act == ACT_FAR && at < st.st_size; at += 300000) {
        int64_t wrong = read_far(ctx, fds->clip, at, 300000, e);
        if (wrong < 0)
            return -1;
        out->body_us += wrong;
    }
    return 0;
}

static int run(void *ctx, const struct render_order *order, const struct jail_fds *fds,
               struct render_report *out, struct err *e)
{
    enum act act = (enum act)order->start_us;
    char data[4096] = {0};
    volatile int *volatile nowhere = NULL;
    if (order->op == RENDER_BUMPER)
        return bump(ctx, order, fds, e);
    if (order->op == RENDER_LOGO) {
        out->poster_bytes = fds->clip < 0 && fds->logo >= 0 ? 77 : 0;
        return 0;
    }
    int asked = ask(act, order);
    if (asked >= 0) {
        out->body_us = asked;
        return 0;
    }
    switch (act) {
    case ACT_HONEST:
        return honest(ctx, fds, out, e);
    case ACT_FAIL:
        return err_msg(e, MSG_NO_VIDEO, "only sound, said \x01\xff");
    case ACT_FREEZE:
        jail_progress(ctx, 10);
        for (;;) {
            const struct timespec second = {1, 0};
            nanosleep(&second, NULL);
        }
    case ACT_SPIN:
        for (volatile unsigned i = 0;; i++)
            ;
    case ACT_HOG:
        hog();
        break;
    case ACT_BIG:
        while (write(fds->reel, data, sizeof(data)) > 0)
            ;
        return err_set(e, ERR_SYSTEM, "a write failed and nothing more");
    case ACT_WANT:
    case ACT_WANT_OFTEN:
    case ACT_WANT_FLOOD:
    case ACT_WANT_BAD:
    case ACT_WANT_HUGE:
        return want(ctx, order, act, out, e);
    case ACT_FAR:
    case ACT_FAR_HEAD:
    case ACT_FAR_BEYOND:
    case ACT_FAR_ODD:
    case ACT_FAR_FLOOD:
    case ACT_FAR_OFTEN:
        return far(ctx, order, fds, act, out, e);
    case ACT_CRASH:
        *nowhere = 1;
        break;
    case ACT_ABORT:
        abort();
    default:
        lie(act);
    }
    return 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    unsigned layers = JAIL_ALL;
    const char *name = strrchr(argv[0], '/');
    int64_t bits;
    if (name && strncmp(name, "/layers-", 8) == 0 && str_int64(str_of(name + 8), 0, 31, &bits))
        layers = (unsigned)bits;
    const struct jail_work work = {.media = "test 1", .run = run};
    _exit(zygote_serve(3, &work, layers));
}
