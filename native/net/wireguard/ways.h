/* What is sent by WireGuard, and to whom: to hosts that have answered. */
#ifndef TSSTACK_NET_WIREGUARD_WAYS_H
#define TSSTACK_NET_WIREGUARD_WAYS_H

#include "peers.h"
#include "wireguard.h"

/* Leads packets of the tunnels to those hosts of WISH that have answered, by PEERS, through the link with index DEVICE;
 * to all others they go by ESP. */
int wireguard_lead (struct wireguard *wireguard, const struct wireguard_wish *wish, const struct wireguard_peers *peers,
                    unsigned device, struct tss_error *error);

#endif
