/* One attempt. Plan: open the clip and the places for reel and poster; make and check the reel
 * (reel.c); publish it and settle the task.
 *
 * tick() runs at least every 100 ms while a child works and connects the attempt to everything
 * else. It renews the lease, passes the progress to the task's owner, finds out whether the task is
 * still ours (it may be deleted, or taken over while this process was frozen), and finds out
 * whether we must stop. A store that does not answer stops nothing while the lease runs. The lease
 * ends on our own clock, counted from before the call that got it, so we never hold it longer than
 * the store does. */
#include "blob/blob.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "jail/jail.h"
#include "task/task.h"
#include "worker/reel.h"
#include "worker/versions.h"
#include "worker/worker_impl.h"

#include <fcntl.h>
#include <sys/stat.h>

enum {
    HELD_MS = 300,     /* how often the store is asked whether the task is still ours */
    PROGRESS_MS = 500, /* progress is a write: not more often */
    STORE_WAIT_MS = 50,
    STORE_WAIT_MOST_MS = 1000,
    POSTER_BYTES = 1 << 20, /* one JPEG of at most 1920x1080; what is larger is none */
    DONE_PERCENT = 99,      /* the last is for publishing */
    STEP_TICK_MS = 50,
};

enum end {
    END_NOT,
    END_LOST, /* the task is not ours any more */
    END_CUT,  /* the program stops */
};

struct attempt {
    struct workers *w;
    const struct task_row *claim;
    int64_t began_ms;
    int64_t lease_until_ms; /* at the latest */
    int64_t renewed_ms, asked_ms;
    int progress;        /* percent */
    int renewed_percent; /* of it, what the store knows */
    bool store_silent;   /* complained about already */
    enum end end;
};

/* -- the ties to the world -- */

static void store_answered(struct attempt *a, bool held, int64_t asked_ms)
{
    a->asked_ms = asked_ms;
    a->store_silent = false;
    if (!held)
        a->end = END_LOST;
}

static void store_failed(struct attempt *a, const struct err *e, int64_t asked_ms)
{
    a->asked_ms = asked_ms;
    if (!a->store_silent)
        log_warn(a->w->log, "the store does not answer, the attempt goes on", "task", a->claim->id,
                 "fence", a->claim->fence, "why", e->text, "request", a->claim->request);
    a->store_silent = true;
    if (clock_mono_ms() >= a->lease_until_ms)
        a->end = END_LOST;
}

static void renew(struct attempt *a)
{
    struct err e = {0};
    bool held;
    int64_t now = clock_mono_ms();
    if (task_renew(a->w->tasks, a->claim, a->progress, &held, &e) < 0) {
        store_failed(a, &e, now);
        return;
    }
    a->renewed_ms = now;
    a->lease_until_ms = now + a->w->conf.lease_ms;
    a->renewed_percent = a->progress;
    store_answered(a, held, now);
}

static void ask(struct attempt *a)
{
    struct err e = {0};
    bool held;
    int64_t now = clock_mono_ms();
    if (task_held(a->w->tasks, a->claim, &held, &e) < 0)
        store_failed(a, &e, now);
    else
        store_answered(a, held, now);
}

static int tick(void *arg, int permille)
{
    struct attempt *a = arg;
    a->progress = permille * DONE_PERCENT / 1000;
    int64_t since_renew = clock_mono_ms() - a->renewed_ms;
    int64_t since_ask = clock_mono_ms() - a->asked_ms;
    bool due = since_renew >= a->w->conf.lease_ms / 3 ||
               (a->progress != a->renewed_percent && since_renew >= PROGRESS_MS);
    /* After a failure the store is not asked at each tick. */
    if (due && (!a->store_silent || since_ask >= HELD_MS))
        renew(a);
    else if (since_ask >= HELD_MS)
        ask(a);
    if (a->end == END_NOT && workers_cut(a->w))
        a->end = END_CUT;
    return a->end != END_NOT;
}

/* A step that may wait for remote storage: it runs in a thread while this thread renews the lease.
 */
struct step {
    int (*run)(void *arg, struct err *e);
    void *arg;
    int rc;
    struct err e;
};

static void *step_run(void *arg)
{
    struct step *s = arg;
    s->rc = s->run(s->arg, &s->e);
    return NULL;
}

static int step_patiently(struct attempt *a, int (*run)(void *arg, struct err *e), void *arg,
                          struct err *e)
{
    struct step s = {.run = run, .arg = arg};
    pthread_t thread;
    if (!task_storage_is_far(a->w->tasks) || pthread_create(&thread, NULL, step_run, &s) != 0)
        return run(arg, e);
    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += STEP_TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_timedjoin_np(thread, NULL, &until) == 0)
            break;
        /* The step ends by itself, in bounded time; a renewal after its end changes nothing. */
        if (a->end == END_NOT && clock_mono_ms() - a->renewed_ms >= a->w->conf.lease_ms / 3)
            renew(a);
    }
    if (s.rc < 0 && e)
        *e = s.e;
    return s.rc;
}

/* ERR_STOPPED, with what it was. */
static int ended(const struct attempt *a, struct err *e)
{
    return err_set(e, ERR_STOPPED, "%s",
                   a->end == END_LOST ? "the task is not this attempt's any more"
                                      : "the program stops");
}

/* Between two steps: works as a tick, and waits while the store does not answer. Returns 0 when the
 * store confirms that the task is ours. */
static int still_ours(struct attempt *a, struct err *e)
{
    for (int64_t wait_ms = STORE_WAIT_MS; a->end == END_NOT; wait_ms *= 2) {
        ask(a);
        if (a->end == END_NOT && !a->store_silent)
            return 0;
        if (a->end == END_NOT &&
            !workers_wait_cut(a->w, wait_ms < STORE_WAIT_MOST_MS ? wait_ms : STORE_WAIT_MOST_MS))
            a->end = END_CUT;
    }
    return ended(a, e);
}

/* -- the children -- */

/* The clip as a child gets it. */
struct clip {
    struct blob_reader *reader;
    int fd; /* of the reader, or to a local file that fills as it is read */
    int file;
    struct jail_far *far;
};

static void clip_clear(struct clip *c)
{
    jail_far_free(c->far);
    if (c->file >= 0)
        fd_closep(&c->fd);
    fd_closep(&c->file);
    blob_reader_close(c->reader);
}

/* Called by a thread of the jail, for one job at a time. */
static int read_clip(void *arg, void *data, size_t len, int64_t at, struct err *e)
{
    ssize_t n = blob_pread(arg, data, len, at, e);
    if (n >= 0 && (size_t)n < len)
        return err_set(e, ERR_SYSTEM, "%zd bytes came at %lld", n, (long long)at);
    return n < 0 ? -1 : 0;
}

struct opening {
    struct attempt *a;
    struct clip *clip;
};

static int open_reader(void *arg, struct err *e)
{
    const struct opening *o = arg;
    return task_open_clip(o->a->w->tasks, o->a->claim, &o->clip->reader, e);
}

static int open_clip(struct attempt *a, struct clip *c, struct err *e)
{
    struct opening o = {a, c};
    if (step_patiently(a, open_reader, &o, e) < 0)
        return -1;
    c->fd = blob_reader_fd(c->reader);
    if (c->fd >= 0)
        return 0;
    c->file = task_scratch_file(a->w->tasks, e);
    if (c->file < 0 ||
        jail_far_new(&c->far, c->file, blob_reader_size(c->reader), read_clip, c->reader, e) < 0)
        return -1;
    c->fd = reel_read_only(c->file);
    return c->fd < 0 ? err_set(e, ERR_SYSTEM, "clip: no /proc") : 0;
}

/* How the task's reel is made: the version that it was made under. */
struct recipe {
    struct attempt *a;
    struct profile profile;
    int logo_fd;
};

static void recipe_clear(struct recipe *r)
{
    fd_closep(&r->logo_fd);
}

static int read_recipe(void *arg, struct err *e)
{
    struct recipe *r = arg;
    return versions_get(r->a->w->versions, r->a->claim->profile, &r->profile, &r->logo_fd, e);
}

/* An encoded reel that fails its receipt is a fault of ours. The log line holds everything needed
 * to make the reel again; the clip stays as long as the task does. */
static void refused(void *arg, const struct render_report *made, const struct err *why)
{
    const struct attempt *a = arg;
    const struct task_row *t = a->claim;
    const struct media_facts *in = &made->in, *out = &made->out;
    if (made->path != PATH_ENCODE)
        return; /* it is encoded now, and that is told when it is done */
    char order[96], reel[160];
    snprintf(order, sizeof(order), "profile %lld, fit %s, start %lld us", (long long)t->profile,
             fit_name(t->fit), (long long)t->start_us);
    snprintf(reel, sizeof(reel),
             "%s made %dx%d, %d/%d a second, %lld pictures, %lld us of the clip, %lld bytes",
             in->video_codec, out->coded_width, out->coded_height, out->fps_num, out->fps_den,
             (long long)out->frames, (long long)made->body_us, (long long)out->bytes);
    METRIC_ADD(a->w->conf.metrics, METRIC_REFUSED, 1);
    log_error(a->w->log, "an encoded reel failed its receipt", "task", t->id, "attempt",
              t->attempts, "clip", t->clip_blob, "order", (const char *)order, "reel",
              (const char *)reel, "receipt", why->text, "reason", made->reason, "request",
              t->request);
}

static int make(struct attempt *a, const struct recipe *recipe, const struct clip *clip,
                const struct blob_writer *reel, const struct blob_writer *poster,
                struct render_report *out, struct err *e)
{
    const struct worker_conf *c = &a->w->conf;
    const struct render_order order = {.op = RENDER_MAKE,
                                       .profile = recipe->profile,
                                       .limits = c->limits,
                                       .fit = a->claim->fit,
                                       .start_us = a->claim->start_us,
                                       .poster = true};
    const struct jail_job job = {.order = &order,
                                 .clip_fd = clip->fd,
                                 .far = clip->far,
                                 .reel_fd = blob_writer_fd(reel),
                                 .poster_fd = blob_writer_fd(poster),
                                 .logo_fd = recipe->logo_fd,
                                 .wall_ms = a->began_ms + c->attempt_ms - clock_mono_ms(),
                                 .silence_ms = c->silence_ms,
                                 .tick = tick,
                                 .arg = a,
                                 .request = a->claim->request};
    if (job.wall_ms <= 0)
        return err_msg(e, MSG_TIME_LIMIT, "attempt: took more than %lld ms",
                       (long long)c->attempt_ms);
    if (workers_cut(a->w)) {
        a->end = END_CUT;
        return ended(a, e);
    }
    if (reel_make(a->w->jail, &job, refused, out, e) < 0)
        return a->end == END_NOT ? -1 : ended(a, e);
    if (out->remade) {
        workers_count_remade(a->w);
        METRIC_ADD(a->w->conf.metrics, METRIC_REMADE, 1);
        log_warn(a->w->log, "a reel failed its receipt and was made anew", "task", a->claim->id,
                 "reason", out->reason, "request", a->claim->request);
    }
    return 0;
}

static int64_t bytes_of(const struct blob_writer *w)
{
    struct stat st;
    return fstat(blob_writer_fd(w), &st) == 0 ? st.st_size : -1;
}

/* A poster is a JPEG by its first bytes; without one the reel is as good. */
static bool is_poster(const struct blob_writer *w)
{
    unsigned char head[3];
    int64_t bytes = bytes_of(w);
    return bytes > 0 && bytes <= POSTER_BYTES &&
           fd_pread_full(blob_writer_fd(w), head, sizeof(head), 0, NULL) == sizeof(head) &&
           head[0] == 0xff && head[1] == 0xd8 && head[2] == 0xff;
}

/* -- all of it -- */

struct finish {
    struct attempt *a;
    const struct render_report *report;
    struct blob_writer *reel, *poster;
    bool *published;
};

static int finish(void *arg, struct err *e)
{
    struct finish *f = arg;
    return task_finish(f->a->w->tasks, f->a->claim, f->report, TAKE(f->reel), TAKE(f->poster),
                       f->published, e);
}

/* Makes, checks and publishes the reel. 0: *report is valid, and the task is settled, or lost
 * (a->end). */
static int work(struct attempt *a, struct render_report *report, struct err *e)
{
    struct tasks *t = a->w->tasks;
    AUTO(clip_clear) struct clip clip = {.fd = -1, .file = -1};
    AUTO(recipe_clear) struct recipe recipe = {.a = a, .logo_fd = -1};
    AUTO(blob_abortp) struct blob_writer *reel = NULL;
    AUTO(blob_abortp) struct blob_writer *poster = NULL;
    bool published = false;
    if (step_patiently(a, read_recipe, &recipe, e) < 0 || open_clip(a, &clip, e) < 0 ||
        task_output(t, a->w->conf.reel_reserve_bytes, &reel, e) < 0 ||
        task_output(t, POSTER_BYTES, &poster, e) < 0 ||
        make(a, &recipe, &clip, reel, poster, report, e) < 0)
        return -1;
    if (!is_poster(poster))
        blob_abortp(&poster);
    report->poster_bytes = poster ? bytes_of(poster) : 0;
    /* Bytes cannot be published twice, so check that the store answers before handing them over. */
    if (still_ours(a, e) < 0)
        return -1;
    struct finish f = {a, report, TAKE(reel), TAKE(poster), &published};
    if (step_patiently(a, finish, &f, e) < 0)
        return -1;
    /* a renewal after the step's end was told that the task has no lease holder */
    a->end = published ? END_NOT : END_LOST;
    return 0;
}

/* Settles a failed attempt: retries until it succeeds or the lease ends, after which the sweep
 * settles it. Returns what became of the task. */
static const char *settle(struct attempt *a, const struct err *why)
{
    int64_t wait_ms = STORE_WAIT_MS;
    for (;;) {
        struct err e = {0};
        enum task_state state;
        if (task_fail(a->w->tasks, a->claim, why, &state, &e) == 0)
            return task_state_name(state);
        if (!a->store_silent)
            log_warn(a->w->log, "an attempt cannot be settled yet", "task", a->claim->id, "fence",
                     a->claim->fence, "why", e.text, "request", a->claim->request);
        a->store_silent = true;
        if (clock_mono_ms() + wait_ms >= a->lease_until_ms || !workers_wait_cut(a->w, wait_ms))
            return "left";
        wait_ms = wait_ms * 2 < STORE_WAIT_MOST_MS ? wait_ms * 2 : STORE_WAIT_MOST_MS;
    }
}

static void tell(const struct attempt *a, const char *outcome, const struct render_report *r,
                 const struct err *why, int64_t wall_ms)
{
    struct metrics *m = a->w->conf.metrics;
    double wall_s = (double)wall_ms / 1e3;
    const char *path = path_name(r->path);
    METRIC_ADD(m, METRIC_ATTEMPTS, 1, outcome, path);
    if (a->claim->attempts == 1)
        METRIC_SEE(m, METRIC_WAITED, (double)(a->claim->changed_ms - a->claim->created_ms) / 1e3);
    if (why->code != ERR_NONE) {
        METRIC_ADD(m, METRIC_FAILURES, 1, msg_slug(why->msg));
    } else if (a->end == END_NOT) {
        METRIC_SEE(m, METRIC_ATTEMPT_SECONDS, wall_s, path);
        if (r->body_us > 0)
            METRIC_SEE(m, METRIC_RENDER_RATIO, wall_s / ((double)r->body_us / 1e6), path);
    }
}

void attempt_run(struct workers *w, const struct task_row *claim, int64_t claimed_ms)
{
    struct attempt a = {.w = w,
                        .claim = claim,
                        .began_ms = clock_mono_ms(),
                        .lease_until_ms = claimed_ms + w->conf.lease_ms,
                        .renewed_ms = claimed_ms,
                        .asked_ms = claimed_ms};
    struct render_report report = {0};
    struct err why = {0};
    const char *outcome = "processed";
    if (work(&a, &report, &why) < 0 && a.end != END_LOST)
        outcome = settle(&a, &why);
    if (a.end == END_LOST)
        outcome = "lost";
    int64_t wall_ms = clock_mono_ms() - a.began_ms;
    tell(&a, outcome, &report, &why, wall_ms);
    log_info(w->log, "attempt", "task", claim->id, "attempt", claim->attempts, "fence",
             claim->fence, "outcome", outcome, "path", path_name(report.path), "waited_ms",
             claim->attempts == 1 ? claim->changed_ms - claim->created_ms : -1, "wall_ms", wall_ms,
             "code", why.code == ERR_NONE ? NULL : msg_slug(why.msg), "why",
             why.code == ERR_NONE ? NULL : why.text, "request", claim->request);
}
