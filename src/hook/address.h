/* hook/address: where a webhook may not go: into the network that this server stands in. Asked for
 * the address that a connection is about to be made to, so that a name which points elsewhere the
 * second time gains nothing. Sources: the IANA special-purpose address registries (RFC 6890). Pure,
 * thread-safe. */
#pragma once
#include <stdbool.h>

struct sockaddr;

/* Whether everybody may reach it: false for loopback, private, link-local, shared (CGNAT),
 * multicast, documentation and the like, also inside IPv6 addresses that carry one of IPv4. */
bool address_public(const struct sockaddr *sa);
