/* Rules of routing: packets of the tunnels are looked up in the table of routes.h before any other. */
#ifndef TSSTACK_NET_WIREGUARD_RULES_H
#define TSSTACK_NET_WIREGUARD_RULES_H

#include "../netlink.h"

/* Makes the rules for PORT the only ones of OWNER; FAMILY 0: none is left. Sets *CHANGED if they were not. */
int wireguard_set_rules (struct netlink *route, uint32_t owner, int family, uint16_t port, bool *changed,
                         struct tss_error *error);

#endif
