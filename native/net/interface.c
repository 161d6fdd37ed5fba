#include "interface.h"
#include "../common/cleanup.h"
#include "fields.h"
#include "netns.h"
#include "sysctl.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

void
interface_host_name (const char *sandbox, const char *name, char host_name[LINK_NAME_SIZE])
{
  uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a; 52 bits of it are unique enough among the links of one host */
  const char *parts[] = { sandbox, "/", name };
  for (unsigned i = 0; i < 3; i++)
    for (const char *at = parts[i]; *at != '\0'; at++)
      hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
  snprintf (host_name, LINK_NAME_SIZE, "tv%013" PRIx64, hash >> 12);
}

static int
parse_mac (const json_t *object, struct interface *interface, struct tss_error *error)
{
  const char *text;
  if (!field_present (object, "mac"))
    return 0;
  if (field_string (object, "mac", &text, error) < 0)
    return -1;
  interface->has_mac = address_parse_mac (text, interface->mac);
  return interface->has_mac ? 0 : tss_error_set (error, TSS_ERROR_INVALID, 0, "mac", "field mac: expected six octets");
}

static int
parse_routes (const json_t *object, struct interface *interface, struct tss_error *error)
{
  const json_t *routes;
  if (field_array (object, "routes", &routes, error) < 0)
    return -1;
  if (json_array_size (routes) > INTERFACE_ROUTES)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "routes", "field routes: at most %d", INTERFACE_ROUTES);
  for (size_t i = 0; i < json_array_size (routes); i++)
    {
      const json_t *entry = json_array_get (routes, i);
      struct interface_route *route = &interface->routes[interface->route_count++];
      route->has_gateway = field_present (entry, "gateway");
      if (field_address (entry, "destination", &route->destination, error) < 0
          || (route->has_gateway && field_address (entry, "gateway", &route->gateway, error) < 0))
        return -1;
    }
  return 0;
}

/* The addresses of the array NAME, of which there are at most MOST. */
static int
parse_addresses (const json_t *object, const char *name, struct address *addresses, unsigned most, unsigned *count,
                 struct tss_error *error)
{
  const json_t *list;
  if (field_array (object, name, &list, error) < 0)
    return -1;
  if (json_array_size (list) > most)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, name, "field %s: at most %u", name, most);
  for (size_t i = 0; i < json_array_size (list); i++)
    if (field_address_at (list, i, name, &addresses[(*count)++], error) < 0)
      return -1;
  return 0;
}

/* A bridge, or the link of the host whose wire the interface is on. */
static int
parse_place (const json_t *object, struct interface *interface, struct tss_error *error)
{
  const json_t *parent;
  const char *mode;
  struct link_on_parent *on = &interface->parent;
  if (field_object (object, "parent", &parent, error) < 0)
    return -1;
  if (parent == NULL)
    return field_interface (object, "bridge", &interface->bridge, error);
  if (field_interface (parent, "link", &on->link, error) < 0 || field_string (parent, "kind", &on->kind, error) < 0
      || field_string (parent, "mode", &mode, error) < 0)
    return -1;
  if (!link_parse_mode (on->kind, mode, &on->mode))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "mode", "field mode: %s has no mode %s", on->kind, mode);
  return 0;
}

int
interface_parse (const json_t *object, const char *sandbox, struct interface *interface, struct tss_error *error)
{
  json_int_t mtu;
  *interface = (struct interface){ .isolated = field_boolean (object, "isolated") };
  if (field_interface (object, "name", &interface->name, error) < 0 || parse_place (object, interface, error) < 0
      || field_integer (object, "mtu", 68, 65535, &mtu, error) < 0 || parse_mac (object, interface, error) < 0
      || parse_addresses (object, "addresses", interface->addresses, INTERFACE_ADDRESSES, &interface->address_count,
                          error)
             < 0
      || parse_addresses (object, "gateways", interface->gateways, INTERFACE_GATEWAYS, &interface->gateway_count, error)
             < 0
      || parse_routes (object, interface, error) < 0)
    return -1;
  interface->mtu = (unsigned)mtu;
  interface_host_name (sandbox, interface->name, interface->host_name);
  return 0;
}

static int
create_pair (const struct interface *interface, unsigned bridge, struct netlink *host, struct tss_error *error)
{
  tss_autofd int namespace = netns_open_current (error);
  if (namespace < 0)
    return -1;
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  link_add_pair (&batch, &(struct link_pair){ .host_name = interface->host_name,
                                              .name = interface->name,
                                              .namespace = namespace,
                                              .mtu = interface->mtu,
                                              .mac = interface->has_mac ? interface->mac : NULL });
  link_set_bridge (&batch, interface->host_name, bridge, interface->isolated);
  if (netlink_send (host, &batch, error) == 0)
    return 0;
  if (error->error_number != EEXIST)
    return -1;
  /* A link of this name can only be left over from an attempt that was cut off. */
  if (link_delete_all (host, (const char *const[]){ interface->host_name }, 1, error) < 0)
    return -1;
  return netlink_send (host, &batch, error);
}

static int
ensure_pair (const struct interface *interface, struct netlink *host, struct tss_error *error)
{
  struct link_info bridge;
  bool found;
  if (link_find (host, interface->bridge, &bridge, &found, error) < 0)
    return -1;
  if (!found)
    return tss_error_set (error, TSS_ERROR_NOT_FOUND, 0, interface->bridge, "attach %s: no bridge %s", interface->name,
                          interface->bridge);
  if (if_nametoindex (interface->name) == 0)
    return create_pair (interface, bridge.index, host, error);
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  link_set_bridge (&batch, interface->host_name, bridge.index, interface->isolated);
  return netlink_send (host, &batch, error);
}

static int
ensure_on_parent (const struct interface *interface, struct netlink *host, struct tss_error *error)
{
  struct link_info parent;
  bool found;
  if (if_nametoindex (interface->name) != 0)
    return 0;
  if (link_find (host, interface->parent.link, &parent, &found, error) < 0)
    return -1;
  if (!found)
    return tss_error_set (error, TSS_ERROR_NETWORK, ENODEV, interface->parent.link,
                          "create %s %s: the host has no link %s", interface->parent.kind, interface->name,
                          interface->parent.link);
  tss_autofd int namespace = netns_open_current (error);
  if (namespace < 0)
    return -1;
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  link_add_on_parent (&batch,
                      &(struct link_pair){ .name = interface->name,
                                           .namespace = namespace,
                                           .mtu = interface->mtu,
                                           .mac = interface->has_mac ? interface->mac : NULL },
                      &interface->parent, parent.index);
  return netlink_send (host, &batch, error);
}

static bool
has_ipv6 (const struct interface *interface)
{
  for (unsigned i = 0; i < interface->address_count; i++)
    if (interface->addresses[i].family == AF_INET6)
      return true;
  return false;
}

/* What another container of the network announces is no reason to send it our packets. */
static int
set_ipv6 (const struct interface *interface, struct tss_error *error)
{
  if (!has_ipv6 (interface))
    return sysctl_write_interface ("ipv6", interface->name, "disable_ipv6", "1", error);
  if (sysctl_write_interface ("ipv6", interface->name, "disable_ipv6", "0", error) < 0)
    return -1;
  return sysctl_write_interface ("ipv6", interface->name, "accept_ra", "0", error);
}

int
interface_ensure (const struct interface *interface, struct netlink *host, struct netlink *inside,
                  struct tss_error *error)
{
  int made
      = interface->bridge == NULL ? ensure_on_parent (interface, host, error) : ensure_pair (interface, host, error);
  if (made < 0)
    return -1;
  if (set_ipv6 (interface, error) < 0)
    return -1;
  unsigned index = if_nametoindex (interface->name);
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  link_set_up (&batch, index, interface->name, interface->mtu, NULL);
  for (unsigned i = 0; i < interface->address_count; i++)
    link_add_address (&batch, index, interface->name, &interface->addresses[i]);
  /* First the subnets on the wire: gateways may be in one of them. */
  for (unsigned i = 0; i < interface->route_count; i++)
    {
      const struct interface_route *route = &interface->routes[i];
      link_add_route (&batch, index, &route->destination, route->has_gateway ? &route->gateway : NULL);
    }
  for (unsigned i = 0; i < interface->gateway_count; i++)
    link_add_route (&batch, index, NULL, &interface->gateways[i]);
  return netlink_send (inside, &batch, error);
}
