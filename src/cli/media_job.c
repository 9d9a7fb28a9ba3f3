#include "cli/media_job.h"

#include "cli/cli.h"
#include "cli/parts.h"
#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"
#include "core/profile.h"
#include "core/str.h"
#include "task/task.h"

#include <errno.h>
#include <fcntl.h>

int media_job_wish(struct media_job *m, const struct cli *c, struct err *e)
{
    double start_s;
    struct profile profile;
    if (profile_of_conf(&c->conf, &profile, e) < 0 || parts_logo(&c->conf, &m->logo_fd, e) < 0)
        return -1;
    if (!str_double(str_of(c->conf.start), 0, TASK_START_MAX_S, &start_s))
        return err_set(e, ERR_INPUT, "start: \"%s\" is not a number of seconds from 0 to %d",
                       c->conf.start, TASK_START_MAX_S);
    m->order = (struct render_order){
        .profile = profile,
        .limits = media_limits_default(),
        .fit = profile.fit,
        .start_us = (int64_t)(start_s * 1e6),
        .force_encode = c->conf.force_encode,
    };
    m->job = (struct jail_job){
        .order = &m->order,
        .clip_fd = -1,
        .reel_fd = -1,
        .poster_fd = -1,
        .logo_fd = m->logo_fd,
        .wall_ms = c->conf.attempt_ms,
        .silence_ms = c->conf.silence_ms,
    };
    return 0;
}

int media_job_clip(struct media_job *m, const char *path, struct err *e)
{
    /* O_NONBLOCK: a pipe without a writer would wait here */
    m->clip_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (m->clip_fd < 0 || fstat(m->clip_fd, &m->clip) < 0)
        return err_set(e, ERR_INPUT, "%s", strerror(errno));
    if (S_ISDIR(m->clip.st_mode))
        return err_set(e, ERR_INPUT, "it is a folder");
    if (!S_ISREG(m->clip.st_mode))
        return err_set(e, ERR_INPUT, "it is not a regular file, and a clip must be one");
    if (m->clip.st_size == 0)
        return err_msg(e, MSG_EMPTY_FILE, "0 bytes");
    m->job.clip_fd = m->clip_fd;
    return 0;
}

int media_job_open(struct media_job *m, const struct cli *c, struct err *e)
{
    m->arena = arena_new();
    return parts_open_jail(&m->jail, m->arena, &c->conf, parts_cache(m->arena, &c->conf, false),
                           c->log, NULL, e);
}

void media_job_clear(struct media_job *m)
{
    jail_closep(&m->jail);
    arena_freep(&m->arena);
    fd_closep(&m->clip_fd);
    fd_closep(&m->logo_fd);
}
