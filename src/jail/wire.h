/* jail/wire: what service, helper and child say to each other: small messages over SOCK_SEQPACKET,
 * one message a packet, every number and text written field by field (so no padding of ours leaves,
 * and nothing foreign is believed before it was checked). Room-internal, both halves.
 *
 * Three sockets, so that nobody can speak for another:
 *   control  service <-> helper: HELLO up once, START down with the job's descriptors;
 *   status   one a job, service <-> helper: EXITED up; closing or shutting the service's end means
 *            "kill that child";
 *   talk     one a job, child -> service: PROGRESS, at times WANT, which the service answers with
 *            BUMPER, or FETCH, answered with FETCHED, then RESULT or FAILED. */
#pragma once
#include "core/err.h"
#include "core/reel.h"

#include <stddef.h>
#include <stdint.h>

enum { WIRE_MAX = 4096, WIRE_WHY_SIZE = 1024 };
enum wire_type {
    WIRE_HELLO = 1,
    WIRE_START,
    WIRE_EXITED,
    WIRE_PROGRESS,
    WIRE_RESULT,
    WIRE_FAILED,
    WIRE_WANT,
    WIRE_BUMPER,
    WIRE_FETCH,
    WIRE_FETCHED,
};
/* Of a clip that is not all there; it comes in whole blocks. */
enum { WIRE_BLOCK = 64 * 1024, WIRE_FETCH_MAX = 4 << 20 };
struct wire_range {
    int64_t offset, len;
};
/* Descriptors of a START, in this order; a bit of `fds` says which are there. */
enum wire_fd {
    WIRE_FD_CLIP,
    WIRE_FD_REEL,
    WIRE_FD_POSTER,
    WIRE_FD_LOGO,
    WIRE_FD_TALK,
    WIRE_FD_STATUS,
    WIRE_FD_LOG,
    WIRE_FD_BUMPER, /* of a BUMPER */
    WIRE_FDS
};
struct wire_hello {
    char version[32];
    char media[128];         /* libraries and file forms that kept bumpers depend on */
    unsigned layers;         /* bits of enum jail_layer that hold */
    char why[WIRE_WHY_SIZE]; /* a line for each that does not */
};
struct wire_start {
    struct render_order order;
    int64_t memory_bytes, cpu_s, file_bytes;
    unsigned fds;
    bool far; /* the clip's bytes are to be asked for */
};
struct wire_exited {
    int not_started; /* errno of why there never was a child, else 0 */
    int status;      /* as waitpid gives it */
    int64_t peak_bytes, cpu_us;
    int64_t base_bytes; /* address space of the helper, which each child begins with */
};
struct wire_message {
    enum wire_type type;
    union {
        struct wire_hello hello;
        struct wire_start start;
        struct wire_exited exited;
        int permille;
        struct render_report report;
        struct err failed;
        struct bumper_shape want;
        struct wire_range range; /* FETCH, FETCHED: what is there now, of it and behind it */
        bool given;              /* BUMPER: it comes with the descriptor of a bumper's packets */
    } u;
};

/* Writes m into out; the bytes used. */
size_t wire_encode(const struct wire_message *m, unsigned char out[WIRE_MAX]);
/* ERR_INPUT: not a whole, well-formed message with every value in its range. */
int wire_decode(const void *data, size_t len_bytes, struct wire_message *out, struct err *e);

/* Sends m with descriptors fds[0..fd_count-1] (borrowed). ERR_SYSTEM; *gone (NULL allowed) says
 * whether the other end is. */
int wire_send(int fd, const struct wire_message *m, const int *fds, int fd_count, bool *gone,
              struct err *e);

enum wire_got { WIRE_GOT, WIRE_NOTHING, WIRE_CLOSED, WIRE_BAD };
/* Takes one message without waiting. For START, fds gets WIRE_FDS descriptors of the caller's, -1
 * where none; other messages may bring none. fds NULL: none are taken at all. WIRE_BAD: *e. */
enum wire_got wire_recv(int fd, struct wire_message *out, int *fds, struct err *e);
/* The same, but waits for one; never WIRE_NOTHING. */
enum wire_got wire_wait(int fd, struct wire_message *out, int *fds, struct err *e);
