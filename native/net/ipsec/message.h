/* Messages to the kernel's IPsec (NETLINK_XFRM): keys for one direction between two hosts, and what has to be
 * encrypted. */
#ifndef TSSTACK_NET_IPSEC_MESSAGE_H
#define TSSTACK_NET_IPSEC_MESSAGE_H

#include "../address.h"
#include "../netlink.h"

#include <linux/xfrm.h>

/* AES-128 with the salt of RFC 4106 behind it. */
#define IPSEC_KEY_SIZE 20

/* Requests that fit into one batch, the largest of them. */
#define IPSEC_BATCH_REQUESTS 8

/* How packets from one host to another are encrypted (a "security association"). */
struct ipsec_association
{
  struct address source, destination;
  uint32_t spi; /* tells it from others to the same destination */
  uint8_t key[IPSEC_KEY_SIZE];
};

/* What may only go encrypted: packets to a UDP port, that leave from, or come to, an address of this host. */
struct ipsec_policy
{
  struct address local;
  uint16_t port;
  uint8_t direction; /* XFRM_POLICY_IN or XFRM_POLICY_OUT */
};

/* What may go without ESP nevertheless: what leaves by a link or to a host alone, or comes with a mark. */
struct ipsec_exception
{
  struct ipsec_policy from;
  unsigned device;     /* index of a link; 0: any */
  struct address peer; /* without a family: any */
  uint32_t mark;       /* 0: any */
};

bool ipsec_is_same_policy (const struct ipsec_policy *a, const struct ipsec_policy *b);
bool ipsec_is_same_exception (const struct ipsec_exception *a, const struct ipsec_exception *b);

/* OWNER, in all that follows, tells whose they are: associations and policies with the same one go together. */
void ipsec_add_association (struct netlink_batch *batch, uint32_t owner, const struct ipsec_association *association);
void ipsec_delete_association (struct netlink_batch *batch, const struct ipsec_association *association);
void ipsec_add_policy (struct netlink_batch *batch, uint32_t owner, const struct ipsec_policy *policy);
void ipsec_delete_policy (struct netlink_batch *batch, const struct ipsec_policy *policy);

void ipsec_add_exception (struct netlink_batch *batch, const struct ipsec_exception *exception);
void ipsec_delete_exception (struct netlink_batch *batch, const struct ipsec_exception *exception);

/* Read a message of a dump; false when it is about nothing of OWNER. */
bool ipsec_read_association (const struct nlmsghdr *message, uint32_t owner, struct ipsec_association *association);
bool ipsec_read_policy (const struct nlmsghdr *message, uint32_t owner, struct ipsec_policy *policy);

/* False when it is no exception from what any owner demands. */
bool ipsec_read_exception (const struct nlmsghdr *message, struct ipsec_exception *exception);

/* Ask for all of them. */
void ipsec_list (struct netlink_batch *batch, uint16_t type);

#endif
