/* reelgate: the program that people call. It holds the secret and the database and never opens a
 * clip; that is the business of reelgate-media, which it starts. Signals are handled here: they are
 * blocked for every thread and read from one descriptor. */
#include "cli/cli.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    /* before any thread exists, so that all inherit it */
    if (sigprocmask(SIG_BLOCK, &stop, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        perror("reelgate: signals");
        return CLI_FAILED;
    }
    int fd = signalfd(-1, &stop, SFD_CLOEXEC);
    if (fd < 0) {
        perror("reelgate: signalfd");
        return CLI_FAILED;
    }
    int status = cli_main(argc, argv, environ, fd);
    close(fd);
    return status;
}
