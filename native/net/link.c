#include "link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

/* Links on their way out are collected in this group ("ts"), so that one request deletes them all. */
#define DOOMED_GROUP 0x74730000u

static const struct rtattr *
find_attribute (const struct rtattr *attribute, int length, unsigned short type)
{
  for (; RTA_OK (attribute, length); attribute = RTA_NEXT (attribute, length))
    if ((attribute->rta_type & NLA_TYPE_MASK) == type)
      return attribute;
  return NULL;
}

static void
read_link (const struct nlmsghdr *message, void *context)
{
  struct link_info *info = context;
  if (message->nlmsg_type != RTM_NEWLINK)
    return;
  const struct ifinfomsg *link = NLMSG_DATA (message);
  info->index = (unsigned)link->ifi_index;
  const struct rtattr *alias = find_attribute (IFLA_RTA (link), (int)IFLA_PAYLOAD (message), IFLA_IFALIAS);
  if (alias != NULL)
    strncpy (info->alias, RTA_DATA (alias), sizeof info->alias - 1);
  const struct rtattr *mac = find_attribute (IFLA_RTA (link), (int)IFLA_PAYLOAD (message), IFLA_ADDRESS);
  if (mac != NULL && RTA_PAYLOAD (mac) == sizeof info->mac)
    memcpy (info->mac, RTA_DATA (mac), sizeof info->mac);
  const struct rtattr *details = find_attribute (IFLA_RTA (link), (int)IFLA_PAYLOAD (message), IFLA_LINKINFO);
  if (details == NULL)
    return;
  const struct rtattr *kind = find_attribute (RTA_DATA (details), (int)RTA_PAYLOAD (details), IFLA_INFO_KIND);
  if (kind != NULL)
    strncpy (info->kind, RTA_DATA (kind), sizeof info->kind - 1);
}

int
link_find (struct netlink *netlink, const char *name, struct link_info *info, bool *found, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  *info = (struct link_info){ 0 };
  netlink_begin (&batch, RTM_GETLINK, 0, sizeof (struct ifinfomsg), ENODEV, "find link %s", name);
  netlink_put_string (&batch, IFLA_IFNAME, name);
  netlink_put_u32 (&batch, IFLA_EXT_MASK, 1u << 3 /* RTEXT_FILTER_SKIP_STATS */);
  int result = netlink_dump (netlink, &batch, read_link, info, error);
  *found = info->index != 0;
  return result;
}

struct listing
{
  link_visitor visitor;
  void *context;
};

static void
visit_link (const struct nlmsghdr *message, void *context)
{
  const struct listing *listing = context;
  if (message->nlmsg_type != RTM_NEWLINK)
    return;
  const struct ifinfomsg *link = NLMSG_DATA (message);
  int length = (int)IFLA_PAYLOAD (message);
  const struct rtattr *name = find_attribute (IFLA_RTA (link), length, IFLA_IFNAME);
  const struct rtattr *alias = find_attribute (IFLA_RTA (link), length, IFLA_IFALIAS);
  if (name != NULL)
    listing->visitor (RTA_DATA (name), alias == NULL ? NULL : RTA_DATA (alias), listing->context);
}

int
link_list (struct netlink *netlink, link_visitor visitor, void *context, struct tss_error *error)
{
  struct netlink_batch batch;
  struct listing listing = { visitor, context };
  netlink_batch_init (&batch);
  netlink_begin (&batch, RTM_GETLINK, NLM_F_DUMP, sizeof (struct ifinfomsg), 0, "list links");
  netlink_put_u32 (&batch, IFLA_EXT_MASK, 1u << 3 /* RTEXT_FILTER_SKIP_STATS */);
  return netlink_dump (netlink, &batch, visit_link, &listing, error);
}

/* IPv6 gives a link an address as soon as it is up; a port of a bridge has no use for one. */
static void
put_no_automatic_address (struct netlink_batch *batch)
{
  if (access ("/proc/sys/net/ipv6", F_OK) < 0)
    return;
  size_t families = netlink_begin_nest (batch, IFLA_AF_SPEC);
  size_t family = netlink_begin_nest (batch, AF_INET6);
  netlink_put_u8 (batch, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  netlink_end_nest (batch, family);
  netlink_end_nest (batch, families);
}

void
link_add_bridge (struct netlink_batch *batch, const char *name, unsigned mtu, const uint8_t *mac)
{
  struct ifinfomsg *link
      = netlink_begin (batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link, 0, "create bridge %s", name);
  link->ifi_flags = link->ifi_change = IFF_UP;
  netlink_put_string (batch, IFLA_IFNAME, name);
  netlink_put_u32 (batch, IFLA_MTU, mtu);
  if (mac != NULL)
    netlink_put (batch, IFLA_ADDRESS, mac, 6);
  size_t info = netlink_begin_nest (batch, IFLA_LINKINFO);
  netlink_put_string (batch, IFLA_INFO_KIND, "bridge");
  netlink_end_nest (batch, info);
}

void
link_set_alias (struct netlink_batch *batch, const char *name, const char *alias)
{
  netlink_begin (batch, RTM_SETLINK, 0, sizeof (struct ifinfomsg), 0, "label link %s", name);
  netlink_put_string (batch, IFLA_IFNAME, name);
  netlink_put_string (batch, IFLA_IFALIAS, alias);
}

/* The far end is made in its namespace at once; moving it there later would cost a grace period. */
void
link_add_pair (struct netlink_batch *batch, const struct link_pair *pair)
{
  netlink_begin (batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof (struct ifinfomsg), 0, "create link %s",
                 pair->host_name);
  netlink_put_string (batch, IFLA_IFNAME, pair->host_name);
  netlink_put_u32 (batch, IFLA_MTU, pair->mtu);
  size_t info = netlink_begin_nest (batch, IFLA_LINKINFO);
  netlink_put_string (batch, IFLA_INFO_KIND, "veth");
  size_t data = netlink_begin_nest (batch, IFLA_INFO_DATA);
  size_t peer = netlink_begin_nest (batch, VETH_INFO_PEER);
  netlink_put_raw (batch, sizeof (struct ifinfomsg));
  netlink_put_string (batch, IFLA_IFNAME, pair->name);
  netlink_put_u32 (batch, IFLA_NET_NS_FD, (uint32_t)pair->namespace);
  netlink_put_u32 (batch, IFLA_MTU, pair->mtu);
  if (pair->mac != NULL)
    netlink_put (batch, IFLA_ADDRESS, pair->mac, 6);
  netlink_end_nest (batch, peer);
  netlink_end_nest (batch, data);
  netlink_end_nest (batch, info);
}

static const struct
{
  const char *kind, *name;
  unsigned mode;
} parent_modes[] = {
  { "macvlan", "bridge", MACVLAN_MODE_BRIDGE }, { "macvlan", "private", MACVLAN_MODE_PRIVATE },
  { "macvlan", "vepa", MACVLAN_MODE_VEPA },     { "macvlan", "passthru", MACVLAN_MODE_PASSTHRU },
  { "ipvlan", "l2", IPVLAN_MODE_L2 },           { "ipvlan", "l3", IPVLAN_MODE_L3 },
  { "ipvlan", "l3s", IPVLAN_MODE_L3S },
};

bool
link_parse_mode (const char *kind, const char *name, unsigned *mode)
{
  for (size_t i = 0; i < sizeof parent_modes / sizeof parent_modes[0]; i++)
    if (strcmp (kind, parent_modes[i].kind) == 0 && strcmp (name, parent_modes[i].name) == 0)
      {
        *mode = parent_modes[i].mode;
        return true;
      }
  return false;
}

void
link_add_on_parent (struct netlink_batch *batch, const struct link_pair *pair, const struct link_on_parent *on,
                    unsigned parent)
{
  netlink_begin (batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof (struct ifinfomsg), 0, "create %s on link %s",
                 on->kind, on->link);
  netlink_put_string (batch, IFLA_IFNAME, pair->name);
  netlink_put_u32 (batch, IFLA_LINK, parent);
  netlink_put_u32 (batch, IFLA_NET_NS_FD, (uint32_t)pair->namespace);
  netlink_put_u32 (batch, IFLA_MTU, pair->mtu);
  if (pair->mac != NULL)
    netlink_put (batch, IFLA_ADDRESS, pair->mac, 6);
  size_t info = netlink_begin_nest (batch, IFLA_LINKINFO);
  netlink_put_string (batch, IFLA_INFO_KIND, on->kind);
  size_t data = netlink_begin_nest (batch, IFLA_INFO_DATA);
  uint16_t narrow = (uint16_t)on->mode;
  if (strcmp (on->kind, "macvlan") == 0)
    netlink_put_u32 (batch, IFLA_MACVLAN_MODE, on->mode);
  else
    netlink_put (batch, IFLA_IPVLAN_MODE, &narrow, sizeof narrow);
  netlink_end_nest (batch, data);
  netlink_end_nest (batch, info);
}

void
link_set_up (struct netlink_batch *batch, unsigned index, const char *name, unsigned mtu, const uint8_t *mac)
{
  struct ifinfomsg *link = netlink_begin (batch, RTM_NEWLINK, 0, sizeof *link, 0, "bring up link %s", name);
  link->ifi_index = (int)index;
  link->ifi_flags = link->ifi_change = IFF_UP;
  if (mtu != 0)
    netlink_put_u32 (batch, IFLA_MTU, mtu);
  if (mac != NULL)
    netlink_put (batch, IFLA_ADDRESS, mac, 6);
}

void
link_set_no_automatic_address (struct netlink_batch *batch, const char *name)
{
  netlink_begin (batch, RTM_SETLINK, 0, sizeof (struct ifinfomsg), 0, "set up addresses of link %s", name);
  netlink_put_string (batch, IFLA_IFNAME, name);
  put_no_automatic_address (batch);
}

void
link_join_bridge (struct netlink_batch *batch, const char *name, unsigned bridge)
{
  struct ifinfomsg *link = netlink_begin (batch, RTM_SETLINK, 0, sizeof *link, 0, "attach link %s", name);
  link->ifi_flags = link->ifi_change = IFF_UP;
  netlink_put_string (batch, IFLA_IFNAME, name);
  netlink_put_u32 (batch, IFLA_MASTER, bridge);
  put_no_automatic_address (batch);
}

/* Hairpin mode: with br_netfilter, a container's connection to its own published port is translated before the bridge,
 * which then has to send the frame back through the port that it came from. */
void
link_set_bridge (struct netlink_batch *batch, const char *name, unsigned bridge, bool isolated)
{
  link_join_bridge (batch, name, bridge);
  netlink_begin (batch, RTM_NEWLINK, 0, sizeof (struct ifinfomsg), 0, "set up port %s", name);
  netlink_put_string (batch, IFLA_IFNAME, name);
  size_t info = netlink_begin_nest (batch, IFLA_LINKINFO);
  netlink_put_string (batch, IFLA_INFO_SLAVE_KIND, "bridge");
  size_t data = netlink_begin_nest (batch, IFLA_INFO_SLAVE_DATA);
  netlink_put_u8 (batch, IFLA_BRPORT_MODE, 1);
  if (isolated)
    netlink_put_u8 (batch, IFLA_BRPORT_ISOLATED, 1);
  netlink_end_nest (batch, data);
  netlink_end_nest (batch, info);
}

void
link_set_mtu (struct netlink_batch *batch, const char *name, unsigned mtu)
{
  netlink_begin (batch, RTM_SETLINK, 0, sizeof (struct ifinfomsg), ENODEV, "set MTU of link %s", name);
  netlink_put_string (batch, IFLA_IFNAME, name);
  netlink_put_u32 (batch, IFLA_MTU, mtu);
}

void
link_delete (struct netlink_batch *batch, const char *name)
{
  netlink_begin (batch, RTM_DELLINK, 0, sizeof (struct ifinfomsg), ENODEV, "delete link %s", name);
  netlink_put_string (batch, IFLA_IFNAME, name);
}

void
link_delete_address (struct netlink_batch *batch, unsigned index, const struct address *address)
{
  struct ifaddrmsg *message
      = netlink_begin (batch, RTM_DELADDR, 0, sizeof *message, EADDRNOTAVAIL, "delete address of a link");
  message->ifa_family = (uint8_t)address->family;
  message->ifa_prefixlen = address->prefix;
  message->ifa_index = index;
  netlink_put (batch, IFA_LOCAL, address->bytes, address_size (address));
}

void
link_add_address (struct netlink_batch *batch, unsigned index, const char *name, const struct address *address)
{
  struct ifaddrmsg *message
      = netlink_begin (batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof *message, 0, "add address to %s", name);
  message->ifa_family = (uint8_t)address->family;
  message->ifa_prefixlen = address->prefix;
  message->ifa_index = index;
  netlink_put (batch, IFA_LOCAL, address->bytes, address_size (address));
  netlink_put (batch, IFA_ADDRESS, address->bytes, address_size (address));
  if (address->family == AF_INET6)
    {
      netlink_put_u32 (batch, IFA_FLAGS, IFA_F_NODAD); /* the allocator has made sure; nobody should wait a second */
      return;
    }
  if (address->prefix > 30)
    return;
  uint8_t broadcast[4];
  for (unsigned i = 0; i < 4; i++)
    {
      unsigned bits = address->prefix <= i * 8 ? 0 : address->prefix - i * 8;
      broadcast[i] = (uint8_t)(address->bytes[i] | (bits >= 8 ? 0 : 0xffu >> bits));
    }
  netlink_put (batch, IFA_BROADCAST, broadcast, sizeof broadcast);
}

void
link_add_route (struct netlink_batch *batch, unsigned index, const struct address *destination,
                const struct address *gateway)
{
  char text[ADDRESS_TEXT_SIZE] = "default";
  if (destination != NULL)
    address_format (destination, text);
  struct rtmsg *route
      = netlink_begin (batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *route, 0, "add route %s", text);
  route->rtm_family = (uint8_t)(gateway == NULL ? destination : gateway)->family;
  route->rtm_table = RT_TABLE_MAIN;
  route->rtm_protocol = RTPROT_STATIC;
  route->rtm_scope = gateway == NULL ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  route->rtm_type = RTN_UNICAST;
  if (destination != NULL)
    {
      route->rtm_dst_len = destination->prefix;
      netlink_put (batch, RTA_DST, destination->bytes, address_size (destination));
    }
  if (gateway != NULL)
    netlink_put (batch, RTA_GATEWAY, gateway->bytes, address_size (gateway));
  netlink_put_u32 (batch, RTA_OIF, index);
}

int
link_delete_all (struct netlink *netlink, const char *const *names, unsigned count, struct tss_error *error)
{
  if (count == 0)
    return 0;
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  for (unsigned i = 0; i < count; i++)
    {
      netlink_begin (&batch, RTM_SETLINK, 0, sizeof (struct ifinfomsg), ENODEV, "mark link %s", names[i]);
      netlink_put_string (&batch, IFLA_IFNAME, names[i]);
      netlink_put_u32 (&batch, IFLA_GROUP, DOOMED_GROUP);
      if (batch.count == NETLINK_BATCH_REQUESTS - 1 || i + 1 == count)
        {
          netlink_begin (&batch, RTM_DELLINK, 0, sizeof (struct ifinfomsg), ENODEV, "delete links");
          netlink_put_u32 (&batch, IFLA_GROUP, DOOMED_GROUP);
          if (netlink_send (netlink, &batch, error) < 0)
            return -1;
          netlink_batch_init (&batch);
        }
    }
  return 0;
}
