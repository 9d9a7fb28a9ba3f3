#include "core/err.h"
#include "core/mem.h"
#include "core/str.h"
#include "hook/address.h"
#include "hook/hook.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { URL_MAX = 2000, HOST_MAX = 255 };

static void addresses_free(struct addrinfo **list)
{
    if (*list)
        freeaddrinfo(*list);
}

/* A host that is a number, in any of the ways that resolvers understand ("2130706433", "0x7f.1"),
 * and not a public one. Names are looked at when they are connected to. */
static bool closed_number(const char *host)
{
    const struct addrinfo how = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    AUTO(addresses_free) struct addrinfo *list = NULL;
    return getaddrinfo(host, NULL, &how, &list) == 0 && !address_public(list->ai_addr);
}

static int bad(struct err *e, const char *why)
{
    (void)err_msg(e, MSG_HOOK_URL_BAD, "hook: the address %s", why);
    return err_field(e, "url",
                     "an http or https address of up to %d bytes, without a user, not in "
                     "a private network",
                     URL_MAX);
}

int hook_url_check(const char *url, bool private_too, struct err *e)
{
    char host[HOST_MAX + 1];
    size_t scheme = strncasecmp(url, "https://", 8) == 0  ? 8
                    : strncasecmp(url, "http://", 7) == 0 ? 7
                                                          : 0;
    if (!scheme)
        return bad(e, "is neither http nor https");
    if (strlen(url) > URL_MAX)
        return bad(e, "is too long");
    for (const char *p = url; *p; p++)
        if (*p <= ' ' || *p >= 127 || *p == '\\')
            return bad(e, "has characters that addresses do not have");
    const char *p = url + scheme;
    size_t len = strcspn(p, "/?#");
    if (memchr(p, '@', len))
        return bad(e, "names a user");
    bool bracket = *p == '[';
    size_t host_len = bracket ? strcspn(++p, "]/") : strcspn(p, ":/?#");
    if (host_len == 0 || host_len > HOST_MAX)
        return bad(e, "has no host");
    memcpy(host, p, host_len);
    host[host_len] = 0;
    p += host_len;
    int64_t port;
    if (bracket && *p++ != ']')
        return bad(e, "has a broken host");
    if (*p == ':' && !str_int64((struct str){p + 1, strcspn(p + 1, "/?#")}, 1, 65535, &port))
        return bad(e, "has a broken port");
    if (*p && !strchr(":/?#", *p))
        return bad(e, "has a broken host");
    return !private_too && closed_number(host) ? bad(e, "is in a private network") : 0;
}
