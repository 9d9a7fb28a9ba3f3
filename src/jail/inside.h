/* jail/inside: the helper's half: the zygote, which waits for jobs, and the layers that a child
 * puts on before it reads a byte of the clip. Linked into reelgate-media only. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>

struct err;

/* The descriptors of a child; -1: not given. */
struct jail_fds {
    int clip, reel, poster, logo;
    bool far; /* the clip is remote: call jail_fetch before each read */
};
/* Reports the child's progress, 0..1000, to the parent. Cheap: sends at most 20 messages a second.
 * Each rise of the figure resets the no-progress watchdog. Thread-safe. */
void jail_progress(void *ctx, int permille);
/* Asks the service for the packets of a bumper and waits. *fd is then a read-only descriptor, which
 * the caller closes, or -1: the service has no packets, and the child must make them. One thread at
 * a time. */
int jail_bumper(void *ctx, const struct bumper_shape *shape, int *fd, struct err *e);

/* Waits until these bytes of the clip are in its file. Called before each read of a remote clip.
 * Thread-safe. */
int jail_fetch(void *ctx, int64_t offset, int64_t len, struct err *e);

struct jail_work {
    /* What a kept bumper depends on besides logo and shape: library versions; "" for nothing. */
    const char *media;
    /* Loads, in the zygote and before any job, everything that is loaded once (codecs, tables). */
    void (*warm_up)(void);
    /* Does one job in a jailed child; the return value is the child's result. */
    int (*run)(void *ctx, const struct render_order *order, const struct jail_fds *fds,
               struct render_report *out, struct err *e);
};
/* Serves jobs from the control socket `fd` until it closes, then ends all children. Returns the
 * helper's exit status. Single-threaded. */
int jail_zygote(int fd, const struct jail_work *work);
