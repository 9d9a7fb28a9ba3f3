/* Clips for the tests of this room, made by the ffmpeg program in a folder of their own. */
#pragma once
#include "core/test/test.h"

#include "media/media.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TEST_SOURCE_ROOT /* the build names it */
#define TEST_SOURCE_ROOT "."
#endif

/* Inputs for ffmpeg: a moving picture, a tone. */
#define CLIP_PICTURE(size, rate, seconds)                                                          \
    "-f lavfi -i testsrc2=s=" size ":r=" rate ":d=" seconds " "
#define CLIP_SOUND(seconds) "-f lavfi -i sine=f=440:r=48000:d=" seconds " "
#define CLIP_X264           "-c:v libx264 -preset ultrafast -pix_fmt yuv420p "

static char clips_dir[64];

static inline int clips_begin(void **state)
{
    (void)state;
    snprintf(clips_dir, sizeof(clips_dir), "/tmp/reelgate-media-XXXXXX");
    return mkdtemp(clips_dir) ? 0 : -1;
}

static inline int clips_end(void **state)
{
    (void)state;
    test_remove_folder(clips_dir);
    return 0;
}

static inline const char *clips_path(const char *name)
{
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", clips_dir, name);
    return path[turn];
}

/* Runs ffmpeg with args (split at blanks) and the clip's path at the end; fails the test when
 * ffmpeg does. */
static inline void clips_make(const char *name, const char *args)
{
    enum { ARGS_MAX = 96 };
    extern char **environ;
    AUTO(freep) char *text = mem_strdup(args);
    const char *argv[ARGS_MAX] = {"ffmpeg", "-nostdin", "-v", "error", "-y"};
    int n = 5;
    char *at = NULL;
    for (char *word = strtok_r(text, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
        assert_true(n < ARGS_MAX - 2);
        argv[n++] = word;
    }
    argv[n++] = clips_path(name);
    pid_t pid;
    int status = -1;
    assert_int_equal(posix_spawnp(&pid, "ffmpeg", NULL, NULL, (char **)argv, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("%s: ffmpeg ended with %d: %s", name, status, args);
}

static inline void clips_write(const char *name, const void *data, size_t len_bytes)
{
    int fd = open(clips_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len_bytes), (ssize_t)len_bytes);
    close(fd);
}

/* Copies a clip, leaving off the end. */
static inline void clips_cut(const char *from, const char *name, int percent)
{
    int fd = open(clips_path(from), O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    size_t n = (size_t)st.st_size * (size_t)percent / 100;
    AUTO(freep) char *data = mem_new(n);
    assert_int_equal(read(fd, data, n), (ssize_t)n);
    close(fd);
    clips_write(name, data, n);
}

/* The folder of real clips, or NULL where there is none. */
static inline const char *clips_real_dir(void)
{
    static char dir[4096];
    const char *env = getenv("REELGATE_TEST_VIDEOS");
    snprintf(dir, sizeof(dir), "%s", env && *env ? env : TEST_SOURCE_ROOT "/../shared/videos");
    return access(dir, R_OK) == 0 ? dir : NULL;
}
