/* media: opens a stranger's clip and makes a reel of it. Runs only inside the jail: no network, no
 * database, no configuration file, no path names; descriptors in, descriptors out.
 *
 * Built on libavformat, libavcodec, libavfilter and libx264 (FFmpeg 5.1). Not thread-safe as a
 * whole: one call at a time in a process; it makes its own threads inside. */
#pragma once
#include "core/reel.h"

struct err;

struct media_job {
    const struct render_order *order;
    int clip_fd, reel_fd, poster_fd, logo_fd; /* -1: none; see jail/jail.h; borrowed */
    void (*progress)(void *arg, int permille);
    /* Asks for the packets of a bumper (bumper.h has the form of the file): *fd is the caller's
     * then. NULL, or -1 as its answer: they are made here. */
    int (*bumper)(void *arg, const struct bumper_shape *shape, int *fd, struct err *e);
    /* Sees to it that these bytes of the clip are in its file. NULL: all are. From any thread. */
    int (*fetch)(void *arg, int64_t offset, int64_t len, struct err *e);
    void *arg;
};
/* Once in a process, before threads: allow-lists looked up, tables built, locale files touched. */
void media_warm_up(void);
/* Versions of the libraries and of the form of files that a kept bumper depends on. */
const char *media_version(void);
/* Does what order->op says. ERR_INPUT / ERR_UNSUPPORTED and the message when the clip is at fault,
 * ERR_FULL when the reel does not fit, ERR_SYSTEM when we are. */
int media_run(const struct media_job *job, struct render_report *out, struct err *e);
