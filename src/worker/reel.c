#include "worker/reel.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MADE_PERMILLE = 980, /* the child that makes; the one that looks has the rest */
    BODY_SLACK_US = 100000,
};

/* One child's part of the whole. */
struct part {
    const struct jail_job *whole;
    int from, to; /* permille */
    int shown;    /* what was told last: it never goes back, also when the reel is made again */
};

static int tick(void *arg, int permille)
{
    struct part *p = arg;
    int now = p->from + permille * (p->to - p->from) / 1000;
    if (now > p->shown)
        p->shown = now;
    return p->whole->tick ? p->whole->tick(p->whole->arg, p->shown) : 0;
}

static int run(struct jail *j, struct part *p, int64_t until_ms, const struct render_order *order,
               int clip_fd, struct jail_far *far, int reel_fd, int poster_fd,
               struct render_report *out, struct err *e)
{
    const struct jail_job job = {.order = order,
                                 .clip_fd = clip_fd,
                                 .far = far,
                                 .reel_fd = reel_fd,
                                 .poster_fd = poster_fd,
                                 .logo_fd = p->whole->logo_fd,
                                 .wall_ms = until_ms - clock_mono_ms(),
                                 .silence_ms = p->whole->silence_ms,
                                 .tick = tick,
                                 .arg = p,
                                 .request = p->whole->request};
    if (job.wall_ms <= 0)
        return err_msg(e, MSG_TIME_LIMIT, "reel: took more than %lld ms",
                       (long long)p->whole->wall_ms);
    return jail_run(j, &job, out, e);
}

int reel_read_only(int fd)
{
    char self[32];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return open(self, O_RDONLY | O_CLOEXEC);
}

/* What the two children say has to agree; what is kept is the word of the one that never saw the
 * clip. */
static int agree(struct render_report *made, const struct render_report *seen, int64_t reel_bytes,
                 struct err *e)
{
    if (seen->in.bytes != reel_bytes)
        return err_msg(e, MSG_RECEIPT_FAILED, "receipt: %lld bytes were seen, %lld are there",
                       (long long)seen->in.bytes, (long long)reel_bytes);
    if (llabs(seen->body_us - made->body_us) > BODY_SLACK_US)
        return err_msg(e, MSG_RECEIPT_FAILED,
                       "receipt: %lld us of the clip were seen, %lld were made",
                       (long long)seen->body_us, (long long)made->body_us);
    made->out = seen->in;
    made->receipt = seen->receipt;
    if (llabs(seen->sync_us) > llabs(made->sync_us))
        made->sync_us = seen->sync_us;
    if (seen->peak_memory_bytes > made->peak_memory_bytes)
        made->peak_memory_bytes = seen->peak_memory_bytes;
    return 0;
}

/* What is wrong with a reel is our fault and never the clip's. */
static int look(struct jail *j, struct part *p, int64_t until_ms, struct render_report *made,
                struct err *e)
{
    const struct jail_job *job = p->whole;
    struct render_order order = *job->order;
    order.op = RENDER_VERIFY;
    order.poster = false;
    order.body_us = made->body_us;
    order.frames = made->out.frames;
    order.fps_num = made->out.fps_num;
    order.fps_den = made->out.fps_den;
    order.variable_rate = made->out.variable_rate;
    struct render_report seen;
    struct stat st;
    AUTO(fd_closep) int fd = reel_read_only(job->reel_fd);
    p->from = MADE_PERMILLE;
    p->to = 1000;
    if (run(j, p, until_ms, &order, fd >= 0 ? fd : job->reel_fd, NULL, -1, -1, &seen, e) < 0) {
        if (e->code == ERR_INPUT || e->code == ERR_UNSUPPORTED || e->code == ERR_TOO_LARGE) {
            struct err why = *e;
            err_msg(e, MSG_RECEIPT_FAILED, "receipt: %s", why.text);
        }
        return -1;
    }
    if (fstat(job->reel_fd, &st) < 0)
        return err_set(e, ERR_SYSTEM, "reel: %s", strerror(errno));
    return agree(made, &seen, st.st_size, e);
}

/* How the reel is made; each next way follows a failed receipt. */
enum how { AS_ASKED, ENCODED, CAREFULLY };

static int make(struct jail *j, struct part *p, int64_t until_ms, enum how how,
                struct render_report *out, struct err *e)
{
    const struct jail_job *job = p->whole;
    struct render_order order = *job->order;
    order.force_encode |= how >= ENCODED;
    order.careful = how == CAREFULLY;
    if (order.careful)
        order.limits.threads = 1;
    p->from = 0;
    p->to = MADE_PERMILLE;
    if (run(j, p, until_ms, &order, job->clip_fd, job->far, job->reel_fd, job->poster_fd, out, e) <
        0)
        return -1;
    /* On its way to the disk while it is looked at: the fsync before publishing finds less to do.
     */
    (void)sync_file_range(job->reel_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return look(j, p, until_ms, out, e);
}

/* As it was when the first child got it, its place for writing included. */
static int empty(int fd, struct err *e)
{
    if (fd >= 0 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0))
        return err_set(e, ERR_SYSTEM, "reel: it cannot be emptied: %s", strerror(errno));
    return 0;
}

int reel_make(struct jail *j, const struct jail_job *job, reel_refused *refused,
              struct render_report *out, struct err *e)
{
    int64_t until_ms = clock_mono_ms() + job->wall_ms;
    struct part p = {.whole = job};
    struct err first = {0}; /* why the first one failed */
    enum path first_path = PATH_NONE;
    for (enum how how = AS_ASKED;;) {
        struct render_report r = {0};
        struct err why = {0};
        if (make(j, &p, until_ms, how, &r, &why) == 0) {
            r.remade = how > AS_ASKED;
            if (r.remade) /* why, first: the rest says only that encoding was asked for */
                snprintf(r.reason, sizeof(r.reason), "%s, but %.170s",
                         first_path == PATH_COPY ? "copied" : "encoded", first.text);
            *out = r;
            return 0;
        }
        bool failed_receipt = why.msg == MSG_RECEIPT_FAILED;
        if (failed_receipt && refused)
            refused(job->arg, &r, &why);
        if (!failed_receipt || how == CAREFULLY)
            return err_pass(e, &why);
        if (how == AS_ASKED) {
            first = why;
            first_path = r.path;
        }
        how = r.path == PATH_COPY ? ENCODED : CAREFULLY;
        if (empty(job->reel_fd, e) < 0 || empty(job->poster_fd, e) < 0)
            return -1;
    }
}
