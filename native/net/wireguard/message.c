#include "message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <netinet/in.h>
#include <string.h>

static void
begin (struct netlink_batch *batch, uint16_t family, uint8_t command, uint16_t flags, const char *link,
       const char *what)
{
  struct genlmsghdr *header = netlink_begin (batch, family, flags, sizeof *header, 0, "%s %s", what, link);
  header->cmd = command;
  header->version = WG_GENL_VERSION;
  netlink_put_string (batch, WGDEVICE_A_IFNAME, link);
}

static void
put_u16 (struct netlink_batch *batch, uint16_t type, uint16_t value)
{
  netlink_put (batch, type, &value, sizeof value);
}

void
wireguard_ask_family (struct netlink_batch *batch)
{
  struct genlmsghdr *header
      = netlink_begin (batch, GENL_ID_CTRL, 0, sizeof *header, ENOENT, "look for the kernel's WireGuard");
  header->cmd = CTRL_CMD_GETFAMILY;
  header->version = 1;
  netlink_put_string (batch, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
}

bool
wireguard_read_family (const struct nlmsghdr *message, uint16_t *family)
{
  if (message->nlmsg_type != GENL_ID_CTRL)
    return false;
  struct netlink_bytes attributes = netlink_attributes (message, sizeof (struct genlmsghdr));
  struct netlink_bytes id = netlink_find (attributes, CTRL_ATTR_FAMILY_ID, sizeof *family);
  if (id.data == NULL)
    return false;
  memcpy (family, id.data, sizeof *family);
  return true;
}

void
wireguard_set_device (struct netlink_batch *batch, uint16_t family, const char *link,
                      const uint8_t private_key[WG_KEY_LEN], uint16_t listen)
{
  begin (batch, family, WG_CMD_SET_DEVICE, 0, link, "set up WireGuard device");
  netlink_put (batch, WGDEVICE_A_PRIVATE_KEY, private_key, WG_KEY_LEN);
  put_u16 (batch, WGDEVICE_A_LISTEN_PORT, listen);
}

/* Where the kernel sends to it, and the one address that may be the source of what comes from it. */
static void
put_address (struct netlink_batch *batch, const struct wireguard_peer *peer)
{
  struct sockaddr_storage endpoint;
  socklen_t size = address_to_socket (&peer->address, peer->port, &endpoint);
  netlink_put (batch, WGPEER_A_ENDPOINT, &endpoint, size);
  size_t all = netlink_begin_nest (batch, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
  size_t one = netlink_begin_nest (batch, NLA_F_NESTED);
  put_u16 (batch, WGALLOWEDIP_A_FAMILY, (uint16_t)peer->address.family);
  netlink_put (batch, WGALLOWEDIP_A_IPADDR, peer->address.bytes, address_size (&peer->address));
  netlink_put_u8 (batch, WGALLOWEDIP_A_CIDR_MASK, (uint8_t)(address_size (&peer->address) * 8));
  netlink_end_nest (batch, one);
  netlink_end_nest (batch, all);
}

void
wireguard_set_peer (struct netlink_batch *batch, uint16_t family, const char *link, const struct wireguard_peer *peer,
                    uint16_t keep_alive)
{
  begin (batch, family, WG_CMD_SET_DEVICE, 0, link, "add host to WireGuard device");
  size_t peers = netlink_begin_nest (batch, WGDEVICE_A_PEERS | NLA_F_NESTED);
  size_t one = netlink_begin_nest (batch, NLA_F_NESTED);
  netlink_put (batch, WGPEER_A_PUBLIC_KEY, peer->key, WG_KEY_LEN);
  netlink_put_u32 (batch, WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS);
  put_address (batch, peer);
  put_u16 (batch, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keep_alive);
  netlink_end_nest (batch, one);
  netlink_end_nest (batch, peers);
}

void
wireguard_remove_peer (struct netlink_batch *batch, uint16_t family, const char *link, const uint8_t key[WG_KEY_LEN])
{
  begin (batch, family, WG_CMD_SET_DEVICE, 0, link, "remove host from WireGuard device");
  size_t peers = netlink_begin_nest (batch, WGDEVICE_A_PEERS | NLA_F_NESTED);
  size_t one = netlink_begin_nest (batch, NLA_F_NESTED);
  netlink_put (batch, WGPEER_A_PUBLIC_KEY, key, WG_KEY_LEN);
  netlink_put_u32 (batch, WGPEER_A_FLAGS, WGPEER_F_REMOVE_ME);
  netlink_end_nest (batch, one);
  netlink_end_nest (batch, peers);
}

void
wireguard_list_peers (struct netlink_batch *batch, uint16_t family, const char *link)
{
  begin (batch, family, WG_CMD_GET_DEVICE, NLM_F_DUMP, link, "list hosts of WireGuard device");
}

/* The one address that it may have; without a family where there is another number of them, or a wider one. */
static struct address
read_allowed (struct netlink_bytes list)
{
  uint16_t type, family;
  struct netlink_bytes entry, rest = list;
  struct address address = { 0 };
  if (!netlink_next (&rest, &type, &entry) || netlink_next (&rest, &type, &(struct netlink_bytes){ 0 }))
    return address;
  struct netlink_bytes family_bytes = netlink_find (entry, WGALLOWEDIP_A_FAMILY, sizeof family);
  struct netlink_bytes mask = netlink_find (entry, WGALLOWEDIP_A_CIDR_MASK, 1);
  struct netlink_bytes bytes = netlink_find (entry, WGALLOWEDIP_A_IPADDR, 4);
  if (family_bytes.data == NULL || mask.data == NULL || bytes.data == NULL)
    return address;
  memcpy (&family, family_bytes.data, sizeof family);
  size_t size = family == AF_INET ? 4 : 16;
  if ((family != AF_INET && family != AF_INET6) || bytes.size != size || (uint8_t)*mask.data != size * 8)
    return address;
  address.family = family;
  address.prefix = (uint8_t)(size * 8);
  memcpy (address.bytes, bytes.data, size);
  return address;
}

/* The port, if it is at ADDRESS; else 0. */
static uint16_t
read_endpoint (struct netlink_bytes bytes, const struct address *address)
{
  struct sockaddr_storage wanted, found = { 0 };
  if (address->family == 0 || bytes.data == NULL || bytes.size > sizeof found)
    return 0;
  memcpy (&found, bytes.data, bytes.size);
  uint16_t port = ntohs (address->family == AF_INET ? ((const struct sockaddr_in *)&found)->sin_port
                                                    : ((const struct sockaddr_in6 *)&found)->sin6_port);
  socklen_t size = address_to_socket (address, port, &wanted);
  return bytes.size == size && memcmp (&wanted, &found, size) == 0 ? port : 0;
}

static bool
read_peer (struct netlink_bytes attributes, struct wireguard_known_peer *known)
{
  uint16_t interval = 0;
  struct __kernel_timespec time = { 0 };
  *known = (struct wireguard_known_peer){ 0 };
  struct netlink_bytes key = netlink_find (attributes, WGPEER_A_PUBLIC_KEY, WG_KEY_LEN);
  if (key.data == NULL)
    return false;
  memcpy (known->peer.key, key.data, WG_KEY_LEN);
  known->peer.address = read_allowed (netlink_find (attributes, WGPEER_A_ALLOWEDIPS, 0));
  known->peer.port = read_endpoint (netlink_find (attributes, WGPEER_A_ENDPOINT, 0), &known->peer.address);
  struct netlink_bytes bytes = netlink_find (attributes, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, sizeof interval);
  if (bytes.data != NULL)
    memcpy (&interval, bytes.data, sizeof interval);
  known->is_kept_alive = interval != 0;
  bytes = netlink_find (attributes, WGPEER_A_LAST_HANDSHAKE_TIME, sizeof time);
  if (bytes.data != NULL)
    memcpy (&time, bytes.data, sizeof time);
  known->has_answered = time.tv_sec != 0;
  return true;
}

void
wireguard_read_peers (const struct nlmsghdr *message, uint16_t family,
                      void (*visitor) (const struct wireguard_known_peer *peer, void *context), void *context)
{
  uint16_t type;
  struct netlink_bytes one;
  struct wireguard_known_peer known;
  if (message->nlmsg_type != family)
    return;
  struct netlink_bytes peers
      = netlink_find (netlink_attributes (message, sizeof (struct genlmsghdr)), WGDEVICE_A_PEERS, 0);
  while (netlink_next (&peers, &type, &one))
    if (read_peer (one, &known))
      visitor (&known, context);
}
