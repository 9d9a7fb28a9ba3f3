/* The disks that the blob tests run on, each in a process of its own: the machine's, one of a few
 * megabytes that nobody else writes to, and one where the kernel lets no nameless file get a name
 * (/proc/self/fd is hidden), so that both ways of writing are held to the same facts. */
#pragma once
#include "blob/test/swift.h"
#include "blob/test/world.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

enum { MB = 1 << 20, SMALL_DISK = 8 * MB };

struct place {
    const char *name;
    const char *parent; /* where the folders of the tests lie */
    bool small;         /* parent is a disk of SMALL_DISK bytes, nobody else writes to it */
    bool named;         /* unfinished files have names */
    bool s3;            /* a server's, which is started here */
};
static const struct place place_disk = {.name = "disk", .parent = "/tmp"};
static const struct place place_small = {.name = "small disk", .parent = "/mnt", .small = true};
static const struct place place_small_named = {
    .name = "small disk, no nameless files", .parent = "/mnt", .small = true, .named = true};
static const struct place place_s3 __attribute__((unused)) = {.name = "S3", .s3 = true};
/* Where this process is. */
static const struct place *place __attribute__((unused));

static inline int place_set_up(void **state)
{
    struct world *w = mem_new(sizeof(*w));
    if (place->s3)
        world_init_s3(w);
    else
        world_init(w, place->parent);
    *state = w;
    return 0;
}

static inline int place_tear_down(void **state)
{
    world_clear(*state);
    free(*state);
    return 0;
}

static inline int place_write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
    close(fd);
    return rc;
}

/* A mount space of our own; without rights through a user space of our own as well. */
static inline int place_own_mounts(void)
{
    char users[64], groups[64];
    snprintf(users, sizeof(users), "0 %d 1", (int)geteuid());
    snprintf(groups, sizeof(groups), "0 %d 1", (int)getegid());
    if (unshare(CLONE_NEWNS) < 0 && (unshare(CLONE_NEWNS | CLONE_NEWUSER) < 0 ||
                                     place_write_file("/proc/self/setgroups", "deny") < 0 ||
                                     place_write_file("/proc/self/uid_map", users) < 0 ||
                                     place_write_file("/proc/self/gid_map", groups) < 0))
        return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static inline int place_go_to(const struct place *p)
{
    char size[32];
    if (p->s3) {
        world_s3 = swift_start();
        return 0;
    }
    snprintf(size, sizeof(size), "size=%d", SMALL_DISK);
    if (p->small && (place_own_mounts() < 0 || mount("none", p->parent, "tmpfs", 0, size) < 0))
        return -1;
    return p->named ? mount("none", "/proc/self/fd", "tmpfs", 0, "size=4k") : 0;
}

#define FACT(f) cmocka_unit_test_setup_teardown(f, place_set_up, place_tear_down)

/* Runs the facts at p; 0 or 1. */
static inline int place_run(const struct place *p, int (*facts)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        place = p;
        if (place_go_to(p) < 0) {
            fprintf(stderr, "%s: cannot be made: %s\n", p->name, strerror(errno));
            exit(1);
        }
        int failed = facts();
        swift_stop();
        exit(failed != 0);
    }
    int status = -1;
    return child < 0 || waitpid(child, &status, 0) != child || status != 0;
}
