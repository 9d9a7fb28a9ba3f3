/* One job from its caller's point of view.
 *
 * Each job has its own sockets, so callers share nothing but the lock inside helper.c, which is
 * held during the hand-over: `talk` leads to the child, `status` to the helper. The loop of
 * watch_run() waits on both sockets, calls tick, and checks the time limits. Every reason to stop
 * takes the same way out: the service shuts its end of `status`; the helper kills the child and
 * reports the child's end; judge() turns that report into one error. A helper that does not report
 * within two seconds counts as lost and is ended.
 *
 * Everything from `talk` is hostile. wire.c checks form and ranges; this file checks the order:
 * progress only rises (so there are at most 1001 progress messages, and a child that repeats itself
 * does not reset the watchdog), and nothing follows the single result. A child that makes a reel
 * may ask for the packets of a bumper a few times. While they are fetched (fetch.c, which may run
 * another job), the caller's tick goes on, and all time limits of the job except wall time are
 * paused. The same holds while the bytes of a remote clip are fetched (far.c). */
#include "jail/jail.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "jail/cache.h"
#include "jail/far.h"
#include "jail/fetch.h"
#include "jail/helper.h"
#include "jail/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TICK_MS = 100,
    REPORT_MS = 2000,  /* a helper reports a killed child within this time */
    LOG_BYTES = 16384, /* what a child may print; the pipe is no larger */
    LOG_LINES = 20,
    WANTS_MAX = 4, /* a reel has one or two kinds of bumper */
};

struct jail {
    struct helper *helper;
    struct log *log;
    struct metrics *metrics; /* NULL: nothing is counted */
    int64_t memory_bytes, cpu_s, file_bytes;
    struct cache *cache; /* NULL: none */
};

int jail_open(struct jail **out, const struct jail_conf *c, struct log *l, struct err *e)
{
    AUTO(jail_closep) struct jail *j = mem_new(sizeof(*j));
    j->log = l;
    j->memory_bytes = c->memory_bytes;
    j->cpu_s = c->cpu_s;
    j->file_bytes = c->file_bytes;
    if (helper_open(&j->helper, c->helper, l, e) < 0)
        return -1;
    if (c->cache)
        j->cache = cache_new(c->cache, c->cache_bytes, l);
    unsigned lacks = c->floor & ~jail_layers(j, NULL);
    if (lacks) {
        unsigned first = lacks & ~(lacks - 1);
        return err_set(e, ERR_DENIED,
                       "jail: this machine does not give %s, which jail-floor asks for: %s",
                       jail_layer_name((enum jail_layer)first), helper_hello(j->helper)->why);
    }
    *out = TAKE(j);
    return 0;
}

void jail_count(struct jail *j, struct metrics *m)
{
    j->metrics = m;
    METRIC_ADD(m, METRIC_BUMPERS, 0, "hit");
    METRIC_ADD(m, METRIC_BUMPERS, 0, "miss");
}

void jail_close(struct jail *j)
{
    if (!j)
        return;
    helper_close(j->helper);
    cache_free(j->cache);
    free(j);
}

void jail_closep(struct jail **j)
{
    jail_close(*j);
    *j = NULL;
}

unsigned jail_layers(const struct jail *j, struct buf *out)
{
    const struct wire_hello *hello = helper_hello(j->helper);
    if (out)
        buf_puts(out, hello->why);
    return hello->layers & JAIL_ALL;
}

int jail_cache_look(const char *folder, int64_t *entries, int64_t *bytes, struct err *e)
{
    return cache_look(folder, entries, bytes, e);
}

enum stop { STOP_NOT, STOP_TICK, STOP_WALL, STOP_SILENCE, STOP_PROTOCOL, STOP_FAR };
struct watch {
    struct jail *jail;
    const struct jail_job *job;
    uint64_t life;
    int talk, status, log;
    int permille; /* -1: nothing said yet */
    int wants;
    int64_t began_ms, moved_ms, stopped_ms;
    enum stop stop;
    int64_t asked;       /* how often for bytes */
    struct err protocol; /* what was wrong, for STOP_PROTOCOL and STOP_FAR */
    bool spoke;          /* `said` holds its RESULT or FAILED */
    struct wire_message said;
    bool ended, lost;
    struct wire_exited end;
};

static void watch_clear(struct watch *w)
{
    fd_closep(&w->talk);
    fd_closep(&w->status);
    fd_closep(&w->log);
}

static int pair_make(int type, int s[2], struct err *e)
{
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, s) < 0)
        return err_set(e, ERR_SYSTEM, "jail: socketpair: %s", strerror(errno));
    return 0;
}

/* Makes the sockets, hands over the job, closes the other ends. */
static int watch_start(struct watch *w, struct err *e)
{
    const struct jail_job *job = w->job;
    int talk[2], status[2], log[2];
    if (pair_make(SOCK_SEQPACKET, talk, e) < 0)
        return -1;
    w->talk = talk[0];
    AUTO(fd_closep) int far_talk = talk[1];
    if (pair_make(SOCK_SEQPACKET, status, e) < 0)
        return -1;
    w->status = status[0];
    AUTO(fd_closep) int far_status = status[1];
    /* A full pipe never blocks the child; the pipe's size limits what a child may print. */
    if (pipe2(log, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_set(e, ERR_SYSTEM, "jail: pipe: %s", strerror(errno));
    w->log = log[0];
    AUTO(fd_closep) int far_log = log[1];
    (void)fcntl(far_log, F_SETPIPE_SZ, LOG_BYTES);

    struct wire_message m = {.type = WIRE_START};
    m.u.start.order = *job->order;
    m.u.start.memory_bytes = w->jail->memory_bytes;
    m.u.start.cpu_s = w->jail->cpu_s;
    m.u.start.file_bytes = w->jail->file_bytes;
    m.u.start.far = job->far != NULL;
    const int given[WIRE_FDS] = {
        [WIRE_FD_CLIP] = job->clip_fd,     [WIRE_FD_REEL] = job->reel_fd,
        [WIRE_FD_POSTER] = job->poster_fd, [WIRE_FD_LOGO] = job->logo_fd,
        [WIRE_FD_TALK] = far_talk,         [WIRE_FD_STATUS] = far_status,
        [WIRE_FD_LOG] = far_log,           [WIRE_FD_BUMPER] = -1,
    };
    int fds[WIRE_FDS], count = 0;
    for (int i = 0; i < WIRE_FDS; i++)
        if (given[i] >= 0) {
            m.u.start.fds |= 1U << i;
            fds[count++] = given[i];
        }
    return helper_give(w->jail->helper, &m, fds, count, &w->life, e);
}

/* The child is to end; the loop goes on until the helper says that it has. */
static void stop_now(struct watch *w, enum stop why)
{
    if (w->stop != STOP_NOT)
        return;
    w->stop = why;
    w->stopped_ms = clock_mono_ms();
    if (!w->ended)
        shutdown(w->status, SHUT_WR);
}

static void tick(struct watch *w)
{
    if (w->stop == STOP_NOT && w->job->tick &&
        w->job->tick(w->job->arg, w->permille < 0 ? 0 : w->permille))
        stop_now(w, STOP_TICK);
}

static void protocol_broken(struct watch *w, const char *what)
{
    err_set(&w->protocol, ERR_SYSTEM, "%s", what);
    stop_now(w, STOP_PROTOCOL);
}

/* Returns whether this is a bumper of the reels that this job may make; others would only fill the
 * cache. */
static bool want_fine(const struct render_order *o, const struct bumper_shape *s)
{
    int64_t us = s->frames * 1000000 * s->fps_den / s->fps_num;
    /* a copied picture may have the profile's size in whole blocks of 16 */
    int64_t most_w = (o->profile.max_width + 15) / 16 * 16;
    int64_t most_h = (o->profile.max_height + 15) / 16 * 16;
    return (int64_t)s->width * s->height <= most_w * most_h && us <= o->profile.longest_us;
}

static void want(struct watch *w, const struct bumper_shape *shape)
{
    if (w->job->order->op != RENDER_MAKE || ++w->wants > WANTS_MAX) {
        protocol_broken(w, "it asked for a bumper too often, or where none is made");
        return;
    }
    if (!want_fine(w->job->order, shape)) {
        protocol_broken(w, "it asked for a bumper that no reel of its has");
        return;
    }
    struct fetch f = {
        .jail = w->jail,
        .cache = w->jail->cache,
        .log = w->jail->log,
        .metrics = w->jail->metrics,
        .media = helper_hello(w->jail->helper)->media,
        .job = w->job,
        .permille = w->permille < 0 ? 0 : w->permille,
        .wall_ms = w->began_ms + w->job->wall_ms - clock_mono_ms(),
    };
    AUTO(fd_closep) int fd = fetch_bumper(&f, shape);
    if (f.stopped) {
        stop_now(w, STOP_TICK);
        return;
    }
    /* Never waits: the few answers that a child may have fit into its socket. */
    const struct wire_message m = {.type = WIRE_BUMPER, .u.given = fd >= 0};
    (void)wire_send(w->talk, &m, &fd, fd >= 0, NULL, NULL); /* gone: its end is told soon */
    w->moved_ms = clock_mono_ms();
}

/* Called while bytes are fetched. */
static int tick_far(void *arg)
{
    struct watch *w = arg;
    tick(w);
    return w->stop != STOP_NOT;
}

static void bring(struct watch *w, const struct wire_range *wish)
{
    struct wire_message m = {.type = WIRE_FETCHED};
    if (!w->job->far || !far_wish_fine(w->job->far, wish, ++w->asked)) {
        protocol_broken(w, "it asked for bytes that it has, or that no clip has");
        return;
    }
    if (far_bring(w->job->far, wish, &m.u.range, tick_far, w, &w->protocol) < 0) {
        stop_now(w, STOP_FAR);
        return;
    }
    struct pollfd p = {w->talk, POLLOUT, 0};
    if (poll(&p, 1, 0) > 0 && p.revents & POLLOUT)
        (void)wire_send(w->talk, &m, NULL, 0, NULL, NULL); /* gone: its end is told soon */
    else
        protocol_broken(w, "it asks and does not listen");
    w->moved_ms = clock_mono_ms();
}

static void hear(struct watch *w, const struct wire_message *m)
{
    if (w->spoke) {
        protocol_broken(w, "it spoke on after its result");
    } else if (m->type == WIRE_RESULT || m->type == WIRE_FAILED) {
        w->said = *m;
        w->spoke = true;
    } else if (m->type == WIRE_WANT) {
        want(w, &m->u.want);
    } else if (m->type == WIRE_FETCH) {
        bring(w, &m->u.range);
    } else if (m->type != WIRE_PROGRESS) {
        protocol_broken(w, "it sent a message that is not a child's");
    } else if (m->u.permille <= w->permille) {
        protocol_broken(w, "its progress did not rise");
    } else {
        w->permille = m->u.permille;
        w->moved_ms = clock_mono_ms();
        tick(w);
    }
}

/* Reads everything that the child has sent; false when it will send no more. */
static bool talk_read(struct watch *w)
{
    while (w->stop == STOP_NOT) {
        struct wire_message m;
        struct err bad;
        enum wire_got got = wire_recv(w->talk, &m, NULL, &bad);
        if (got == WIRE_NOTHING)
            return true;
        if (got == WIRE_CLOSED)
            return false;
        if (got == WIRE_GOT)
            hear(w, &m);
        else
            protocol_broken(w, bad.text);
    }
    return false;
}

static void status_read(struct watch *w)
{
    struct wire_message m;
    enum wire_got got = wire_recv(w->status, &m, NULL, NULL);
    if (got == WIRE_NOTHING)
        return;
    if (got == WIRE_GOT && m.type == WIRE_EXITED) {
        w->end = m.u.exited;
        w->ended = true;
    } else {
        w->lost = true;
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Checks the time limits; returns how long to wait at most. */
static int64_t clocks(struct watch *w)
{
    int64_t now = clock_mono_ms();
    if (w->stop != STOP_NOT) {
        int64_t left = w->stopped_ms + REPORT_MS - now;
        w->lost = left <= 0;
        return left;
    }
    int64_t wall = w->began_ms + w->job->wall_ms - now;
    int64_t silence = w->moved_ms + w->job->silence_ms - now;
    if (wall <= 0)
        stop_now(w, STOP_WALL);
    else if (silence <= 0)
        stop_now(w, STOP_SILENCE);
    else
        return least(TICK_MS, least(wall, silence));
    return TICK_MS;
}

static void watch_run(struct watch *w)
{
    bool talks = true;
    int64_t ticked_ms = 0;
    while (!w->ended && !w->lost) {
        /* Read before checking the limits: a slow tick of the caller must not count as the child's
         * silence. */
        talks = talks && talk_read(w);
        int64_t wait_ms = clocks(w);
        if (w->lost)
            break;
        struct pollfd p[] = {{w->status, POLLIN, 0}, {talks ? w->talk : -1, POLLIN, 0}};
        if (poll(p, LEN(p), (int)wait_ms) > 0 && p[0].revents)
            status_read(w);
        int64_t now = clock_mono_ms();
        if (!w->ended && now - ticked_ms >= TICK_MS / 2) {
            tick(w);
            ticked_ms = now;
        }
    }
    /* The end may arrive before messages that were sent earlier. */
    if (w->ended && w->stop == STOP_NOT)
        (void)talk_read(w);
}

/* What the child printed (libav's complaints, mostly), for operators who look closer. */
static void log_child(struct watch *w)
{
    char text[LOG_BYTES + 1];
    ssize_t n = read(w->log, text, LOG_BYTES);
    text[n > 0 ? n : 0] = 0;
    char *line = text;
    for (int i = 0; i < LOG_LINES && *line; i++) {
        size_t len = strcspn(line, "\n");
        bool last = !line[len];
        line[len] = 0;
        for (char *c = line; *c; c++)
            if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
                *c = '?';
        if (*line)
            log_debug(w->jail->log, "child printed", "text", line, "request", w->job->request);
        if (last)
            break;
        line += len + 1;
    }
}

/* Returns whether a child that crashed had used most of its memory limit: then an allocation failed
 * and the child did not handle it. Its address space started with the helper's. */
static bool memory_was_short(const struct watch *w)
{
    int64_t own = w->jail->memory_bytes - w->end.base_bytes;
    return w->end.peak_bytes >= own / 2;
}

static int judge_signal(const struct watch *w, struct err *e)
{
    int sig = WTERMSIG(w->end.status);
    switch (sig) {
    case SIGSYS:
        log_warn(w->jail->log, "security event: a clip made its child break out of the filter",
                 "permille", w->permille, "cpu_ms", w->end.cpu_us / 1000, "request",
                 w->job->request);
        return err_msg(e, MSG_CLIP_HOSTILE, "child: killed by the system call filter");
    case SIGXFSZ:
        return err_msg(e, MSG_SIZE_LIMIT, "child: wrote more than %lld bytes",
                       (long long)w->jail->file_bytes);
    case SIGXCPU:
        return err_msg(e, MSG_TIME_LIMIT, "child: used more than %lld s of processor time",
                       (long long)w->jail->cpu_s);
    case SIGKILL: /* not from us: the hard CPU limit, or the kernel's out-of-memory killer */
        if (w->end.cpu_us >= w->jail->cpu_s * 1000000)
            return err_msg(e, MSG_TIME_LIMIT, "child: used more than %lld s of processor time",
                           (long long)w->jail->cpu_s);
        if (memory_was_short(w))
            return err_msg(e, MSG_MEMORY_LIMIT, "child: killed with %lld bytes in use",
                           (long long)w->end.peak_bytes);
        return err_set(e, ERR_SYSTEM, "child: killed from outside; was the machine out of memory?");
    case SIGSEGV:
    case SIGABRT:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        if (memory_was_short(w))
            return err_msg(e, MSG_MEMORY_LIMIT, "child: crashed (signal %d) with %lld bytes in use",
                           sig, (long long)w->end.peak_bytes);
        return err_msg(e, MSG_CLIP_CRASHED, "child: crashed (signal %d)", sig);
    default:
        return err_set(e, ERR_SYSTEM, "child: ended by signal %d", sig);
    }
}

static int judge_stop(const struct watch *w, struct err *e)
{
    switch (w->stop) {
    case STOP_TICK:
        return err_set(e, ERR_STOPPED, "child: stopped on request");
    case STOP_WALL:
        return err_msg(e, MSG_TIME_LIMIT, "child: took more than %lld ms",
                       (long long)w->job->wall_ms);
    case STOP_SILENCE:
        if (!w->ended) /* a working helper reports the end of its child */
            return err_set(e, ERR_SYSTEM, "the media helper did not answer for %lld ms",
                           (long long)w->job->silence_ms);
        return err_msg(e, MSG_NO_PROGRESS, "child: no progress for %lld ms",
                       (long long)w->job->silence_ms);
    case STOP_FAR:
        (void)err_pass(e, &w->protocol);
        return err_wrap(e, "clip");
    default:
        log_warn(w->jail->log, "security event: a child did not keep to the protocol", "what",
                 w->protocol.text, "request", w->job->request);
        return err_set(e, ERR_SYSTEM, "child: %s", w->protocol.text);
    }
}

/* Turns the end of the child into one error; returns 0 when it ended well. */
static int judge(const struct watch *w, struct render_report *out, struct err *e)
{
    if (w->stop != STOP_NOT)
        return judge_stop(w, e);
    if (w->lost)
        return err_set(e, ERR_SYSTEM, "helper: lost while the job ran");
    if (w->end.not_started)
        return err_set(e, ERR_SYSTEM, "child: not started: %s", strerror(w->end.not_started));
    if (WIFSIGNALED(w->end.status))
        return judge_signal(w, e);
    int status = WIFEXITED(w->end.status) ? WEXITSTATUS(w->end.status) : -1;
    if (w->spoke && w->said.type == WIRE_FAILED && status == 1)
        return err_pass(e, &w->said.u.failed);
    if (!w->spoke || w->said.type != WIRE_RESULT || status != 0)
        return err_set(e, ERR_SYSTEM, "child: ended with %d and no result to believe", status);
    *out = w->said.u.report;
    out->peak_memory_bytes = w->end.peak_bytes;
    return 0;
}

int jail_run(struct jail *j, const struct jail_job *job, struct render_report *out, struct err *e)
{
    int64_t now = clock_mono_ms();
    AUTO(watch_clear)
    struct watch w = {.jail = j,
                      .job = job,
                      .talk = -1,
                      .status = -1,
                      .log = -1,
                      .permille = -1,
                      .began_ms = now};
    if (watch_start(&w, e) < 0)
        return -1;
    w.moved_ms = clock_mono_ms(); /* the watchdog does not count a helper's start */
    watch_run(&w);
    if (w.lost)
        helper_lost(j->helper, w.life);
    int result = judge(&w, out, e);
    if (result < 0)
        log_child(&w);
    return result;
}
