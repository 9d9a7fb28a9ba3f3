#include "hook/address.h"

#include "core/mem.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool public4(uint32_t ip)
{
    static const struct {
        uint32_t net;
        int bits;
    } closed[] = {
        {0x00000000, 8},  /* this host */
        {0x0a000000, 8},  /* private */
        {0x64400000, 10}, /* shared by carriers */
        {0x7f000000, 8},  /* loopback */
        {0xa9fe0000, 16}, /* link-local; clouds tell machines their secrets here */
        {0xac100000, 12}, /* private */
        {0xc0000000, 24}, /* protocol assignments */
        {0xc0000200, 24}, /* documentation */
        {0xc0586300, 24}, /* 6to4 relays */
        {0xc0a80000, 16}, /* private */
        {0xc6120000, 15}, /* benchmarks */
        {0xc6336400, 24}, /* documentation */
        {0xcb007100, 24}, /* documentation */
        {0xe0000000, 3},  /* multicast, reserved, broadcast */
    };
    for (size_t i = 0; i < LEN(closed); i++)
        if ((ip ^ closed[i].net) >> (32 - closed[i].bits) == 0)
            return false;
    return true;
}

static uint32_t number(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Of IPv6 only 2000::/3 is given out to the world. */
static bool public6(const uint8_t ip[16])
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(ip, nat64, sizeof(nat64)) == 0)
        return public4(number(ip + 12));
    if ((ip[0] & 0xe0) != 0x20) /* loopback, mapped, unique local, link-local, multicast ... */
        return false;
    if (ip[0] == 0x20 && ip[1] == 0x02) /* 6to4 */
        return public4(number(ip + 2));
    if (ip[0] == 0x20 && ip[1] == 0x01 && ip[2] < 0x02) /* 2001::/23: Teredo, ORCHID ... */
        return false;
    if (number(ip) == 0x20010db8 || (ip[0] == 0x3f && ip[1] == 0xff && ip[2] < 0x10))
        return false; /* documentation */
    return true;
}

bool address_public(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        return public4(ntohl(in.sin_addr.s_addr));
    }
    if (sa->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 in;
    memcpy(&in, sa, sizeof(in));
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr))
        return public4(number(in.sin6_addr.s6_addr + 12));
    return public6(in.sin6_addr.s6_addr);
}
