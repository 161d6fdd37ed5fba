#include "rules.h"
#include "../memory.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

/* Right behind the table "local" (0): no rule of an administrator, who sends by the source address, say, comes before,
 * and none is concerned, because nothing but the port of the tunnels is. */
#define PRIORITY 1

/* systemd-networkd removes rules and routes that it does not know, and leaves alone what the kernel has made. */
#define PROTOCOL RTPROT_KERNEL

struct rule
{
  uint8_t family;
  uint16_t attribute; /* FRA_SPORT_RANGE or FRA_DPORT_RANGE */
  uint16_t port;
};

/* One for each owner: far from the numbers that people choose, and that the kernel has (0, 253 to 255). */
static uint32_t
table_of (uint32_t owner)
{
  return 0x74000000u | (owner & 0xffffffu);
}

static void
put_rule (struct netlink_batch *batch, uint16_t type, uint16_t flags, int tolerated, uint32_t owner,
          const struct rule *rule)
{
  struct fib_rule_port_range range = { .start = rule->port, .end = rule->port };
  struct fib_rule_hdr *header
      = netlink_begin (batch, type, flags, sizeof *header, tolerated, "%s packets of port %u by WireGuard",
                       type == RTM_NEWRULE ? "send" : "stop sending", rule->port);
  header->family = rule->family;
  header->action = FR_ACT_TO_TBL;
  netlink_put_u32 (batch, FRA_TABLE, table_of (owner));
  netlink_put_u32 (batch, FRA_PRIORITY, PRIORITY);
  netlink_put_u8 (batch, FRA_PROTOCOL, PROTOCOL);
  netlink_put_u8 (batch, FRA_IP_PROTO, IPPROTO_UDP);
  netlink_put (batch, rule->attribute, &range, sizeof range);
}

struct listing
{
  uint32_t owner;
  struct buffer rules; /* struct rule */
};

/* A rule with that table that has no port is none of ours. */
static void
note (const struct nlmsghdr *message, void *context)
{
  static const uint16_t kinds[] = { FRA_SPORT_RANGE, FRA_DPORT_RANGE };
  struct listing *listing = context;
  uint32_t table;
  if (message->nlmsg_type != RTM_NEWRULE || message->nlmsg_len < NLMSG_HDRLEN + sizeof (struct fib_rule_hdr))
    return;
  const struct fib_rule_hdr *header = NLMSG_DATA (message);
  struct netlink_bytes attributes = netlink_attributes (message, sizeof *header);
  struct netlink_bytes bytes = netlink_find (attributes, FRA_TABLE, sizeof table);
  if (bytes.data == NULL || memcpy (&table, bytes.data, sizeof table) == NULL || table != table_of (listing->owner))
    return;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    {
      struct fib_rule_port_range range;
      bytes = netlink_find (attributes, kinds[i], sizeof range);
      if (bytes.data == NULL)
        continue;
      memcpy (&range, bytes.data, sizeof range);
      struct rule rule = { .family = header->family, .attribute = kinds[i], .port = range.start };
      memory_append (&listing->rules, &rule, sizeof rule);
    }
}

static int
list (struct netlink *route, struct listing *listing, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  netlink_begin (&batch, RTM_GETRULE, NLM_F_DUMP, sizeof (struct fib_rule_hdr), 0, "list rules of routing");
  return netlink_dump (route, &batch, note, listing, error);
}

int
wireguard_set_rules (struct netlink *route, uint32_t owner, int family, uint16_t port, struct tss_error *error)
{
  struct netlink_batch batch;
  struct listing listing = { .owner = owner };
  if (list (route, &listing, error) < 0)
    return -1;
  /* The way back is looked up with the ports the other way round, where the source of packets is checked strictly
   * (rp_filter). */
  const struct rule wanted[]
      = { { (uint8_t)family, FRA_DPORT_RANGE, port }, { (uint8_t)family, FRA_SPORT_RANGE, port } };
  const struct rule *there = (const struct rule *)(const void *)buffer_bytes (&listing.rules);
  size_t count = buffer_length (&listing.rules) / sizeof *there;
  netlink_batch_init (&batch);
  for (size_t i = 0; i < 2 && family != 0; i++)
    put_rule (&batch, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, EEXIST, owner, &wanted[i]);
  int result = netlink_flush (route, &batch, 1, error);
  for (size_t i = 0; i < count && result == 0; i++)
    {
      if (there[i].family != family || there[i].port != port)
        put_rule (&batch, RTM_DELRULE, 0, ENOENT, owner, &there[i]);
      result = netlink_flush (route, &batch, 1, error);
    }
  buffer_free (&listing.rules);
  return result;
}

static void
put_route (struct netlink_batch *batch, uint32_t owner, const struct address *address, struct rtmsg *message)
{
  message->rtm_family = (uint8_t)address->family;
  message->rtm_dst_len = (uint8_t)(address_size (address) * 8);
  message->rtm_protocol = PROTOCOL;
  message->rtm_type = RTN_UNICAST;
  netlink_put (batch, RTA_DST, address->bytes, address_size (address));
  netlink_put_u32 (batch, RTA_TABLE, table_of (owner));
}

void
wireguard_add_route (struct netlink_batch *batch, uint32_t owner, unsigned device, const struct address *address)
{
  char text[ADDRESS_TEXT_SIZE];
  address_format (address, text);
  struct rtmsg *message = netlink_begin (batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *message, 0,
                                         "send packets to %s by WireGuard", text);
  message->rtm_scope = RT_SCOPE_LINK;
  put_route (batch, owner, address, message);
  netlink_put_u32 (batch, RTA_OIF, device);
}

void
wireguard_delete_route (struct netlink_batch *batch, uint32_t owner, const struct address *address)
{
  struct rtmsg *message
      = netlink_begin (batch, RTM_DELROUTE, 0, sizeof *message, ESRCH, "stop sending packets by WireGuard");
  message->rtm_scope = RT_SCOPE_NOWHERE;
  put_route (batch, owner, address, message);
}
