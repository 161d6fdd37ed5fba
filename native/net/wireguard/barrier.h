/* What may pass the WireGuard device: packets of the tunnels, and nothing else that another host might send through it.
 */
#ifndef TSSTACK_NET_WIREGUARD_BARRIER_H
#define TSSTACK_NET_WIREGUARD_BARRIER_H

#include "wireguard.h"
#include "wish.h"

/* Packets that have come out of the device have it when IPsec looks at them: what comes in it can tell by nothing else.
 */
#define WIREGUARD_MARK 0x74737767

/* Whose rules are kept, if anybody's. */
bool wireguard_barrier_find (const struct wireguard *wireguard, uint32_t *owner);
bool wireguard_barrier_is_set (const struct wireguard *wireguard, uint32_t owner);
int wireguard_barrier_set (struct wireguard *wireguard, const struct wireguard_wish *wish, const char *link,
                           struct tss_error *error);
int wireguard_barrier_remove (struct wireguard *wireguard, uint32_t owner, struct tss_error *error);

#endif
