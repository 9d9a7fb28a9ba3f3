#include "worker/test/stand_in.h"

#include "core/clock.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/str.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

enum { TEXT_MAX = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stand_in_seen seen;
static bool released;

void stand_in_reset(void)
{
    pthread_mutex_lock(&lock);
    seen = (struct stand_in_seen){0};
    released = false;
    pthread_mutex_unlock(&lock);
}

void stand_in_release(void)
{
    pthread_mutex_lock(&lock);
    released = true;
    pthread_mutex_unlock(&lock);
}

struct stand_in_seen stand_in_seen(void)
{
    pthread_mutex_lock(&lock);
    struct stand_in_seen s = seen;
    pthread_mutex_unlock(&lock);
    return s;
}

int64_t stand_in_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool is_released(void)
{
    pthread_mutex_lock(&lock);
    bool yes = released;
    pthread_mutex_unlock(&lock);
    return yes;
}

static int tick(const struct jail_job *job, int permille, struct err *e)
{
    if (!job->tick || !job->tick(job->arg, permille))
        return 0;
    pthread_mutex_lock(&lock);
    seen.stopped++;
    seen.stopped_ms = clock_mono_ms();
    pthread_mutex_unlock(&lock);
    return err_set(e, ERR_STOPPED, "stand-in: stopped");
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static bool can(int fd, int mode)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) == mode;
}

/* -- the first child -- */

static int make_by(const char *script, const struct jail_job *job, int before, struct err *e)
{
    if (strcmp(script, CLIP_BAD) == 0)
        return err_msg(e, MSG_NO_VIDEO, "stand-in: no picture");
    if (strcmp(script, CLIP_HOSTILE) == 0)
        return err_msg(e, MSG_CLIP_HOSTILE, "stand-in: killed by the filter");
    if (strcmp(script, CLIP_POISON) == 0 || (strcmp(script, CLIP_OURS) == 0 && before == 0))
        return err_set(e, ERR_SYSTEM, "stand-in: helper lost");
    while (strcmp(script, CLIP_SLOW) == 0 && !is_released()) {
        nap();
        if (tick(job, 500, e) < 0)
            return -1;
    }
    while (strcmp(script, CLIP_FROZEN) == 0 && before == 0 && !is_released())
        nap();
    return tick(job, 1000, e);
}

static int make(const struct jail_job *job, struct render_report *out, struct err *e)
{
    char clip[TEXT_MAX] = "";
    size_t head = sizeof(CLIP_HEAD) - 1;
    if (fd_pread_full(job->clip_fd, clip, sizeof(clip) - 1, 0, e) < (ssize_t)head)
        return -1;
    const char *script = clip + head;
    struct stat st = {0};
    pthread_mutex_lock(&lock);
    int before = seen.made++;
    seen.forced += job->order->force_encode;
    seen.careful += job->order->careful;
    seen.started_us = stand_in_now_us();
    seen.make = *job->order;
    seen.make_wall_ms = job->wall_ms;
    seen.silence_ms = job->silence_ms;
    seen.make_logo_given = job->logo_fd >= 0 && can(job->logo_fd, O_RDONLY);
    memset(seen.make_logo, 0, sizeof(seen.make_logo));
    if (job->logo_fd >= 0)
        (void)fd_pread_full(job->logo_fd, seen.make_logo, sizeof(seen.make_logo) - 1, 0, NULL);
    if (before < (int)LEN(seen.made_crf))
        seen.made_crf[before] = job->order->profile.crf;
    seen.make_fds_good = can(job->clip_fd, O_RDONLY) && can(job->reel_fd, O_RDWR) &&
                         can(job->poster_fd, O_RDWR) && fstat(job->reel_fd, &st) == 0 &&
                         st.st_size == 0;
    pthread_mutex_unlock(&lock);
    if (tick(job, 0, e) < 0 || make_by(script, job, before, e) < 0)
        return -1;
    bool plain = strcmp(script, CLIP_PLAIN) == 0, junk = strcmp(script, CLIP_JUNK) == 0;
    bool copied = strncmp(script, CLIP_COPY, strlen(CLIP_COPY)) == 0 && !job->order->force_encode;
    const char *encoded = job->order->force_encode ? STAND_IN_ENCODED : "";
    const char *carefully = job->order->careful ? STAND_IN_CAREFUL : "";
    const char *poster = plain ? "" : junk ? "<html>" : STAND_IN_POSTER;
    if (fd_write_all(job->reel_fd, STAND_IN_REEL, strlen(STAND_IN_REEL), e) < 0 ||
        fd_write_all(job->reel_fd, script, strlen(script), e) < 0 ||
        fd_write_all(job->reel_fd, encoded, strlen(encoded), e) < 0 ||
        fd_write_all(job->reel_fd, carefully, strlen(carefully), e) < 0 ||
        fd_write_all(job->poster_fd, poster, strlen(poster), e) < 0)
        return -1;
    *out = (struct render_report){.path = copied ? PATH_COPY : PATH_ENCODE,
                                  .body_us = STAND_IN_BODY_US,
                                  .poster_bytes = (int64_t)strlen(poster),
                                  .sync_us = -3};
    str_copy(out->in.container, sizeof(out->in.container), "mov");
    str_copy(out->out.container, sizeof(out->out.container), "lie");
    return 0;
}

/* -- the second child -- */

/* Whatever was done to it is named behind. */
static bool begins(const char *script, const char *with)
{
    return strncmp(script, with, strlen(with)) == 0;
}

static int look(const struct jail_job *job, struct render_report *out, struct err *e)
{
    char reel[TEXT_MAX] = "";
    ssize_t n = fd_pread_full(job->clip_fd, reel, sizeof(reel) - 1, 0, e);
    if (n < (ssize_t)strlen(STAND_IN_REEL))
        return err_msg(e, MSG_RECEIPT_FAILED, "stand-in: no reel");
    const char *script = reel + strlen(STAND_IN_REEL);
    pthread_mutex_lock(&lock);
    seen.looked++;
    seen.look = *job->order;
    seen.look_wall_ms = job->wall_ms;
    seen.look_fds_good = can(job->clip_fd, O_RDONLY) && job->reel_fd == -1 && job->poster_fd == -1;
    pthread_mutex_unlock(&lock);
    if (tick(job, 500, e) < 0)
        return -1;
    if (begins(script, CLIP_NO_INDEX)) /* said as if it were the clip's fault */
        return err_msg(e, MSG_NO_VIDEO, "stand-in: no index");
    if (strcmp(script, CLIP_ENCODE_FAILS) == 0 || strcmp(script, CLIP_COPY_FAILS) == 0 ||
        strstr(script, CLIP_COPY_NEVER))
        return err_msg(e, MSG_RECEIPT_FAILED, "stand-in: seams: the decoder complains");
    if (strcmp(script, CLIP_COPY_LOST) == 0)
        return err_set(e, ERR_SYSTEM, "stand-in: helper lost");
    if (begins(script, CLIP_CRASHES) || strcmp(script, CLIP_COPY_CRASHES) == 0)
        return err_msg(e, MSG_CLIP_CRASHED, "stand-in: crashed");
    bool is_short = begins(script, CLIP_SHORT), changed = begins(script, CLIP_CHANGED);
    *out = (struct render_report){.body_us = STAND_IN_BODY_US - (is_short ? 1000000 : 40000),
                                  .peak_memory_bytes = STAND_IN_PEAK,
                                  .sync_us = 7,
                                  .receipt = {.held = RECEIPT_ALL, .pictures = 4321}};
    str_copy(out->in.container, sizeof(out->in.container), "mp4");
    out->in.bytes = n + changed;
    return 0;
}

/* -- a logo -- */

static int draw(const struct jail_job *job, struct render_report *out, struct err *e)
{
    char text[16] = "";
    if (job->logo_fd >= 0)
        (void)fd_pread_full(job->logo_fd, text, sizeof(text) - 1, 0, NULL);
    pthread_mutex_lock(&lock);
    seen.drawn++;
    seen.drawn_good = job->clip_fd == -1 && job->reel_fd == -1 &&
                      (job->logo_fd == -1 || can(job->logo_fd, O_RDONLY));
    pthread_mutex_unlock(&lock);
    while (strcmp(text, LOGO_SLOW) == 0 && !is_released())
        nap();
    if (strcmp(text, LOGO_NONE) == 0)
        return err_msg(e, MSG_LOGO_TYPE, "stand-in: no picture");
    if (strcmp(text, LOGO_EATS) == 0)
        return err_msg(e, MSG_MEMORY_LIMIT, "stand-in: too much");
    *out = (struct render_report){0};
    if (job->poster_fd < 0 || strcmp(text, LOGO_SILENT) == 0)
        return 0;
    return fd_write_all(job->poster_fd, LOGO_DRAWN, strlen(LOGO_DRAWN), e);
}

int jail_run(struct jail *j, const struct jail_job *job, struct render_report *out, struct err *e)
{
    (void)j;
    pthread_mutex_lock(&lock);
    seen.now++;
    seen.at_once = seen.now > seen.at_once ? seen.now : seen.at_once;
    pthread_mutex_unlock(&lock);
    int rc = job->order->op == RENDER_MAKE   ? make(job, out, e)
             : job->order->op == RENDER_LOGO ? draw(job, out, e)
                                             : look(job, out, e);
    pthread_mutex_lock(&lock);
    seen.now--;
    pthread_mutex_unlock(&lock);
    return rc;
}

/* Every clip of these tests lies in a folder. */
int jail_far_new(struct jail_far **out, int fd, int64_t bytes,
                 int (*read)(void *arg, void *data, size_t len, int64_t at, struct err *e),
                 void *arg, struct err *e)
{
    (void)out, (void)fd, (void)bytes, (void)read, (void)arg;
    return err_set(e, ERR_SYSTEM, "test: no clip is far");
}

void jail_far_free(struct jail_far *f)
{
    (void)f;
}
