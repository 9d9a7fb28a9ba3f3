/* cli/media_job: the parts that render and probe share: a clip, the helper, an order.
 * Room-internal. */
#pragma once
#include "core/reel.h"
#include "jail/jail.h"

#include <sys/stat.h>

struct arena;
struct cli;
struct err;

struct media_job {
    struct arena *arena;
    struct jail *jail;
    struct render_order order;
    struct jail_job job; /* job.order points to `order`: do not move a filled struct */
    int clip_fd, logo_fd;
    struct stat clip;
};
#define MEDIA_JOB_NONE                                                                             \
    {                                                                                              \
        .clip_fd = -1, .logo_fd = -1, .job = {                                                     \
            .clip_fd = -1,                                                                         \
            .reel_fd = -1,                                                                         \
            .poster_fd = -1,                                                                       \
            .logo_fd = -1                                                                          \
        }                                                                                          \
    }
/* Fills the order from the settings; ERR_INPUT means wrong usage. */
int media_job_wish(struct media_job *m, const struct cli *c, struct err *e);
/* Opens the clip: ERR_INPUT when it is missing, unreadable, not a regular file, or empty. */
int media_job_clip(struct media_job *m, const char *path, struct err *e);
/* Starts the helper. */
int media_job_open(struct media_job *m, const struct cli *c, struct err *e);
void media_job_clear(struct media_job *m);
