/* The VXLAN device of a network: a port of its bridge, behind which the containers of other hosts are. */
#ifndef TSSTACK_NET_OVERLAY_DEVICE_H
#define TSSTACK_NET_OVERLAY_DEVICE_H

#include "../address.h"
#include "../link.h"

struct overlay_device
{
  const char *network, *owner; /* for the label; belong to the request */
  struct address local;        /* this end of the tunnels */
  unsigned vni, port, mtu;
  bool isolated; /* no container here reaches one elsewhere; the hosts do */
};

/* "tsx" and the number of the network: what the kernel lets exist only once. */
void overlay_device_name (unsigned vni, char name[LINK_NAME_SIZE]);

/* Makes the device, as a port of the bridge with index BRIDGE, or corrects it. One of the same number that OWNER has
 * left makes way; KEEP: one of the same network is right as it is. *INDEX is its index, *MADE whether it is new and
 * empty. */
int overlay_device_ensure (struct netlink *netlink, const struct overlay_device *device, unsigned bridge, bool keep,
                           unsigned *index, bool *made, struct tss_error *error);

#endif
