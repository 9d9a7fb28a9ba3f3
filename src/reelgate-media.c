/* reelgate-media: the helper that alone touches foreign media; reelgate starts it, people do not.
 */
#include "core/err.h"
#include "jail/inside.h"
#include "media/media.h"

#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL_FD = 3 };

static int run(void *ctx, const struct render_order *order, const struct jail_fds *fds,
               struct render_report *out, struct err *e)
{
    const struct media_job job = {
        .order = order,
        .clip_fd = fds->clip,
        .reel_fd = fds->reel,
        .poster_fd = fds->poster,
        .logo_fd = fds->logo,
        .progress = jail_progress,
        /* only where a reel is made is there something to ask for */
        .bumper = order->op == RENDER_MAKE ? jail_bumper : NULL,
        .fetch = fds->far ? jail_fetch : NULL,
        .arg = ctx,
    };
    return media_run(&job, out, e);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("reelgate-media %s\n", REELGATE_VERSION);
        return 0;
    }
    int type = 0;
    socklen_t size = sizeof(type);
    if (argc != 1 || getsockopt(CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
        type != SOCK_SEQPACKET) {
        fputs("reelgate-media is started by reelgate itself and is of no use alone; see reelgate "
              "help.\n",
              stderr);
        return 2;
    }
    const struct jail_work work = {.media = media_version(), .warm_up = media_warm_up, .run = run};
    /* Not exit(): nothing is left to tidy up, and what libraries do at the end needs files. */
    _exit(jail_zygote(CONTROL_FD, &work));
}
