#include "core/net.h"

#include "core/err.h"
#include "core/str.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int net_listen(const char *text, int *port, bool *local, struct err *e)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    int64_t number;
    if (!colon || !str_int64(str_of(colon + 1), 0, 65535, &number))
        return err_set(e, ERR_INPUT, "listen: \"%s\" is not address:port", text);
    size_t n = (size_t)(colon - text);
    bool six = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    snprintf(host, sizeof(host), "%.*s", (int)(six ? n - 2 : n), six ? text + 1 : text);
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int r = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &list);
    if (r != 0)
        return err_set(e, ERR_INPUT, "listen: %s: %s", text, gai_strerror(r));
    const int yes = 1, no = 0;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && list->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } at = {0};
    socklen_t size = sizeof(at);
    bool ok = fd >= 0 && bind(fd, list->ai_addr, list->ai_addrlen) == 0 &&
              listen(fd, SOMAXCONN) == 0 && getsockname(fd, &at.any, &size) == 0;
    freeaddrinfo(list);
    if (!ok) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        (void)err_set(e, ERR_SYSTEM, "listen: %s: %s", text, strerror(why));
        errno = why;
        return -1;
    }
    bool is_six = at.any.sa_family == AF_INET6;
    in_port_t net_port = is_six ? at.six.sin6_port : at.four.sin_port;
    *port = ntohs(net_port);
    *local = is_six ? IN6_IS_ADDR_LOOPBACK(&at.six.sin6_addr)
                    : ntohl(at.four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return fd;
}
