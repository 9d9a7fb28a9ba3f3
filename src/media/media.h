/* media: opens a stranger's clip and makes a reel of it. Runs only inside the jail: no network, no
 * database, no configuration file, no path names; input and output are descriptors.
 *
 * Uses libavformat, libavcodec, libavfilter and libx264 (FFmpeg 5.1). Not thread-safe: make one
 * call at a time in a process; each call makes its own threads. */
#pragma once
#include "core/reel.h"

struct err;

struct media_job {
    const struct render_order *order;
    int clip_fd, reel_fd, poster_fd, logo_fd; /* -1: none; see jail/jail.h; borrowed */
    void (*progress)(void *arg, int permille);
    /* Asks for the packets of a bumper (file format: bumper.h). The caller then owns *fd. NULL, or
     * *fd -1: media makes the packets itself. */
    int (*bumper)(void *arg, const struct bumper_shape *shape, int *fd, struct err *e);
    /* Waits until these bytes of the clip are in its file. NULL: all bytes are there. Called from
     * any thread. */
    int (*fetch)(void *arg, int64_t offset, int64_t len, struct err *e);
    void *arg;
};
/* Call once in a process, before any thread starts: looks up allow-lists, builds tables, opens
 * locale files. */
void media_warm_up(void);
/* The versions of the libraries and of the file format that a kept bumper depends on. */
const char *media_version(void);
/* Does the work of order->op. ERR_INPUT or ERR_UNSUPPORTED with a message: a fault of the clip;
 * ERR_FULL: the reel does not fit; ERR_SYSTEM: a fault of ours. */
int media_run(const struct media_job *job, struct render_report *out, struct err *e);
