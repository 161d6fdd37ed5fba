/* The routing table of an owner: a route to each host that has WireGuard, through the device. A host that is not in it
 * is found in the main table, as if there were no rules that lead to this one. */
#ifndef TSSTACK_NET_WIREGUARD_ROUTES_H
#define TSSTACK_NET_WIREGUARD_ROUTES_H

#include "wish.h"

/* systemd-networkd removes rules and routes that it does not know, and leaves alone what the kernel has made. */
#define WIREGUARD_PROTOCOL RTPROT_KERNEL

/* One for each owner: far from the numbers that people choose, and that the kernel has (0, 253 to 255). */
uint32_t wireguard_table (uint32_t owner);

/* Makes the routes to the hosts of the request, by the link with index DEVICE, the only ones of its family; sets
 * *CHANGED if they were not. */
int wireguard_set_routes (struct netlink *route, const struct wireguard_wish *wish, unsigned device, bool *changed,
                          struct tss_error *error);

#endif
