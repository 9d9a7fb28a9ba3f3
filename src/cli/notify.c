#include "cli/notify.h"

#include "core/str.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The protocol is one datagram and is documented as stable; libsystemd would cost the idle service
 * more memory than its whole database does. */
void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || (*path != '/' && *path != '@'))
        return;
    size_t n = strlen(path);
    if (n >= sizeof(to.sun_path))
        return;
    memcpy(to.sun_path, path, n);
    if (*path == '@')
        to.sun_path[0] = 0; /* abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len);
    close(fd);
}

int notify_interval_ms(void)
{
    const char *limit = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    int64_t us, pid;
    if (!limit || !str_int64(str_of(limit), 1, INT64_MAX, &us))
        return -1;
    if (whose && (!str_int64(str_of(whose), 1, INT_MAX, &pid) || pid != getpid()))
        return -1;
    int64_t ms = us / 2000;
    return ms < 1 ? 1 : ms > INT_MAX ? INT_MAX : (int)ms;
}
