/* The other hosts of a WireGuard device: those that the kernel has, and what has to be made of them. */
#ifndef TSSTACK_NET_WIREGUARD_PEERS_H
#define TSSTACK_NET_WIREGUARD_PEERS_H

#include "../../common/buffer.h"
#include "device.h"

struct wireguard_peers
{
  uint16_t family;
  struct buffer known; /* struct wireguard_known_peer */
};

int wireguard_peers_list (struct wireguard_peers *peers, struct wireguard_kernel *kernel, const char *link,
                          struct tss_error *error);

/* Has there been a handshake with it, where it is? */
bool wireguard_peers_have_answer (const struct wireguard_peers *peers, const struct wireguard_peer *peer);

/* As if there had been none. */
void wireguard_peers_doubt (struct wireguard_peers *peers, const struct wireguard_peer *peer);

/* Begins a handshake with a peer, which the kernel tries again each 5 s for 90 s. */
void wireguard_peers_greet (struct netlink_batch *batch, const struct wireguard_kernel *kernel, const char *link,
                            const struct wireguard_peer *peer);

/* Adds those of the request that are not there. One that is as it should be is left alone, with its session. */
int wireguard_peers_add (const struct wireguard_peers *peers, struct wireguard_kernel *kernel,
                         const struct wireguard_wish *wish, const char *link, struct tss_error *error);

/* Removes those that the request does not have. */
int wireguard_peers_remove (const struct wireguard_peers *peers, struct wireguard_kernel *kernel,
                            const struct wireguard_wish *wish, const char *link, struct tss_error *error);

void wireguard_peers_free (struct wireguard_peers *peers);

#endif
