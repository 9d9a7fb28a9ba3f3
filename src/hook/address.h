/* hook/address: keeps webhooks out of the private network of the server. Call it with the resolved
 * address just before the connection is made, so that a DNS name that changes its address gains
 * nothing (DNS rebinding). Source: the IANA special-purpose address registries (RFC 6890). Pure,
 * thread-safe. */
#pragma once
#include <stdbool.h>

struct sockaddr;

/* Whether the address is public. False for loopback, private, link-local, shared (CGNAT),
 * multicast, documentation and similar addresses, also inside IPv6 addresses that embed an IPv4
 * address. */
bool address_public(const struct sockaddr *sa);
