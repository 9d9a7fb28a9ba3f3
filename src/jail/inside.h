/* jail/inside: the helper's half: the zygote that waits for jobs, and the layers that a child puts
 * on before it touches a byte. Linked into reelgate-media only. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>

struct err;

/* What a child was given. Numbers are descriptors, -1 when not given. */
struct jail_fds {
    int clip, reel, poster, logo;
    bool far; /* the clip's bytes have to be asked for: jail_fetch */
};
/* Tells the parent how far the child is, 0..1000; cheap to call often, sends at most 20 a second.
 * Each call that moves on feeds the watchdog. Thread-safe. */
void jail_progress(void *ctx, int permille);
/* Asks the service for the packets of a bumper and waits: *fd is then a descriptor that can only be
 * read, and the caller's. -1: the service has none; make them. One thread at a time. */
int jail_bumper(void *ctx, const struct bumper_shape *shape, int *fd, struct err *e);

/* Sees to it that these bytes of the clip are in its file, and waits. Called before each read of a
 * clip that is far. Thread-safe. */
int jail_fetch(void *ctx, int64_t offset, int64_t len, struct err *e);

struct jail_work {
    /* What a kept bumper depends on besides logo and shape: versions, "" for none. */
    const char *media;
    /* Loads whatever is loaded once (codecs, tables) in the zygote, before any job. */
    void (*warm_up)(void);
    /* One job, in a jailed child; its return is the child's result. */
    int (*run)(void *ctx, const struct render_order *order, const struct jail_fds *fds,
               struct render_report *out, struct err *e);
};
/* Serves jobs on the control socket `fd` until it closes, then ends all children; returns the exit
 * status of the helper. Single-threaded. */
int jail_zygote(int fd, const struct jail_work *work);
