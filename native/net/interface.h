/* One network interface of a sandbox. */
#ifndef TSSTACK_NET_INTERFACE_H
#define TSSTACK_NET_INTERFACE_H

#include "address.h"
#include "link.h"
#include "netlink.h"

#include <jansson.h>
#include <stdbool.h>

#define INTERFACE_ADDRESSES 16
#define INTERFACE_ROUTES 16
#define INTERFACE_GATEWAYS 2 /* one of each family */

struct interface_route
{
  struct address destination, gateway;
  bool has_gateway;
};

struct interface
{
  const char *name, *bridge;    /* belong to the request; BRIDGE is NULL with a parent */
  struct link_on_parent parent; /* in place of a bridge; its LINK is NULL without one */
  char host_name[LINK_NAME_SIZE];
  uint8_t mac[6];
  bool has_mac;
  bool isolated; /* reaches the host and not its neighbours on the bridge */
  struct address addresses[INTERFACE_ADDRESSES], gateways[INTERFACE_GATEWAYS];
  struct interface_route routes[INTERFACE_ROUTES];
  unsigned address_count, gateway_count, route_count, mtu;
};

/* SANDBOX is the id that the name of the link on the host is derived from. */
int interface_parse (const json_t *object, const char *sandbox, struct interface *interface, struct tss_error *error);

/* Name of the host's end of interface NAME: "tv" and 13 hexadecimal digits. */
void interface_host_name (const char *sandbox, const char *name, char host_name[LINK_NAME_SIZE]);

/* Called in the sandbox's namespace; HOST is netlink of the host, INSIDE of the sandbox. Makes what is missing of the
 * pair and configures it. */
int interface_ensure (const struct interface *interface, struct netlink *host, struct netlink *inside,
                      struct tss_error *error);

#endif
