/* Checks whether the event threads still answer: connects and asks as a client would. */
#include "http/http.h"

#include "core/fd.h"
#include "core/mem.h"
#include "http/server/request.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static const char question[] = "GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/* Where the server can be reached from here. */
static socklen_t own_address(const struct http *h, struct sockaddr_storage *out)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_LISTEN_FD);
    socklen_t size = sizeof(*out);
    if (!info || getsockname(info->listen_fd, (struct sockaddr *)out, &size) < 0)
        return 0;
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    if (out->ss_family == AF_INET && four->sin_addr.s_addr == htonl(INADDR_ANY))
        four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (out->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
        six->sin6_addr = in6addr_loopback;
    return size;
}

/* All connections are taken: no client gets in until one ends. Each thread has its share of the
 * connections, so another thread may have free ones. */
static bool full(const struct http *h)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info && info->num_connections + h->conf.http_threads >= h->conf.connections;
}

bool http_alive(const struct http *h, int within_ms)
{
    struct sockaddr_storage at = {0};
    socklen_t size = own_address(h, &at);
    if (!size)
        return false;
    AUTO(fd_closep) int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true; /* out of descriptors: busy, and nothing was learned */
    const struct timeval wait = {.tv_sec = within_ms / 1000, .tv_usec = within_ms % 1000 * 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    if (connect(fd, (struct sockaddr *)&at, size) < 0 ||
        send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) < 0)
        return errno == EPIPE || errno == ECONNRESET || full(h);
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    /* a reset without an answer counts: a running server sent it */
    return n >= 0 || errno == ECONNRESET || full(h);
}
