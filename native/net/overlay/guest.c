#include "guest.h"
#include "../../common/cleanup.h"
#include "../conntrack.h"
#include "../fields.h"
#include "../interface.h"
#include "../memory.h"
#include "../nft.h"
#include "../sysctl.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* Before the main table (32766), behind whatever a container may want first. */
#define RULE_PRIORITY 29000
#define TABLE_SIZE 64

/* Marks are also the numbers of routing tables, in text because they are keys. */
static bool
parse_mark (const char *text, uint32_t *mark)
{
  char *end;
  unsigned long value = strtoul (text, &end, 10);
  *mark = (uint32_t)value;
  return *text != '\0' && *end == '\0' && value > RT_TABLE_LOCAL && value <= UINT32_MAX;
}

int
overlay_guest_check (const json_t *request, struct tss_error *error)
{
  const json_t *nodes;
  const char *text;
  json_t *addresses;
  if (field_object (request, "nodes", &nodes, error) < 0)
    return -1;
  json_object_foreach ((json_t *)nodes, text, addresses)
  {
    uint32_t mark;
    struct address address;
    if (!parse_mark (text, &mark) || !json_is_array (addresses))
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "nodes", "field nodes: %s: expected a mark and addresses",
                            text);
    for (size_t i = 0; i < json_array_size (addresses); i++)
      if (field_address_at (addresses, i, "nodes", &address, error) < 0)
        return -1;
  }
  const char *rules;
  const json_t *services;
  if (field_present (request, "services") && field_object (request, "services", &services, error) < 0)
    return -1;
  return field_present (request, "rules") ? field_string (request, "rules", &rules, error) : 0;
}

json_t *
overlay_guest_wish (const struct overlays *overlays, const struct overlay_guest *guest)
{
  json_t *wish = json_object ();
  for (size_t i = 0; i < json_array_size (guest->interfaces); i++)
    {
      const json_t *interface = json_array_get (guest->interfaces, i);
      const char *network = json_string_value (json_object_get (interface, "network"));
      const json_t *spec = network == NULL ? NULL : overlays_get (overlays, network);
      if (spec == NULL || !field_present (interface, "bridge"))
        continue;
      json_object_set_new (wish, network,
                           json_pack ("{s:O,s:O?,s:O?,s:O?,s:O?}", "name", json_object_get (interface, "name"), "mtu",
                                      json_object_get (spec, "mtu"), "nodes", json_object_get (spec, "nodes"), "rules",
                                      json_object_get (spec, "rules"), "services", json_object_get (spec, "services")));
    }
  return wish;
}

/* Replies to a request that came by way of another host leave by way of that host: it has to translate them back. */
static void
add_rule (struct netlink_batch *batch, bool add, int family, uint32_t mark)
{
  struct fib_rule_hdr *rule
      = netlink_begin (batch, add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof *rule,
                       add ? EEXIST : ENOENT, "%s routing rule", add ? "add" : "delete");
  rule->family = (uint8_t)family;
  rule->action = FR_ACT_TO_TBL;
  netlink_put_u32 (batch, FRA_PRIORITY, RULE_PRIORITY);
  netlink_put_u32 (batch, FRA_FWMARK, mark);
  netlink_put_u32 (batch, FRA_TABLE, mark);
}

static void
add_way (struct netlink_batch *batch, bool add, unsigned index, uint32_t mark, const struct address *host)
{
  struct rtmsg *route = netlink_begin (batch, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_REPLACE : 0,
                                       sizeof *route, add ? 0 : ESRCH, "%s way back to a host", add ? "add" : "delete");
  route->rtm_family = (uint8_t)host->family;
  route->rtm_protocol = RTPROT_STATIC;
  route->rtm_scope = RT_SCOPE_UNIVERSE;
  route->rtm_type = RTN_UNICAST;
  netlink_put_u32 (batch, RTA_TABLE, mark);
  netlink_put (batch, RTA_GATEWAY, host->bytes, address_size (host));
  netlink_put_u32 (batch, RTA_OIF, index);
}

static int
change_host (struct netlink *inside, bool add, unsigned index, const char *text, const json_t *addresses,
             struct tss_error *error)
{
  uint32_t mark;
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  if (!parse_mark (text, &mark))
    return 0;
  for (size_t i = 0; i < json_array_size (addresses) && i < 2; i++)
    {
      struct address address;
      if (!address_parse (json_string_value (json_array_get (addresses, i)), &address))
        continue;
      add_rule (&batch, add, address.family, mark);
      add_way (&batch, add, index, mark, &address);
    }
  return netlink_send (inside, &batch, error);
}

/* Hosts of FROM that TO has not, or has otherwise. */
static int
change_hosts (struct netlink *inside, bool add, unsigned index, const json_t *from, const json_t *to,
              struct tss_error *error)
{
  const char *mark;
  json_t *addresses;
  json_object_foreach ((json_t *)from, mark, addresses)
  {
    const json_t *other = json_object_get (to, mark);
    if ((other == NULL || !json_equal ((json_t *)other, addresses))
        && change_host (inside, add, index, mark, addresses, error) < 0)
      return -1;
  }
  return 0;
}

/* The whole table in one transaction; connections that are under way keep what they began with. */
static int
change_rules (const char *network, const json_t *before, const json_t *after, struct tss_error *error)
{
  char table[TABLE_SIZE];
  const char *former = json_string_value (before), *content = json_string_value (after);
  if ((former == NULL && content == NULL) || (former != NULL && content != NULL && strcmp (former, content) == 0))
    return 0;
  snprintf (table, sizeof table, "table inet tsstack-%.40s", network);
  struct buffer script = { 0 };
  memory_append (&script, table, strlen (table));
  memory_append (&script, "\ndelete ", 8);
  memory_append (&script, table, strlen (table));
  memory_append (&script, "\n", 1);
  if (content != NULL)
    {
      memory_append (&script, table, strlen (table));
      memory_append (&script, " {\n", 3);
      memory_append (&script, content, strlen (content));
      memory_append (&script, "\n}\n", 3);
    }
  memory_append (&script, "", 1);
  struct nft nft;
  int result = nft_open (&nft, error);
  if (result == 0)
    result = nft_run (&nft, buffer_bytes (&script), error);
  nft_close (&nft);
  buffer_free (&script);
  return result;
}

static int
change_size (const struct overlays *overlays, const struct overlay_guest *guest, struct netlink *inside,
             const char *name, unsigned mtu, struct tss_error *error)
{
  char host_name[LINK_NAME_SIZE];
  struct netlink_batch batch;
  interface_host_name (guest->id, name, host_name);
  netlink_batch_init (&batch);
  link_set_mtu (&batch, name, mtu);
  if (netlink_send (inside, &batch, error) < 0)
    return -1;
  netlink_batch_init (&batch);
  link_set_mtu (&batch, host_name, mtu);
  return netlink_send (overlays->route, &batch, error);
}

static int
change_network (const struct overlays *overlays, const struct overlay_guest *guest, struct netlink *inside,
                const char *network, const json_t *before, const json_t *after, struct tss_error *error)
{
  const char *name = json_string_value (json_object_get (after == NULL ? before : after, "name"));
  const json_t *hosts_before = json_object_get (before, "nodes"), *hosts = json_object_get (after, "nodes");
  const json_t *mtu = json_object_get (after, "mtu");
  unsigned index = if_nametoindex (name);
  if (change_hosts (inside, false, index, hosts_before, hosts, error) < 0)
    return -1;
  if (json_is_integer (mtu) && !json_equal (json_object_get (before, "mtu"), (json_t *)mtu)
      && change_size (overlays, guest, inside, name, (unsigned)json_integer_value (mtu), error) < 0)
    return -1;
  /* Requests from anywhere may come in by the tunnel, though the way back leads elsewhere. */
  if (json_object_size (hosts) > 0 && sysctl_write_interface ("ipv4", name, "rp_filter", "2", error) < 0)
    return -1;
  if (change_hosts (inside, true, index, hosts, hosts_before, error) < 0)
    return -1;
  if (change_rules (network, json_object_get (before, "rules"), json_object_get (after, "rules"), error) < 0)
    return -1;
  /* Only now: a packet that came before would begin the same flow anew. */
  return conntrack_forget_services (json_object_get (before, "services"), json_object_get (after, "services"), error);
}

int
overlay_guest_change (const struct overlays *overlays, const struct overlay_guest *guest, const json_t *before,
                      const json_t *after, struct tss_error *error)
{
  const char *network;
  json_t *part;
  struct netlink inside;
  if (json_equal ((json_t *)before, (json_t *)after) || (before == NULL && json_object_size (after) == 0))
    return 0;
  if (netlink_open (&inside, NETLINK_ROUTE, error) < 0)
    return -1;
  int result = 0;
  json_object_foreach ((json_t *)before, network, part)
  {
    if (json_object_get (after, network) == NULL && result == 0)
      result = change_network (overlays, guest, &inside, network, part, NULL, error);
  }
  json_object_foreach ((json_t *)after, network, part)
  {
    const json_t *former = json_object_get (before, network);
    if (!json_equal ((json_t *)former, part) && result == 0)
      result = change_network (overlays, guest, &inside, network, former, part, error);
  }
  netlink_close (&inside);
  return result;
}
