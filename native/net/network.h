/* Networks: a bridge each. */
#ifndef TSSTACK_NET_NETWORK_H
#define TSSTACK_NET_NETWORK_H

#include "address.h"
#include "netlink.h"

#include <jansson.h>

#define NETWORK_ADDRESSES 16

struct network_spec
{
  const char *id, *bridge;
  const char *owner; /* tells the daemons of one machine apart */
  struct address addresses[NETWORK_ADDRESSES];
  unsigned address_count, mtu;
  uint8_t mac[6]; /* fixed: a bridge would otherwise take over the lowest of its ports */
};

/* Reads the request network.ensure. The strings belong to REQUEST. */
int network_parse (const json_t *request, struct network_spec *spec, struct tss_error *error);

/* Makes or corrects the bridge. */
int network_ensure (struct netlink *netlink, const struct network_spec *spec, struct tss_error *error);

/* The bridges and tunnels of OWNER's networks, by what the kernel says: [{"id","bridge"}]. NULL on error. */
json_t *networks_list (struct netlink *netlink, const char *owner, struct tss_error *error);

#endif
