/* jail: the only way to have foreign media touched. This half belongs to the service and links no
 * media: it starts the helper program `reelgate-media`, hands descriptors over, listens, and ends
 * what overstays. The other half (jail/inside.h) lives in the helper.
 *
 * The helper is exec'd clean (an environment of its own, all other descriptors closed) before any
 * secret is read, loads the codecs once, and forks one child per job. A helper that died is started
 * again; jobs that it held fail with ERR_SYSTEM and may be tried again. Thread-safe: jobs run side
 * by side. */
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
    unsigned floor;     /* layers without which jail_open fails: bits of enum jail_layer */
    int64_t memory_bytes, cpu_s, file_bytes;
    /* Folder of kept bumpers, made when first used; NULL: none are kept. When it cannot be used the
     * work goes on without. Processes may share it. */
    const char *cache;
    int64_t cache_bytes; /* of all that is kept */
};
/* Starts the helper and learns which layers this machine gives. Call from the main thread while the
 * process has read no secret. ERR_SYSTEM: cannot start; ERR_DENIED: a layer of the floor is
 * missing. */
int jail_open(struct jail **out, const struct jail_conf *c, struct log *l, struct err *e);
/* Counts bumpers that are kept and made; before the first job. */
void jail_count(struct jail *j, struct metrics *m);
/* Ends all children and the helper. */
void jail_close(struct jail *j);
void jail_closep(struct jail **j);
/* Bits of enum jail_layer that hold here; for each that does not, a line of why goes to out (NULL
 * allowed). */
unsigned jail_layers(const struct jail *j, struct buf *out);
const char *jail_layer_name(enum jail_layer l);
/* "seccomp,landlock" -> bits, "none" -> 0. */
int jail_layers_parse(const char *text, unsigned *out, struct err *e);

/* How much is kept in a folder, without a jail; 0 for one that is not there yet. ERR_SYSTEM when it
 * is not to be used: another user's, a symbolic link, not writable. */
int jail_cache_look(const char *folder, int64_t *entries, int64_t *bytes, struct err *e);

/* A clip that lies in another place: a local file, of which each part is written when a child first
 * asks for it. Belongs to one job at a time; what is there stays for the next. */
struct jail_far;
/* fd: read-write, empty; borrowed. read: fills data with len bytes from `at` on, may wait, and is
 * called in a thread of its own. */
int jail_far_new(struct jail_far **out, int fd, int64_t bytes,
                 int (*read)(void *arg, void *data, size_t len, int64_t at, struct err *e),
                 void *arg, struct err *e);
/* Bytes that were read so far. */
int64_t jail_far_bytes(const struct jail_far *f);
void jail_far_free(struct jail_far *f);
void jail_far_freep(struct jail_far **f);

struct jail_job {
    const struct render_order *order;
    int clip_fd;                 /* read-only, seekable; borrowed; -1: RENDER_BUMPER and _LOGO */
    struct jail_far *far;        /* NULL: all of the clip is there; else the same file */
    int reel_fd;                 /* RENDER_MAKE, _BUMPER: read-write, empty; borrowed */
    int poster_fd;               /* or -1; borrowed */
    int logo_fd;                 /* or -1: the built-in mark; borrowed */
    int64_t wall_ms, silence_ms; /* limits: in all, and without progress */
    /* Called in the calling thread at each progress message and at least every 100 ms; permille is
     * 0..1000. Non-zero ends the child at once and the job with ERR_STOPPED. NULL allowed. */
    int (*tick)(void *arg, int permille);
    void *arg;
    const char *request; /* whose work it is, for the log; NULL: nobody's */
};
/* Runs one job in a fresh child and waits for its end. 0 only with a valid report (already checked
 * with render_report_check) and exit status 0. Otherwise -1 and *e: what the child said was wrong
 * with the clip (ERR_INPUT, ERR_UNSUPPORTED and the message of it), or how it ended:
 * MSG_CLIP_HOSTILE (the filter killed it; logged as a security event), MSG_MEMORY_LIMIT,
 * MSG_TIME_LIMIT, MSG_SIZE_LIMIT, MSG_NO_PROGRESS, ERR_STOPPED, ERR_SYSTEM (helper lost, protocol
 * broken); what was wrong when the clip's bytes could not be had. */
int jail_run(struct jail *j, const struct jail_job *job, struct render_report *out, struct err *e);
