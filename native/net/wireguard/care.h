/* What happens without a request: hosts answer, or do not, and somebody takes the device away. */
#ifndef TSSTACK_NET_WIREGUARD_CARE_H
#define TSSTACK_NET_WIREGUARD_CARE_H

#include "peers.h"
#include "wireguard.h"

/* Takes over what a predecessor has left. The caller has set loop, route, ipsec and tables. */
int wireguard_open (struct wireguard *wireguard, struct tss_error *error);
void wireguard_close (struct wireguard *wireguard);

/* Looks at the hosts of WISH until all of them have answered; PEERS is how it is now. */
void wireguard_care (struct wireguard *wireguard, const struct wireguard_wish *wish,
                     const struct wireguard_peers *peers);

/* Follows the handshakes that are begun from now on. What is lost without them is only that a host that has answered is
 * found not to do so any more, which is said. */
void wireguard_follow (struct wireguard *wireguard, const struct wireguard_wish *wish);

/* Nothing is to be looked after any more. */
void wireguard_forget (struct wireguard *wireguard);

#endif
