#include "rules.h"
#include "../../common/cleanup.h"
#include "../memory.h"
#include "routes.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

/* Right behind the table "local" (0): no rule of an administrator, who sends by the source address, say, comes before,
 * and none is concerned, because nothing but the port of the tunnels is. */
#define PRIORITY 1

struct rule
{
  uint8_t family;
  uint16_t attribute; /* FRA_SPORT_RANGE or FRA_DPORT_RANGE */
  uint16_t port;
  uint32_t table;
};

static void
put_rule (struct netlink_batch *batch, uint16_t type, uint16_t flags, int tolerated, const struct rule *rule)
{
  struct fib_rule_port_range range = { .start = rule->port, .end = rule->port };
  struct fib_rule_hdr *header
      = netlink_begin (batch, type, flags, sizeof *header, tolerated, "%s packets of port %u by WireGuard",
                       type == RTM_NEWRULE ? "send" : "stop sending", rule->port);
  header->family = rule->family;
  header->action = FR_ACT_TO_TBL;
  netlink_put_u32 (batch, FRA_TABLE, rule->table);
  netlink_put_u32 (batch, FRA_PRIORITY, PRIORITY);
  netlink_put_u8 (batch, FRA_PROTOCOL, WIREGUARD_PROTOCOL);
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
  if (bytes.data == NULL || memcpy (&table, bytes.data, sizeof table) == NULL
      || (table != wireguard_table (listing->owner, WIREGUARD_OUT)
          && table != wireguard_table (listing->owner, WIREGUARD_BACK)))
    return;
  for (size_t i = 0; i < TSS_LENGTH (kinds); i++)
    {
      struct fib_rule_port_range range;
      bytes = netlink_find (attributes, kinds[i], sizeof range);
      if (bytes.data == NULL)
        continue;
      memcpy (&range, bytes.data, sizeof range);
      struct rule rule = { .family = header->family, .attribute = kinds[i], .port = range.start, .table = table };
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

static bool
is_same (const struct rule *a, const struct rule *b)
{
  return a->family == b->family && a->attribute == b->attribute && a->port == b->port && a->table == b->table;
}

static bool
contains (const struct rule *all, size_t count, const struct rule *rule)
{
  for (size_t i = 0; i < count; i++)
    if (is_same (&all[i], rule))
      return true;
  return false;
}

/* One request at a time: there is seldom more than none. */
static int
ask (struct netlink *route, uint16_t type, const struct rule *rule, struct tss_error *error)
{
  struct netlink_batch batch;
  bool is_new = type == RTM_NEWRULE;
  netlink_batch_init (&batch);
  put_rule (&batch, type, is_new ? NLM_F_CREATE | NLM_F_EXCL : 0, is_new ? EEXIST : ENOENT, rule);
  return netlink_send (route, &batch, error);
}

int
wireguard_set_rules (struct netlink *route, uint32_t owner, int family, uint16_t port, bool *changed,
                     struct tss_error *error)
{
  /* The way back is looked up with the ports the other way round, where the source of packets is checked strictly
   * (rp_filter). */
  const struct rule wanted[] = { { (uint8_t)family, FRA_DPORT_RANGE, port, wireguard_table (owner, WIREGUARD_OUT) },
                                 { (uint8_t)family, FRA_SPORT_RANGE, port, wireguard_table (owner, WIREGUARD_BACK) } };
  size_t wanted_count = family == 0 ? 0 : TSS_LENGTH (wanted);
  struct listing listing = { .owner = owner };
  int result = list (route, &listing, error);
  const struct rule *there = (const struct rule *)(const void *)buffer_bytes (&listing.rules);
  size_t count = buffer_length (&listing.rules) / sizeof *there;
  for (size_t i = 0; i < wanted_count && result == 0; i++)
    if (!contains (there, count, &wanted[i]))
      {
        *changed = true;
        result = ask (route, RTM_NEWRULE, &wanted[i], error);
      }
  for (size_t i = 0; i < count && result == 0; i++)
    if (!contains (wanted, wanted_count, &there[i]))
      {
        *changed = true;
        result = ask (route, RTM_DELRULE, &there[i], error);
      }
  buffer_free (&listing.rules);
  return result;
}
