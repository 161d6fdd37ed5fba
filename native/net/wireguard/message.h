/* Messages to the kernel's WireGuard (generic netlink). */
#ifndef TSSTACK_NET_WIREGUARD_MESSAGE_H
#define TSSTACK_NET_WIREGUARD_MESSAGE_H

#include "../address.h"
#include "../netlink.h"

#include <linux/wireguard.h>

/* Another host. */
struct wireguard_peer
{
  struct address address; /* where it is, and all that it may say it is */
  uint16_t port;          /* of UDP, at which its WireGuard listens */
  uint8_t key[WG_KEY_LEN];
};

/* One that the kernel has. */
struct wireguard_known_peer
{
  struct wireguard_peer peer; /* its address without a family, and without a port, where they are not as they are set */
  bool is_kept_alive;         /* it is sent something from time to time */
  bool has_answered;          /* there has been a handshake */
};

/* Asks for the number that messages to WireGuard have as their type; the kernel loads the module for that. */
void wireguard_ask_family (struct netlink_batch *batch);
bool wireguard_read_family (const struct nlmsghdr *message, uint16_t *family);

/* Requests that fit into one batch, the largest of them. */
#define WIREGUARD_BATCH_REQUESTS 16

/* LINK, in all that follows, is the name of a device. */
void wireguard_set_device (struct netlink_batch *batch, uint16_t family, const char *link,
                           const uint8_t private_key[WG_KEY_LEN], uint16_t listen);
/* KEEP_ALIVE: seconds between packets that are sent for no other reason, and the first one at once; 0: none. */
void wireguard_set_peer (struct netlink_batch *batch, uint16_t family, const char *link,
                         const struct wireguard_peer *peer, uint16_t keep_alive);
/* One that is not there is no error. */
void wireguard_remove_peer (struct netlink_batch *batch, uint16_t family, const char *link,
                            const uint8_t key[WG_KEY_LEN]);

void wireguard_list_peers (struct netlink_batch *batch, uint16_t family, const char *link);
/* Calls VISITOR for each peer in a message of the answer. */
void wireguard_read_peers (const struct nlmsghdr *message, uint16_t family,
                           void (*visitor) (const struct wireguard_known_peer *peer, void *context), void *context);

#endif
