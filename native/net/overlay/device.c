#include "device.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIAS_SIZE 256 /* the kernel's limit (IFALIASZ) */

void
overlay_device_name (unsigned vni, char name[LINK_NAME_SIZE])
{
  snprintf (name, LINK_NAME_SIZE, "tsx%u", vni);
}

static void
put_port (struct netlink_batch *batch, unsigned port)
{
  uint8_t bytes[2] = { (uint8_t)(port >> 8), (uint8_t)port };
  netlink_put (batch, IFLA_VXLAN_PORT, bytes, sizeof bytes);
}

/* It learns nothing: who is where comes from the manager, and what it does not know it does not send. Whether the outer
 * packet may be fragmented is for the inner one to say, so that a path narrower than our own link is found out. */
static void
add_device (struct netlink_batch *batch, const struct overlay_device *device, const char *name, unsigned bridge)
{
  netlink_begin (batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof (struct ifinfomsg), 0, "create tunnel %s", name);
  netlink_put_string (batch, IFLA_IFNAME, name);
  netlink_put_u32 (batch, IFLA_MTU, device->mtu);
  netlink_put_u32 (batch, IFLA_MASTER, bridge);
  size_t info = netlink_begin_nest (batch, IFLA_LINKINFO);
  netlink_put_string (batch, IFLA_INFO_KIND, "vxlan");
  size_t data = netlink_begin_nest (batch, IFLA_INFO_DATA);
  netlink_put_u32 (batch, IFLA_VXLAN_ID, device->vni);
  netlink_put (batch, device->local.family == AF_INET6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, device->local.bytes,
               address_size (&device->local));
  put_port (batch, device->port);
  netlink_put_u8 (batch, IFLA_VXLAN_LEARNING, 0);
  netlink_put_u8 (batch, IFLA_VXLAN_DF, VXLAN_DF_INHERIT);
  netlink_end_nest (batch, data);
  netlink_end_nest (batch, info);
}

/* The bridge answers for the containers of other hosts, from its own table of neighbours; nothing is flooded. */
static void
set_up_port (struct netlink_batch *batch, const char *name, bool isolated)
{
  netlink_begin (batch, RTM_NEWLINK, 0, sizeof (struct ifinfomsg), 0, "set up tunnel %s", name);
  netlink_put_string (batch, IFLA_IFNAME, name);
  size_t info = netlink_begin_nest (batch, IFLA_LINKINFO);
  netlink_put_string (batch, IFLA_INFO_SLAVE_KIND, "bridge");
  size_t data = netlink_begin_nest (batch, IFLA_INFO_SLAVE_DATA);
  netlink_put_u8 (batch, IFLA_BRPORT_LEARNING, 0);
  netlink_put_u8 (batch, IFLA_BRPORT_UNICAST_FLOOD, 0);
  netlink_put_u8 (batch, IFLA_BRPORT_MCAST_FLOOD, 0);
  netlink_put_u8 (batch, IFLA_BRPORT_BCAST_FLOOD, 0);
  netlink_put_u8 (batch, IFLA_BRPORT_NEIGH_SUPPRESS, 1);
  netlink_put_u8 (batch, IFLA_BRPORT_ISOLATED, isolated);
  netlink_end_nest (batch, data);
  netlink_end_nest (batch, info);
}

/* Its device, in place of one that is not as wanted. */
static int
create (struct netlink *netlink, const struct overlay_device *device, const char *name, unsigned bridge,
        struct tss_error *error)
{
  char alias[ALIAS_SIZE];
  struct netlink_batch batch;
  if ((size_t)snprintf (alias, sizeof alias, "tsstack %s overlay %s", device->owner, device->network) >= sizeof alias)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "network", "field network: too long for the label of a link");
  netlink_batch_init (&batch);
  add_device (&batch, device, name, bridge);
  set_up_port (&batch, name, device->isolated);
  link_set_alias (&batch, name, alias);
  link_set_no_automatic_address (&batch, name);
  link_join_bridge (&batch, name, bridge);
  return netlink_send (netlink, &batch, error);
}

static bool
starts_with (const char *text, const char *start)
{
  return strncmp (text, start, strlen (start)) == 0;
}

int
overlay_device_ensure (struct netlink *netlink, const struct overlay_device *device, unsigned bridge, bool keep,
                       unsigned *index, bool *made, struct tss_error *error)
{
  char name[LINK_NAME_SIZE], ours[ALIAS_SIZE], wanted[ALIAS_SIZE];
  struct link_info info;
  bool found;
  overlay_device_name (device->vni, name);
  snprintf (ours, sizeof ours, "tsstack %s overlay ", device->owner);
  snprintf (wanted, sizeof wanted, "%s%s", ours, device->network);
  if (link_find (netlink, name, &info, &found, error) < 0)
    return -1;
  if (found && !starts_with (info.alias, ours))
    return tss_error_set (error, TSS_ERROR_EXISTS, 0, name, "create tunnel %s: a link of somebody else has this name",
                          name);
  *made = !found || !keep || strcmp (info.alias, wanted) != 0;
  if (found && *made && link_delete_all (netlink, (const char *const[]){ name }, 1, error) < 0)
    return -1;
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  if (!*made)
    {
      link_set_mtu (&batch, name, device->mtu);
      link_join_bridge (&batch, name, bridge);
      set_up_port (&batch, name, device->isolated);
    }
  if ((*made ? create (netlink, device, name, bridge, error) : netlink_send (netlink, &batch, error)) < 0)
    return -1;
  *index = if_nametoindex (name);
  return 0;
}
