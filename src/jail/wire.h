/* jail/wire: the messages between service, helper and child, over SOCK_SEQPACKET, one message in
 * each packet. Every number and text is written field by field, so that no padding of ours leaks
 * and no foreign value is used before it is checked. Room-internal, both halves.
 *
 * Three sockets, so that no process can speak for another:
 *   control  service <-> helper: HELLO up once, START down with the job's descriptors;
 *   status   one for each job, service <-> helper: EXITED up; when the service closes or shuts its
 *            end, the helper kills that child;
 *   talk     one for each job, child -> service: PROGRESS; at times WANT, which the service answers
 *            with BUMPER, or FETCH, answered with FETCHED; at the end RESULT or FAILED. */
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
/* For a remote clip; its bytes come in whole blocks. */
enum { WIRE_BLOCK = 64 * 1024, WIRE_FETCH_MAX = 4 << 20 };
struct wire_range {
    int64_t offset, len;
};
/* The descriptors of a START, in this order; bits of `fds` say which are present. */
enum wire_fd {
    WIRE_FD_CLIP,
    WIRE_FD_REEL,
    WIRE_FD_POSTER,
    WIRE_FD_LOGO,
    WIRE_FD_TALK,
    WIRE_FD_STATUS,
    WIRE_FD_LOG,
    WIRE_FD_BUMPER, /* of a BUMPER message */
    WIRE_FDS
};
struct wire_hello {
    char version[32];
    char media[128]; /* versions of libraries and file formats that kept bumpers depend on */
    unsigned layers; /* bits of enum jail_layer that hold */
    char why[WIRE_WHY_SIZE]; /* one line for each layer that does not hold */
};
struct wire_start {
    struct render_order order;
    int64_t memory_bytes, cpu_s, file_bytes;
    unsigned fds;
    bool far; /* the clip is remote; the child must FETCH its bytes */
};
struct wire_exited {
    int not_started; /* errno when no child could be started, else 0 */
    int status;      /* as waitpid returns it */
    int64_t peak_bytes, cpu_us;
    int64_t base_bytes; /* address space of the helper, with which each child begins */
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
        struct wire_range range; /* FETCH: the range asked for; FETCHED: blocks present now, perhaps
                                    more than asked */
        bool given; /* BUMPER: the message carries a descriptor of a bumper's packets */
    } u;
};

/* Writes m into out. Returns the number of bytes. */
size_t wire_encode(const struct wire_message *m, unsigned char out[WIRE_MAX]);
/* ERR_INPUT: the data is not one complete, well-formed message with every value in its range. */
int wire_decode(const void *data, size_t len_bytes, struct wire_message *out, struct err *e);

/* Sends m with the descriptors fds[0..fd_count-1] (borrowed). ERR_SYSTEM; *gone (NULL allowed) says
 * whether the other end is closed. */
int wire_send(int fd, const struct wire_message *m, const int *fds, int fd_count, bool *gone,
              struct err *e);

enum wire_got { WIRE_GOT, WIRE_NOTHING, WIRE_CLOSED, WIRE_BAD };
/* Receives one message without waiting. With START, fds receives WIRE_FDS descriptors, which the
 * caller closes, -1 for each absent one; other messages may bring none. fds NULL: no descriptor is
 * accepted. WIRE_BAD: *e says why. */
enum wire_got wire_recv(int fd, struct wire_message *out, int *fds, struct err *e);
/* Like wire_recv, but waits for a message; never returns WIRE_NOTHING. */
enum wire_got wire_wait(int fd, struct wire_message *out, int *fds, struct err *e);
