/* Plan: the local file has the size of the clip and starts as one hole; a bitmap says which blocks
 * are present. Each block is read from the storage once, so a child causes at most as many bytes of
 * traffic as the clip has, whatever it asks for. The read-ahead grows while requests are
 * sequential: a clip that is read from end to end comes in large pieces, and a clip whose index is
 * looked up comes in small ones.
 *
 * A read may wait for a network, so a separate thread does it while the caller goes on ticking. */
#include "jail/far.h"

#include "core/err.h"
#include "core/fd.h"
#include "core/mem.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum {
    AHEAD_LEAST = 4 * WIRE_BLOCK,
    AHEAD_MOST = 4 << 20,
    AHEAD_PART = 64, /* of the clip: limits the cost of read-ahead */
    TICK_MS = 50,
    /* A child may ask again for blocks that it has forgotten, but not more often than this. */
    ASKS_SPARE = 1000,
};

struct jail_far {
    int fd;
    int64_t bytes, blocks;
    int (*read)(void *arg, void *data, size_t len, int64_t at, struct err *e);
    void *arg;
    unsigned char *there; /* a bit for each block */
    int64_t brought;      /* bytes */
    int64_t next, ahead;  /* end of the last range; current read-ahead */
};

int jail_far_new(struct jail_far **out, int fd, int64_t bytes,
                 int (*read)(void *arg, void *data, size_t len, int64_t at, struct err *e),
                 void *arg, struct err *e)
{
    if (ftruncate(fd, bytes) < 0)
        return err_set(e, ERR_SYSTEM, "a file of %lld bytes: %s", (long long)bytes,
                       strerror(errno));
    struct jail_far *f = mem_new(sizeof(*f));
    *f = (struct jail_far){.fd = fd,
                           .bytes = bytes,
                           .blocks = (bytes + WIRE_BLOCK - 1) / WIRE_BLOCK,
                           .read = read,
                           .arg = arg,
                           .next = -1,
                           .ahead = AHEAD_LEAST};
    f->there = mem_new((size_t)(f->blocks / 8) + 1);
    *out = f;
    return 0;
}

void jail_far_free(struct jail_far *f)
{
    if (!f)
        return;
    free(f->there);
    free(f);
}

void jail_far_freep(struct jail_far **f)
{
    jail_far_free(*f);
    *f = NULL;
}

int64_t jail_far_bytes(const struct jail_far *f)
{
    return f->brought;
}

bool far_wish_fine(const struct jail_far *f, const struct wire_range *wish, int64_t asked)
{
    return asked <= f->blocks + ASKS_SPARE && wish->offset % WIRE_BLOCK == 0 &&
           wish->len % WIRE_BLOCK == 0 && wish->offset < f->bytes &&
           wish->len <= f->blocks * WIRE_BLOCK - wish->offset;
}

static bool is_there(const struct jail_far *f, int64_t block)
{
    return f->there[block / 8] & 1 << block % 8;
}

/* -- one read -- */

struct trip {
    struct jail_far *far;
    int64_t at;
    size_t len;
    int rc;
    struct err e;
};

static int write_at(int fd, const char *data, size_t len, int64_t at, struct err *e)
{
    while (len) {
        ssize_t n = pwrite(fd, data, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == ENOSPC || errno == EDQUOT))
            return err_msg(e, MSG_DISK_FULL, "a far clip: %s", strerror(errno));
        if (n <= 0)
            return err_set(e, ERR_SYSTEM, "a far clip: %s", strerror(errno));
        data += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static void *travel(void *arg)
{
    struct trip *t = arg;
    AUTO(freep) char *data = mem_new(t->len);
    t->rc = t->far->read(t->far->arg, data, t->len, t->at, &t->e);
    if (t->rc == 0)
        t->rc = write_at(t->far->fd, data, t->len, t->at, &t->e);
    return NULL;
}

/* Reads blocks [from, to). */
static int bring_blocks(struct jail_far *f, int64_t from, int64_t to, int (*tick)(void *arg),
                        void *arg, struct err *e)
{
    int64_t at = from * WIRE_BLOCK, end = to * WIRE_BLOCK < f->bytes ? to * WIRE_BLOCK : f->bytes;
    struct trip t = {.far = f, .at = at, .len = (size_t)(end - at)};
    pthread_t thread;
    if (pthread_create(&thread, NULL, travel, &t) != 0)
        return err_set(e, ERR_BUSY, "a far clip: a thread could not be started");
    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_timedjoin_np(thread, NULL, &until) == 0)
            break;
        (void)tick(arg); /* ignored: the read ends by itself, in bounded time */
    }
    if (t.rc < 0)
        return err_pass(e, &t.e);
    f->brought += end - at;
    for (int64_t b = from; b < to; b++)
        f->there[b / 8] |= (unsigned char)(1 << b % 8);
    return 0;
}

/* How far to read on behind a wish. */
static int64_t read_on(struct jail_far *f, const struct wire_range *wish)
{
    int64_t most = f->bytes / AHEAD_PART < AHEAD_MOST ? f->bytes / AHEAD_PART : AHEAD_MOST;
    bool follows = wish->offset == f->next;
    f->ahead = follows ? f->ahead * 2 : AHEAD_LEAST;
    if (f->ahead > most)
        f->ahead = most;
    return f->ahead > AHEAD_LEAST ? f->ahead / WIRE_BLOCK : AHEAD_LEAST / WIRE_BLOCK;
}

int far_bring(struct jail_far *f, const struct wire_range *wish, struct wire_range *there,
              int (*tick)(void *arg), void *arg, struct err *e)
{
    int64_t from = wish->offset / WIRE_BLOCK, needed = from + wish->len / WIRE_BLOCK, to;
    if (!is_there(f, from)) {
        int64_t want = from + read_on(f, wish);
        to = from + 1;
        while (to < f->blocks && (to < needed || to < want) && !is_there(f, to))
            to++;
        if (bring_blocks(f, from, to, tick, arg, e) < 0)
            return -1;
        f->next = to * WIRE_BLOCK;
    } else {
        to = from + 1;
        while (to < needed && is_there(f, to))
            to++;
    }
    /* blocks from earlier children count too */
    int64_t most = from + WIRE_FETCH_MAX / WIRE_BLOCK;
    while (to < f->blocks && to < most && is_there(f, to))
        to++;
    *there = (struct wire_range){from * WIRE_BLOCK, (to - from) * WIRE_BLOCK};
    return 0;
}
