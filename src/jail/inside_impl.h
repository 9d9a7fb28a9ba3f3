/* jail/inside_impl: declarations that the files of the helper's half share. Room-internal. */
#pragma once
#include "jail/inside.h"
#include "jail/wire.h"

#include <stdbool.h>
#include <sys/types.h>

struct buf;

/* A build with a sanitizer needs unlimited address space and a few more system calls. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAIL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JAIL_SANITIZED 1
#endif
#endif
#ifndef JAIL_SANITIZED
#define JAIL_SANITIZED 0
#endif

/* The descriptor numbers in a child. */
enum child_fd {
    CHILD_FD_NULL,
    CHILD_FD_LOG = 2,
    CHILD_FD_CLIP = 3,
    CHILD_FD_REEL,
    CHILD_FD_TALK,
    CHILD_FD_POSTER,
    CHILD_FD_LOGO,
    CHILD_FD_RULES, /* the landlock rule set; closed before the job begins */
    CHILD_FDS
};

/* space.c: name spaces, the empty root, the other uid, no capabilities. */
struct space {
    bool namespaces; /* all name spaces of the layer hold */
    bool own_users;  /* including a user name space */
    char why[160];   /* why name spaces are missing; "" when none are */
};
/* Call before anything is loaded and while there is one thread. With a new process name space, the
 * call returns in a new process, which is the first of that name space and a child of the caller's
 * parent; the calling process exits. */
void space_enter(struct space *s);
/* Call after everything is loaded: makes the root an empty read-only folder and drops all
 * capabilities. */
void space_shut(struct space *s);

/* limits.c: rlimits and landlock. */
struct limits {
    int64_t memory_bytes, cpu_s, file_bytes;
    bool own_users; /* the process limit counts this helper's processes alone */
};
int limits_put_on(const struct limits *l, struct err *e);
/* Makes a rule set that handles all rights this kernel knows and allows none. Returns a descriptor,
 * or -1. */
int landlock_make(struct err *e);
int landlock_put_on(int rules_fd, struct err *e);

/* filter.c: the system calls. */
struct sock_fprog;
/* Compiles the program. The caller keeps it for the life of the process (children inherit it). */
int filter_make(struct sock_fprog *out, struct err *e);
int filter_put_on(const struct sock_fprog *program, struct err *e);

/* zygote.c. `layers` is JAIL_ALL except in tests, which leave out one layer at a time. */
int zygote_serve(int fd, const struct jail_work *work, unsigned layers);

/* child.c */
struct child_setup {
    const struct jail_work *work;
    struct space *space;
    const struct sock_fprog *filter;
    int rules_fd;    /* landlock's, or -1 */
    unsigned layers; /* the layers to put on */
    pid_t parent;    /* the helper's pid, as the child sees it */
};
/* Puts on the layers in *layers, in their order. Removes each layer that fails from *layers and
 * adds a line to why. rules_fd: the rule set's descriptor number in the child. */
void child_layers(const struct child_setup *c, int rules_fd, const struct limits *l,
                  unsigned *layers, struct buf *why);
/* Runs in the fresh fork: puts on the layers and does the job. */
_Noreturn void child_main(const struct child_setup *c, const struct wire_start *start,
                          int fds[WIRE_FDS]);
/* Makes and joins one thread, and calls the libc functions that would open files later. */
void child_warm_up(void);
