/* Which packets go by WireGuard: rules of routing for the port of the tunnels, and a table with a route for each host
 * that has it. A host that is not in the table is found in the main one, as if there were no rules. */
#ifndef TSSTACK_NET_WIREGUARD_RULES_H
#define TSSTACK_NET_WIREGUARD_RULES_H

#include "../address.h"
#include "../netlink.h"

/* Makes the rules for PORT the only ones of OWNER; FAMILY 0: none is left, nor are there routes. */
int wireguard_set_rules (struct netlink *route, uint32_t owner, int family, uint16_t port, struct tss_error *error);

/* Add requests to a batch. DEVICE is the index of the link. */
void wireguard_add_route (struct netlink_batch *batch, uint32_t owner, unsigned device, const struct address *address);
/* One that has gone is no error. */
void wireguard_delete_route (struct netlink_batch *batch, uint32_t owner, const struct address *address);

#endif
