/* jail/inside_impl: what the files of the helper's half share. Room-internal. */
#pragma once
#include "jail/inside.h"
#include "jail/wire.h"

#include <stdbool.h>
#include <sys/types.h>

struct buf;

/* A build with a sanitizer needs address space without end, and a few system calls more. */
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

/* Where a child finds its descriptors. */
enum child_fd {
    CHILD_FD_NULL,
    CHILD_FD_LOG = 2,
    CHILD_FD_CLIP = 3,
    CHILD_FD_REEL,
    CHILD_FD_TALK,
    CHILD_FD_POSTER,
    CHILD_FD_LOGO,
    CHILD_FD_RULES, /* the landlock rule set, closed before work begins */
    CHILD_FDS
};

/* space.c: name spaces, the empty root, the other uid, no capabilities. */
struct space {
    bool namespaces; /* all that the layer promises */
    bool own_users;  /* a user name space is among them */
    char why[160];   /* what is missing; "" when nothing is */
};
/* Before anything is loaded, single-threaded. In a new process name space the caller's life goes on
 * in a new process, its first, whose parent is the caller's parent; the caller exits. */
void space_enter(struct space *s);
/* After everything is loaded: the root becomes an empty folder that nobody can write, rights go. */
void space_shut(struct space *s);

/* limits.c: rlimits and landlock. */
struct limits {
    int64_t memory_bytes, cpu_s, file_bytes;
    bool own_users; /* processes are counted for us alone */
};
int limits_put_on(const struct limits *l, struct err *e);
/* A rule set that handles all rights this kernel knows and allows none; a descriptor, or -1. */
int landlock_make(struct err *e);
int landlock_put_on(int rules_fd, struct err *e);

/* filter.c: the system calls. */
struct sock_fprog;
/* Compiles the program; kept by the caller for good (children inherit it). */
int filter_make(struct sock_fprog *out, struct err *e);
int filter_put_on(const struct sock_fprog *program, struct err *e);

/* zygote.c. `layers` is JAIL_ALL but in tests, which take out one at a time. */
int zygote_serve(int fd, const struct jail_work *work, unsigned layers);

/* child.c */
struct child_setup {
    const struct jail_work *work;
    struct space *space;
    const struct sock_fprog *filter;
    int rules_fd;    /* landlock's, or -1 */
    unsigned layers; /* which to put on */
    pid_t parent;    /* the helper, as the child sees it */
};
/* Puts on the layers of *layers in their order. Those that fail are taken out of *layers, with a
 * line in why. rules_fd: where the rule set is now. */
void child_layers(const struct child_setup *c, int rules_fd, const struct limits *l,
                  unsigned *layers, struct buf *why);
/* In the fresh fork: puts on the layers and does the job. */
_Noreturn void child_main(const struct child_setup *c, const struct wire_start *start,
                          int fds[WIRE_FDS]);
/* One thread made and joined, the small things of libc touched that would open files later. */
void child_warm_up(void);
