#include "routes.h"
#include "../memory.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct way
{
  struct address address; /* of a host */
  unsigned device;
};

struct listing
{
  uint32_t table;
  struct buffer ways; /* struct way */
};

uint32_t
wireguard_table (uint32_t owner, enum wireguard_way way)
{
  return (uint32_t)way << 24 | (owner & 0xffffffu);
}

static uint32_t
read_u32 (struct netlink_bytes attributes, uint16_t type)
{
  uint32_t value = 0;
  struct netlink_bytes bytes = netlink_find (attributes, type, sizeof value);
  if (bytes.data != NULL)
    memcpy (&value, bytes.data, sizeof value);
  return value;
}

static void
note (const struct nlmsghdr *message, void *context)
{
  struct listing *listing = context;
  if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_HDRLEN + sizeof (struct rtmsg))
    return;
  const struct rtmsg *header = NLMSG_DATA (message);
  struct netlink_bytes attributes = netlink_attributes (message, sizeof *header);
  struct way way = { .address.family = header->rtm_family, .device = read_u32 (attributes, RTA_OIF) };
  struct netlink_bytes address = netlink_find (attributes, RTA_DST, address_size (&way.address));
  if (read_u32 (attributes, RTA_TABLE) != listing->table || address.data == NULL)
    return;
  memcpy (way.address.bytes, address.data, address_size (&way.address));
  memory_append (&listing->ways, &way, sizeof way);
}

/* By a socket of its own, whose requests the kernel reads to the letter: others get the routes of all tables, which on
 * some hosts are those of the Internet. Older kernels (before 4.20) know no such socket. A table that has never had a
 * route is not there. */
static int
list (struct listing *listing, int family, struct tss_error *error)
{
  int one = 1;
  struct netlink strict;
  struct netlink_batch batch;
  if (netlink_open (&strict, NETLINK_ROUTE, error) < 0)
    return -1;
  setsockopt (strict.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  netlink_batch_init (&batch);
  struct rtmsg *header
      = netlink_begin (&batch, RTM_GETROUTE, NLM_F_DUMP, sizeof *header, ENOENT, "list routes of WireGuard");
  header->rtm_family = (uint8_t)family;
  netlink_put_u32 (&batch, RTA_TABLE, listing->table);
  int result = netlink_dump (&strict, &batch, note, listing, error);
  netlink_close (&strict);
  return result;
}

static bool
contains (const struct listing *listing, const struct address *address, unsigned device)
{
  const struct way *all = (const struct way *)(const void *)buffer_bytes (&listing->ways);
  for (size_t i = 0; i < buffer_length (&listing->ways) / sizeof *all; i++)
    if (all[i].device == device && address_equal (&all[i].address, address))
      return true;
  return false;
}

static void
put_destination (struct netlink_batch *batch, struct rtmsg *message, const struct address *address, uint32_t table)
{
  message->rtm_family = (uint8_t)address->family;
  message->rtm_dst_len = (uint8_t)(address_size (address) * 8);
  message->rtm_protocol = WIREGUARD_PROTOCOL;
  netlink_put (batch, RTA_DST, address->bytes, address_size (address));
  netlink_put_u32 (batch, RTA_TABLE, table);
}

static int
add_missing (struct netlink *route, const struct wireguard_wish *wish, unsigned device, const struct listing *listing,
             bool *changed, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  for (size_t i = 0; i < wish->count; i++)
    {
      const struct address *address = &wish->peers[i].address;
      char text[ADDRESS_TEXT_SIZE];
      if (contains (listing, address, device))
        continue;
      *changed = true;
      address_format (address, text);
      struct rtmsg *message = netlink_begin (&batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *message, 0,
                                             "send packets to %s by WireGuard", text);
      message->rtm_type = RTN_UNICAST;
      message->rtm_scope = RT_SCOPE_LINK;
      put_destination (&batch, message, address, listing->table);
      netlink_put_u32 (&batch, RTA_OIF, device);
      if (netlink_flush (route, &batch, NETLINK_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (route, &batch, 1, error);
}

static int
delete_others (struct netlink *route, const struct wireguard_wish *wish, const struct listing *listing, bool *changed,
               struct tss_error *error)
{
  struct netlink_batch batch;
  const struct way *all = (const struct way *)(const void *)buffer_bytes (&listing->ways);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < buffer_length (&listing->ways) / sizeof *all; i++)
    {
      if (wireguard_wish_find_address (wish, &all[i].address) != NULL)
        continue;
      *changed = true;
      struct rtmsg *message
          = netlink_begin (&batch, RTM_DELROUTE, 0, sizeof *message, ESRCH, "stop sending packets by WireGuard");
      message->rtm_scope = RT_SCOPE_NOWHERE;
      put_destination (&batch, message, &all[i].address, listing->table);
      if (netlink_flush (route, &batch, NETLINK_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (route, &batch, 1, error);
}

int
wireguard_set_routes (struct netlink *route, const struct wireguard_wish *wish, enum wireguard_way way, unsigned device,
                      bool *changed, struct tss_error *error)
{
  struct listing listing = { .table = wireguard_table (wish->owner, way) };
  int result = list (&listing, wish->local.family, error);
  if (result == 0)
    result = add_missing (route, wish, device, &listing, changed, error);
  if (result == 0)
    result = delete_others (route, wish, &listing, changed, error);
  buffer_free (&listing.ways);
  return result;
}
