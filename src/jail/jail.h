/* jail: the only way to process media from strangers. This half belongs to the service and links no
 * media library: it starts the helper program `reelgate-media`, hands descriptors to it, listens to
 * it, and ends jobs that exceed their limits. The other half (jail/inside.h) runs in the helper.
 *
 * The helper is executed before the service reads any secret, with its own environment and with all
 * other descriptors closed. It loads the codecs once and forks one child for each job. A helper
 * that died is started again; its jobs fail with ERR_SYSTEM and may be retried. Thread-safe: jobs
 * run concurrently. */
#pragma once
#include "core/reel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct jail;
struct log;
struct metrics;

enum jail_layer {
    JAIL_NAMESPACES = 1, /* user, net, mount, ipc, uts, pid; an empty read-only root */
    JAIL_RLIMITS = 2,
    JAIL_NO_NEW_PRIVS = 4,
    JAIL_LANDLOCK = 8,
    JAIL_SECCOMP = 16,
    JAIL_ALL = 31,
};
struct jail_conf {
    const char *helper; /* path of reelgate-media */
    unsigned floor;     /* bits of enum jail_layer; jail_open fails when one is missing */
    int64_t memory_bytes, cpu_s, file_bytes;
    /* Folder of kept bumpers, made at first use; NULL: none are kept. If the folder cannot be used,
     * jobs run without it. Processes may share it. */
    const char *cache;
    int64_t cache_bytes; /* limit for all kept bumpers */
};
/* Starts the helper and learns which layers this machine supports. Call from the main thread before
 * the process has read any secret. ERR_SYSTEM: the helper cannot start; ERR_DENIED: a layer of the
 * floor is missing. */
int jail_open(struct jail **out, const struct jail_conf *c, struct log *l, struct err *e);
/* Counts cached and made bumpers in m. Call before the first job. */
void jail_count(struct jail *j, struct metrics *m);
/* Ends all children and the helper. */
void jail_close(struct jail *j);
void jail_closep(struct jail **j);
/* Returns the bits of enum jail_layer that hold on this machine. For each layer that does not hold,
 * adds a line with the reason to out (NULL allowed). */
unsigned jail_layers(const struct jail *j, struct buf *out);
const char *jail_layer_name(enum jail_layer l);
/* Parses "seccomp,landlock" into bits; "none" gives 0. */
int jail_layers_parse(const char *text, unsigned *out, struct err *e);

/* Counts the kept bumpers of a folder without opening a jail; a folder that does not exist yet has
 * 0. ERR_SYSTEM: the folder cannot be used: it is another user's, a symbolic link, or not writable.
 */
int jail_cache_look(const char *folder, int64_t *entries, int64_t *bytes, struct err *e);

/* A remote clip: a local file whose blocks are written when a child first asks for them. Belongs to
 * one job at a time; blocks that are present stay for the next job. */
struct jail_far;
/* fd: read-write, empty; borrowed. read fills data with len bytes of the clip from offset `at`. It
 * may wait; a separate thread calls it. */
int jail_far_new(struct jail_far **out, int fd, int64_t bytes,
                 int (*read)(void *arg, void *data, size_t len, int64_t at, struct err *e),
                 void *arg, struct err *e);
/* Bytes that were fetched so far. */
int64_t jail_far_bytes(const struct jail_far *f);
void jail_far_free(struct jail_far *f);
void jail_far_freep(struct jail_far **f);

struct jail_job {
    const struct render_order *order;
    int clip_fd;          /* read-only, seekable; borrowed; -1: RENDER_BUMPER, RENDER_LOGO */
    struct jail_far *far; /* NULL: the whole clip is in clip_fd; else clip_fd is far's file */
    int reel_fd;          /* RENDER_MAKE, RENDER_BUMPER: read-write, empty; borrowed */
    int poster_fd;        /* -1: no poster; borrowed */
    int logo_fd;          /* -1: the built-in mark; borrowed */
    int64_t wall_ms, silence_ms; /* limits: for the whole job; without progress */
    /* The calling thread calls this at each progress message and at least every 100 ms; permille is
     * 0..1000. A non-zero return ends the child at once, and the job fails with ERR_STOPPED. NULL
     * allowed. */
    int (*tick)(void *arg, int permille);
    void *arg;
    const char *request; /* request id for the log; NULL: no request */
};
/* Runs one job in a fresh child and waits for its end. Returns 0 only with exit status 0 and a
 * valid report (already checked with render_report_check). Otherwise returns -1 and *e:
 *   ERR_INPUT, ERR_UNSUPPORTED  a fault of the clip, with the message that the child reported;
 *   MSG_CLIP_HOSTILE            the filter killed the child; logged as a security event;
 *   MSG_MEMORY_LIMIT, MSG_TIME_LIMIT, MSG_SIZE_LIMIT, MSG_NO_PROGRESS
 *                               the job exceeded that limit;
 *   ERR_STOPPED                 tick asked to stop;
 *   ERR_SYSTEM                  the helper was lost, or the protocol was broken;
 *   the error of far's `read`   the clip's bytes could not be fetched. */
int jail_run(struct jail *j, const struct jail_job *job, struct render_report *out, struct err *e);
