/* What the jail's tests share: a jail around the test helper, and jobs in it. */
#pragma once
#include "core/err.h"
#include "core/fd.h"
#include "core/log.h"
#include "core/mem.h"
#include "jail/jail.h"
#include "jail/test/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIP_BYTES = 1000 };

static inline struct jail_conf conf_of(const char *helper, unsigned floor, int64_t memory_bytes)
{
    return (struct jail_conf){.helper = helper,
                              .floor = floor,
                              .memory_bytes = memory_bytes,
                              .cpu_s = 2,
                              .file_bytes = 1 << 20};
}

/* The test helper with only `layers` (by a link whose name says so), or with all. */
static inline struct jail *jail_of(unsigned layers, int64_t memory_bytes, struct log *l)
{
    const char *helper = getenv("REELGATE_TEST_HELPER");
    struct err e = {0};
    struct jail *j = NULL;
    assert_non_null(helper);
    if (layers == JAIL_ALL) { /* by its own name: it can be started again */
        const struct jail_conf all = conf_of(helper, JAIL_ALL, memory_bytes);
        if (jail_open(&j, &all, l, &e) < 0)
            fail_msg("jail_open: %s", e.text);
        return j;
    }
    char link[64] = "/tmp/reelgate-jail-XXXXXX", dir[64];
    if (!mkdtemp(link))
        fail_msg("mkdtemp: %s", strerror(errno));
    snprintf(dir, sizeof(dir), "%s", link);
    snprintf(link + strlen(link), sizeof(link) - strlen(link), "/layers-%u", layers);
    assert_int_equal(symlink(helper, link), 0);
    const struct jail_conf c = conf_of(link, 0, memory_bytes);
    int bad = jail_open(&j, &c, l, &e);
    unlink(link);
    rmdir(dir);
    if (bad < 0)
        fail_msg("jail_open: %s", e.text);
    return j;
}

struct act_job {
    struct render_order order;
    struct jail_job job;
    struct render_report report;
    struct err e;
    int result;
};
static inline int file_of(size_t bytes)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}
static inline void act_init(struct act_job *a, enum act act)
{
    *a = (struct act_job){.order = {.op = RENDER_MAKE,
                                    .profile = profile_default(),
                                    .limits = media_limits_default(),
                                    .start_us = act}};
    a->job = (struct jail_job){.order = &a->order,
                               .clip_fd = file_of(CLIP_BYTES),
                               .reel_fd = file_of(0),
                               .poster_fd = -1,
                               .logo_fd = -1,
                               .wall_ms = 30000,
                               .silence_ms = 20000};
}
static inline void act_clear(struct act_job *a)
{
    fd_closep(&a->job.clip_fd);
    fd_closep(&a->job.reel_fd);
    fd_closep(&a->job.poster_fd);
    fd_closep(&a->job.logo_fd);
}
static inline int act_run(struct act_job *a, struct jail *j)
{
    a->result = jail_run(j, &a->job, &a->report, &a->e);
    return a->result;
}
/* Runs one act to its end: what became of it. */
static inline struct act_job act(struct jail *j, enum act what)
{
    struct act_job a;
    act_init(&a, what);
    act_run(&a, j);
    act_clear(&a);
    return a;
}
#define assert_act_answers(j, what, expected)                                                      \
    do {                                                                                           \
        struct act_job a_ = act(j, what);                                                          \
        if (a_.result < 0)                                                                         \
            print_error("%s: %s\n", #what, a_.e.text);                                             \
        assert_int_equal(a_.result, 0);                                                            \
        assert_int_equal(a_.report.body_us, expected);                                             \
    } while (0)
#define assert_act_fails(j, what, message)                                                         \
    do {                                                                                           \
        struct act_job a_ = act(j, what);                                                          \
        assert_int_equal(a_.result, -1);                                                           \
        if (a_.e.msg != (message))                                                                 \
            print_error("%s: %s\n", #what, a_.e.text);                                             \
        assert_string_equal(msg_slug(a_.e.msg), msg_slug(message));                                \
    } while (0)

/* The first child of a process, 0 when it has none. */
static inline pid_t first_child(pid_t parent)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return 0;
    return (pid_t)strtol(text, NULL, 10);
}
