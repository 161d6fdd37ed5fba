/* The routing tables of an owner: routes to hosts that have WireGuard, through the device. A host that is not in one is
 * found in the main table, as if there were no rules that lead to this one. */
#ifndef TSSTACK_NET_WIREGUARD_ROUTES_H
#define TSSTACK_NET_WIREGUARD_ROUTES_H

#include "wish.h"

/* systemd-networkd removes rules and routes that it does not know, and leaves alone what the kernel has made. */
#define WIREGUARD_PROTOCOL RTPROT_KERNEL

enum wireguard_way
{
  WIREGUARD_OUT = 0x74, /* by which packets are sent: to hosts that have answered */
  WIREGUARD_BACK        /* by which they may come, where that is checked strictly (rp_filter): from all of them */
};

/* One of each for each owner: far from the numbers that people choose, and that the kernel has (0, 253 to 255). */
uint32_t wireguard_table (uint32_t owner, enum wireguard_way way);

/* Makes the routes to the hosts of WISH, by the link with index DEVICE, the only ones of its family in that table; sets
 * *CHANGED if they were not. */
int wireguard_set_routes (struct netlink *route, const struct wireguard_wish *wish, enum wireguard_way way,
                          unsigned device, bool *changed, struct tss_error *error);

#endif
