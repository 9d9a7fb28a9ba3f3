/* A media helper for measuring everything but media work (bench/scale): in the real jail, each
 * attempt sleeps. Called sleeper-<ms> (a symbolic link will do) it sleeps as long; 500 ms else. */
#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "jail/inside.h"

#include <time.h>
#include <unistd.h>

enum { SAID_BYTES = 4 }; /* of the reel, which is no reel */
static int64_t sleep_ms = 500;

static int run(void *ctx, const struct render_order *order, const struct jail_fds *fds,
               struct render_report *out, struct err *e)
{
    if (order->op == RENDER_VERIFY) {
        out->receipt.held = RECEIPT_ALL;
        out->in.bytes = SAID_BYTES;
        return 0;
    }
    const struct timespec t = {sleep_ms / 1000, sleep_ms % 1000 * 1000000};
    jail_progress(ctx, 10);
    (void)nanosleep(&t, NULL);
    if (pwrite(fds->reel, "reel", SAID_BYTES, 0) != SAID_BYTES ||
        (fds->poster >= 0 && pwrite(fds->poster, "JPEG", 4, 0) != 4))
        return err_set(e, ERR_SYSTEM, "nothing could be written");
    out->path = PATH_COPY;
    str_copy(out->reason, sizeof(out->reason), "slept");
    return 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    const char *name = strrchr(argv[0], '/');
    if (name && strncmp(name, "/sleeper-", 9) == 0)
        (void)str_int64(str_of(name + 9), 0, 60000, &sleep_ms);
    const struct jail_work work = {.media = "sleeper", .run = run};
    _exit(jail_zygote(3, &work));
}
