/* The forked child: turns from a copy of the helper into a process that can do nothing but its job.
 *
 * The order of the layers matters:
 *   name spaces, empty root, other uid, no capabilities (space.c): the helper puts these on once,
 *     because making them needs rights that all later layers take away; children inherit them;
 *   process group, parent-death signal: after the last change of uid, which would clear the signal;
 *   descriptors: moved to their places and all others closed, while closing is still cheap;
 *   rlimits: before no_new_privs only by custom, but before the filter, which forbids setrlimit;
 *   no_new_privs: without it the kernel refuses landlock and seccomp to an unprivileged process;
 *   landlock: before the filter, which forbids the landlock calls;
 *   warm-up: makes and joins a thread, so that libc does its first-thread set-up now;
 *   seccomp: last, so that it need not allow any call of the layers above.
 * The helper tries all layers out once. A layer that held then and fails now ends the job. */
#include "jail/inside_impl.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"
#include "jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PROGRESS_GAP_MS = 50, FD_ABOVE = 64 };

struct child {
    pthread_mutex_t lock; /* guards the rest */
    int permille;         /* sent last; -1: none */
    int64_t sent_ms;
    pthread_mutex_t asking; /* one question at a time; guards the rest */
    unsigned char *there;   /* a bit for each block of a far clip */
    int64_t clip_bytes;
};

void jail_progress(void *ctx, int permille)
{
    struct child *c = ctx;
    if (permille < 0)
        permille = 0;
    if (permille > 1000)
        permille = 1000;
    if (pthread_mutex_trylock(&c->lock) != 0)
        return; /* another thread is reporting just now */
    int64_t now = clock_mono_ms();
    if (permille > c->permille &&
        (c->permille < 0 || permille == 1000 || now - c->sent_ms >= PROGRESS_GAP_MS)) {
        struct wire_message m = {.type = WIRE_PROGRESS, .u.permille = permille};
        unsigned char data[WIRE_MAX];
        c->permille = permille;
        c->sent_ms = now;
        /* A service that no longer listens is about to end this child. */
        (void)!write(CHILD_FD_TALK, data, wire_encode(&m, data));
    }
    pthread_mutex_unlock(&c->lock);
}

/* Sends *m and waits for the answer, which replaces *m. */
static int ask(struct wire_message *m, enum wire_type answer, int fds[WIRE_FDS], struct err *e)
{
    unsigned char data[WIRE_MAX];
    size_t n = wire_encode(m, data);
    if (write(CHILD_FD_TALK, data, n) != (ssize_t)n)
        return err_set(e, ERR_SYSTEM, "jail: the service does not listen");
    enum wire_got got = wire_wait(CHILD_FD_TALK, m, fds, e);
    if (got == WIRE_BAD)
        return -1;
    if (got != WIRE_GOT || m->type != answer)
        return err_set(e, ERR_SYSTEM, "jail: the service did not answer");
    return 0;
}

int jail_bumper(void *ctx, const struct bumper_shape *shape, int *fd, struct err *e)
{
    struct child *c = ctx;
    struct wire_message m = {.type = WIRE_WANT, .u.want = *shape};
    int fds[WIRE_FDS];
    pthread_mutex_lock(&c->asking);
    int rc = ask(&m, WIRE_BUMPER, fds, e);
    pthread_mutex_unlock(&c->asking);
    if (rc < 0)
        return -1;
    *fd = m.u.given ? fds[WIRE_FD_BUMPER] : -1;
    return 0;
}

static bool is_there(const struct child *c, int64_t block)
{
    return c->there[block / 8] & 1 << block % 8;
}

/* Asks for the missing blocks from this one to last. */
static int fetch_from(struct child *c, int64_t block, int64_t last, struct err *e)
{
    int fds[WIRE_FDS];
    int64_t end = block + 1;
    while (end <= last && end - block < WIRE_FETCH_MAX / WIRE_BLOCK && !is_there(c, end))
        end++;
    struct wire_message m = {.type = WIRE_FETCH,
                             .u.range = {block * WIRE_BLOCK, (end - block) * WIRE_BLOCK}};
    if (ask(&m, WIRE_FETCHED, fds, e) < 0)
        return -1;
    int64_t upto = m.u.range.offset + m.u.range.len;
    for (int64_t b = m.u.range.offset / WIRE_BLOCK;
         b * WIRE_BLOCK < upto && b * WIRE_BLOCK < c->clip_bytes; b++)
        c->there[b / 8] |= (unsigned char)(1 << b % 8);
    return is_there(c, block) ? 0 : err_set(e, ERR_SYSTEM, "jail: the service gave other bytes");
}

int jail_fetch(void *ctx, int64_t offset, int64_t len, struct err *e)
{
    struct child *c = ctx;
    struct stat st;
    int rc = 0;
    pthread_mutex_lock(&c->asking);
    if (!c->there && fstat(CHILD_FD_CLIP, &st) == 0) {
        c->clip_bytes = st.st_size;
        c->there = mem_new((size_t)(c->clip_bytes / WIRE_BLOCK / 8) + 1);
    }
    if (!c->there) {
        rc = err_set(e, ERR_SYSTEM, "jail: the clip's size cannot be had");
    } else if (offset < c->clip_bytes) {
        int64_t end = len < c->clip_bytes - offset ? offset + len : c->clip_bytes;
        int64_t last = (end - 1) / WIRE_BLOCK;
        for (int64_t b = offset / WIRE_BLOCK; b <= last && rc == 0; b++)
            if (!is_there(c, b))
                rc = fetch_from(c, b, last, e);
    }
    pthread_mutex_unlock(&c->asking);
    return rc;
}

static void *idle_thread(void *arg)
{
    return arg;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

void child_warm_up(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, idle_thread, NULL) == 0)
        pthread_join(t, NULL);
    tzset();
    /* qsort asks for the size of the memory once; let it do so now. */
    int numbers[512];
    for (int i = 0; i < (int)LEN(numbers); i++)
        numbers[i] = -i;
    qsort(numbers, LEN(numbers), sizeof(numbers[0]), compare);
}

/* Puts each descriptor into its place and closes all else. */
static int fds_place(const struct child_setup *c, const int fds[WIRE_FDS])
{
    static const struct {
        enum wire_fd from;
        int to;
    } places[] = {
        {WIRE_FD_CLIP, CHILD_FD_CLIP}, {WIRE_FD_REEL, CHILD_FD_REEL},
        {WIRE_FD_TALK, CHILD_FD_TALK}, {WIRE_FD_POSTER, CHILD_FD_POSTER},
        {WIRE_FD_LOGO, CHILD_FD_LOGO}, {WIRE_FD_LOG, CHILD_FD_LOG},
    };
    int high[LEN(places)];
    for (size_t i = 0; i < LEN(places); i++) { /* first move all out of each other's way */
        int from = fds[places[i].from];
        high[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, FD_ABOVE);
        if (from >= 0 && high[i] < 0)
            return -1;
    }
    int rules = c->rules_fd < 0 ? -1 : fcntl(c->rules_fd, F_DUPFD_CLOEXEC, FD_ABOVE);
    for (int fd = CHILD_FD_CLIP; fd < CHILD_FDS; fd++)
        close(fd);
    for (size_t i = 0; i < LEN(places); i++)
        if (high[i] >= 0 && dup2(high[i], places[i].to) < 0)
            return -1;
    if (rules >= 0 && dup2(rules, CHILD_FD_RULES) < 0)
        return -1;
    if (dup2(fds[WIRE_FD_LOG] >= 0 ? CHILD_FD_LOG : CHILD_FD_NULL, 1) < 0 ||
        (fds[WIRE_FD_LOG] < 0 && dup2(CHILD_FD_NULL, CHILD_FD_LOG) < 0))
        return -1;
    return (int)syscall(SYS_close_range, CHILD_FDS, ~0U, 0);
}

static void missing(unsigned *layers, unsigned bit, struct buf *why, const struct err *e)
{
    *layers &= ~bit;
    buf_printf(why, "%s: %s\n", jail_layer_name((enum jail_layer)bit), e->text);
}

void child_layers(const struct child_setup *c, int rules_fd, const struct limits *l,
                  unsigned *layers, struct buf *why)
{
    struct err e;
    unsigned want = *layers;
    if (want & JAIL_RLIMITS && limits_put_on(l, &e) < 0)
        missing(layers, JAIL_RLIMITS, why, &e);
    if (want & JAIL_NO_NEW_PRIVS && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        err_set(&e, ERR_SYSTEM, "%s", strerror(errno));
        missing(layers, JAIL_NO_NEW_PRIVS, why, &e);
    }
    if (want & JAIL_LANDLOCK && rules_fd >= 0 && landlock_put_on(rules_fd, &e) < 0)
        missing(layers, JAIL_LANDLOCK, why, &e);
    close(rules_fd);
    child_warm_up();
    if (want & JAIL_SECCOMP && c->filter->len && filter_put_on(c->filter, &e) < 0)
        missing(layers, JAIL_SECCOMP, why, &e);
}

/* Makes a text that the service accepts: libav's messages may hold bytes of the clip. */
static void text_clean(char *s)
{
    if (str_utf8_clean(str_of(s)))
        return;
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
            *s = '?';
}

static _Noreturn void fail(const struct err *e)
{
    struct wire_message m = {.type = WIRE_FAILED, .u.failed = *e};
    unsigned char data[WIRE_MAX];
    m.u.failed.code = msg_code(m.u.failed.msg);
    text_clean(m.u.failed.text);
    (void)!write(CHILD_FD_TALK, data, wire_encode(&m, data));
    _exit(1);
}

static void own_process(const struct child_setup *c)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != c->parent) /* it died before we asked */
        _exit(1);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static struct jail_fds fds_given(unsigned fds, bool far)
{
    return (struct jail_fds){
        .clip = fds & 1U << WIRE_FD_CLIP ? CHILD_FD_CLIP : -1,
        .reel = fds & 1U << WIRE_FD_REEL ? CHILD_FD_REEL : -1,
        .poster = fds & 1U << WIRE_FD_POSTER ? CHILD_FD_POSTER : -1,
        .logo = fds & 1U << WIRE_FD_LOGO ? CHILD_FD_LOGO : -1,
        .far = far,
    };
}

_Noreturn void child_main(const struct child_setup *c, const struct wire_start *start,
                          int fds[WIRE_FDS])
{
    static struct child child = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .permille = -1, .asking = PTHREAD_MUTEX_INITIALIZER};
    struct err e = {0};
    own_process(c);
    if (fds_place(c, fds) < 0)
        _exit(2);
    struct limits l = {start->memory_bytes, start->cpu_s, start->file_bytes, c->space->own_users};
    struct buf why;
    unsigned layers = c->layers;
    buf_init(&why, WIRE_WHY_SIZE);
    child_layers(c, CHILD_FD_RULES, &l, &layers, &why);
    if (layers != c->layers) {
        err_set(&e, ERR_SYSTEM, "jail: %s", why.p ? why.p : "a layer was lost");
        fail(&e);
    }
    struct jail_fds given = fds_given(start->fds, start->far);
    static struct wire_message m = {.type = WIRE_RESULT};
    if (c->work->run(&child, &start->order, &given, &m.u.report, &e) < 0)
        fail(&e);
    text_clean(m.u.report.reason);
    unsigned char data[WIRE_MAX];
    size_t n = wire_encode(&m, data);
    _exit(write(CHILD_FD_TALK, data, n) == (ssize_t)n ? 0 : 1);
}
