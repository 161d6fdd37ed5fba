#include "guard.h"
#include "../common/cleanup.h"
#include "fields.h"
#include "guard-legacy.h"
#include "guard-rules.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Firewalls change many rules in a row, one process each; 50 ms after the last change of a row is soon enough. */
#define DELAY_MS 50
#define OWN_TABLES "tsstack-"
#define STATE_KIND "guard"

/* Attribute 1 of every nftables message names the table. */
static const char *
table_of (const struct nlmsghdr *message)
{
  size_t offset = NLMSG_ALIGN (NLMSG_HDRLEN + sizeof (struct nfgenmsg));
  if (message->nlmsg_len < offset + NLA_HDRLEN)
    return NULL;
  const struct nlattr *attribute = (const struct nlattr *)((const char *)message + offset);
  bool fits = attribute->nla_len >= NLA_HDRLEN && offset + attribute->nla_len <= message->nlmsg_len;
  if (!fits || (attribute->nla_type & NLA_TYPE_MASK) != NFTA_TABLE_NAME)
    return NULL;
  return (const char *)attribute + NLA_HDRLEN;
}

static bool
concerns_foreign_chain (const struct nlmsghdr *message)
{
  switch (NFNL_MSG_TYPE (message->nlmsg_type))
    {
    case NFT_MSG_NEWTABLE:
    case NFT_MSG_DELTABLE:
    case NFT_MSG_NEWCHAIN:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      break;
    default:
      return false;
    }
  const char *table = table_of (message);
  return table == NULL || strncmp (table, OWN_TABLES, strlen (OWN_TABLES)) != 0;
}

static void
on_rules_changed (void *context, uint32_t events)
{
  struct guard *guard = context;
  (void)events;
  bool relevant = false;
  for (;;)
    {
      _Alignas(NLMSG_ALIGNTO) char data[32768];
      ssize_t size = recv (guard->watch.fd, data, sizeof data, MSG_DONTWAIT);
      if (size < 0 && errno != ENOBUFS)
        break;
      relevant = relevant || size < 0; /* some messages were lost */
      int left = (int)size;
      for (struct nlmsghdr *message = (struct nlmsghdr *)data; size > 0 && NLMSG_OK (message, left);
           message = NLMSG_NEXT (message, left))
        relevant = relevant || concerns_foreign_chain (message);
    }
  if (relevant)
    loop_start_timer (guard->loop, &guard->delay, DELAY_MS);
}

static void
on_delay (void *context)
{
  struct guard *guard = context;
  struct tss_error error = { 0 };
  if (guard_rules_apply (guard->nft, guard->bridges, NULL, &error) < 0)
    fprintf (stderr, "tsstack-net: keep forwarding allowed: %s\n", error.message);
}

static int
subscribe (struct guard *guard, struct tss_error *error)
{
  if (guard->watch.fd >= 0)
    return 0;
  struct sockaddr_nl address = { .nl_family = AF_NETLINK };
  int group = NFNLGRP_NFTABLES;
  tss_autofd int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) < 0
      || setsockopt (fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "subscribe to changes of nftables");
  guard->watch.fd = fd;
  if (loop_watch (guard->loop, &guard->watch, EPOLLIN, error) < 0)
    {
      guard->watch.fd = -1;
      return -1;
    }
  fd = -1;
  return 0;
}

/* Subscribes before it looks, so that no change falls between. */
static int
apply (struct guard *guard, const json_t *former, struct tss_error *error)
{
  if (json_array_size (guard->bridges) > 0 && subscribe (guard, error) < 0)
    return -1;
  if (json_array_size (guard->bridges) == 0)
    {
      loop_unwatch (guard->loop, &guard->watch);
      loop_stop_timer (guard->loop, &guard->delay);
    }
  return guard_rules_apply (guard->nft, guard->bridges, former, error);
}

static void
read_former (const char *id, json_t *value, void *context)
{
  struct guard *guard = context;
  const json_t *bridges = json_object_get (value, "bridges");
  (void)id;
  if (json_is_array (bridges))
    {
      json_decref (guard->bridges);
      guard->bridges = json_copy ((json_t *)bridges);
    }
}

int
guard_open (struct guard *guard, struct loop *loop, struct nft *nft, struct state *state, struct tss_error *error)
{
  *guard = (struct guard){ .loop = loop, .nft = nft, .state = state, .bridges = json_array () };
  guard->watch = (struct loop_watch){ .fd = -1, .function = on_rules_changed, .context = guard };
  guard->delay = (struct loop_timer){ .function = on_delay, .context = guard };
  if (state_each (state, STATE_KIND, read_former, guard, error) < 0)
    return -1;
  return json_array_size (guard->bridges) > 0 ? apply (guard, NULL, error) : 0;
}

void
guard_close (struct guard *guard)
{
  loop_unwatch (guard->loop, &guard->watch);
  loop_stop_timer (guard->loop, &guard->delay);
  json_decref (guard->bridges);
}

static int
check_bridges (const json_t *bridges, struct tss_error *error)
{
  size_t index;
  json_t *bridge;
  json_array_foreach ((json_t *)bridges, index, bridge)
  {
    tss_autojson json_t *holder = json_pack ("{s:O}", "bridges", bridge);
    const char *name;
    if (field_interface (holder, "bridges", &name, error) < 0)
      return -1;
    if (strpbrk (name, "\"\\*") != NULL)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "bridges", "field bridges: %s is no name of a bridge", name);
  }
  return 0;
}

int
guard_set (struct guard *guard, const json_t *request, json_t **warnings, struct tss_error *error)
{
  const json_t *bridges;
  if (field_array (request, "bridges", &bridges, error) < 0 || check_bridges (bridges, error) < 0)
    return -1;
  tss_autojson json_t *former = guard->bridges;
  guard->bridges = bridges == NULL ? json_array () : json_copy ((json_t *)bridges);
  tss_autojson json_t *spec = json_pack ("{s:O}", "bridges", guard->bridges);
  if (state_write (guard->state, STATE_KIND, "set", spec, error) < 0 || apply (guard, former, error) < 0)
    return -1;
  *warnings = json_array ();
  if (json_array_size (bridges) > 0 && guard_legacy_drops ())
    json_array_append_new (*warnings,
                           json_string ("the FORWARD policy of iptables-legacy is DROP: allow the bridges there, "
                                        "or move its rules to iptables-nft"));
  return 0;
}

void
guard_withdraw (struct guard *guard)
{
  tss_autojson json_t *none = json_array ();
  guard_rules_apply (guard->nft, none, guard->bridges, NULL);
}
