#include "peers.h"
#include "../../common/cleanup.h"
#include "../address.h"
#include "../fields.h"
#include "../memory.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MOST_ADDRESSES 16

int
overlay_peers_check (const json_t *peers, struct tss_error *error)
{
  const char *text;
  json_t *peer;
  json_object_foreach ((json_t *)peers, text, peer)
  {
    uint8_t mac[6];
    struct address address;
    const json_t *addresses;
    if (!address_parse_mac (text, mac))
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "peers", "field peers: %s: expected six octets", text);
    if (field_address (peer, "host", &address, error) < 0 || field_array (peer, "addresses", &addresses, error) < 0)
      return -1;
    if (json_array_size (addresses) > MOST_ADDRESSES)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "addresses", "field addresses: at most %d", MOST_ADDRESSES);
    for (size_t i = 0; i < json_array_size (addresses); i++)
      if (field_address_at (addresses, i, "addresses", &address, error) < 0)
        return -1;
  }
  return 0;
}

/* Requests that go out whenever the batch is full. */
struct sender
{
  struct netlink *netlink;
  const struct overlay_links *links;
  struct netlink_batch batch;
  struct tss_error *error;
  int result;
};

static void
flush (struct sender *sender)
{
  if (netlink_send (sender->netlink, &sender->batch, sender->result == 0 ? sender->error : NULL) < 0)
    sender->result = -1;
  netlink_batch_init (&sender->batch);
}

static struct ndmsg *
begin (struct sender *sender, bool add, const char *what)
{
  if (sender->batch.count == NETLINK_BATCH_REQUESTS)
    flush (sender);
  uint16_t flags = add ? NLM_F_CREATE | NLM_F_REPLACE : 0;
  return netlink_begin (&sender->batch, add ? RTM_NEWNEIGH : RTM_DELNEIGH, flags, sizeof (struct ndmsg),
                        add ? 0 : ENOENT, "%s %s", add ? "add" : "delete", what);
}

/* Both tables by themselves: an entry that one of them lacks already must not keep the other. */
static void
forward (struct sender *sender, bool add, const uint8_t mac[6], const struct address *host)
{
  struct ndmsg *entry = begin (sender, add, "forwarding entry of a tunnel");
  entry->ndm_family = AF_BRIDGE;
  entry->ndm_ifindex = (int)sender->links->tunnel;
  entry->ndm_state = NUD_NOARP | NUD_REACHABLE; /* static: is not forgotten and not changed by packets */
  entry->ndm_flags = NTF_SELF;
  netlink_put (&sender->batch, NDA_LLADDR, mac, 6);
  if (host != NULL)
    netlink_put (&sender->batch, NDA_DST, host->bytes, address_size (host));

  entry = begin (sender, add, "forwarding entry of a bridge");
  entry->ndm_family = AF_BRIDGE;
  entry->ndm_ifindex = (int)sender->links->tunnel;
  entry->ndm_state = NUD_NOARP | NUD_REACHABLE;
  entry->ndm_flags = NTF_MASTER;
  netlink_put (&sender->batch, NDA_LLADDR, mac, 6);
}

static void
neighbour (struct sender *sender, bool add, const uint8_t mac[6], const struct address *address)
{
  struct ndmsg *entry = begin (sender, add, "neighbour of a bridge");
  entry->ndm_family = (uint8_t)address->family;
  entry->ndm_ifindex = (int)sender->links->bridge;
  entry->ndm_state = NUD_PERMANENT;
  netlink_put (&sender->batch, NDA_DST, address->bytes, address_size (address));
  if (add)
    netlink_put (&sender->batch, NDA_LLADDR, mac, 6);
}

static void
change_peer (struct sender *sender, bool add, const char *text, const json_t *peer)
{
  uint8_t mac[6];
  struct address address;
  const json_t *addresses = json_object_get (peer, "addresses");
  if (!address_parse_mac (text, mac) || !address_parse (json_string_value (json_object_get (peer, "host")), &address))
    return;
  forward (sender, add, mac, add ? &address : NULL);
  for (size_t i = 0; i < json_array_size (addresses); i++)
    if (address_parse (json_string_value (json_array_get (addresses, i)), &address))
      neighbour (sender, add, mac, &address);
}

/* Entries of FROM that TO has not, or has otherwise. */
static void
change_all (struct sender *sender, bool add, const json_t *peers, const json_t *others)
{
  const char *mac;
  json_t *peer;
  json_object_foreach ((json_t *)peers, mac, peer)
  {
    const json_t *other = json_object_get (others, mac);
    if (other == NULL || !json_equal ((json_t *)other, peer))
      change_peer (sender, add, mac, peer);
  }
}

int
overlay_peers_change (struct netlink *netlink, const struct overlay_links *links, const json_t *before,
                      const json_t *after, struct tss_error *error)
{
  struct sender sender = { .netlink = netlink, .links = links, .error = error };
  netlink_batch_init (&sender.batch);
  change_all (&sender, false, before, after);
  change_all (&sender, true, after, before);
  flush (&sender);
  return sender.result;
}

/* What the kernel has in one of its tables. */
struct sweep
{
  const struct overlay_links *links;
  const json_t *peers;
  json_t *excess; /* MAC -> {"host","addresses"}, as PEERS */
};

static json_t *
excess_of (struct sweep *sweep, const uint8_t *mac)
{
  char text[18];
  snprintf (text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  if (json_object_get (sweep->peers, text) != NULL)
    return NULL;
  json_t *entry = json_object_get (sweep->excess, text);
  if (entry != NULL)
    return entry;
  /* Who it was for does not matter to a deletion. */
  entry = json_pack ("{s:s,s:[]}", "host", "0.0.0.0", "addresses");
  json_object_set_new (sweep->excess, text, entry);
  return entry;
}

static const struct rtattr *
find (const struct nlmsghdr *message, unsigned short type)
{
  const struct ndmsg *entry = NLMSG_DATA (message);
  const struct rtattr *attribute = (const struct rtattr *)((const char *)entry + NLMSG_ALIGN (sizeof (struct ndmsg)));
  int length = (int)NLMSG_PAYLOAD (message, sizeof (struct ndmsg));
  for (; RTA_OK (attribute, length); attribute = RTA_NEXT (attribute, length))
    if (attribute->rta_type == type)
      return attribute;
  return NULL;
}

static void
note_forwarding (const struct nlmsghdr *message, void *context)
{
  struct sweep *sweep = context;
  const struct ndmsg *entry = NLMSG_DATA (message);
  const struct rtattr *mac = find (message, NDA_LLADDR);
  /* The tunnel's own MAC is in the bridge's table, too, as a permanent one. */
  if (message->nlmsg_type == RTM_NEWNEIGH && entry->ndm_ifindex == (int)sweep->links->tunnel && mac != NULL
      && !(entry->ndm_state & NUD_PERMANENT))
    excess_of (sweep, RTA_DATA (mac));
}

static void
note_neighbour (const struct nlmsghdr *message, void *context)
{
  struct sweep *sweep = context;
  const struct ndmsg *entry = NLMSG_DATA (message);
  const struct rtattr *mac = find (message, NDA_LLADDR), *destination = find (message, NDA_DST);
  if (message->nlmsg_type != RTM_NEWNEIGH || entry->ndm_ifindex != (int)sweep->links->bridge || mac == NULL
      || destination == NULL || RTA_PAYLOAD (mac) != 6 || !(entry->ndm_state & NUD_PERMANENT))
    return;
  struct address address = { .family = entry->ndm_family };
  char text[ADDRESS_TEXT_SIZE];
  memcpy (address.bytes, RTA_DATA (destination), address_size (&address));
  address_format (&address, text);
  json_t *excess = excess_of (sweep, RTA_DATA (mac));
  if (excess != NULL)
    json_array_append_new (json_object_get (excess, "addresses"), json_string (text));
}

static int
dump (struct netlink *netlink, int family, void (*function) (const struct nlmsghdr *message, void *context),
      struct sweep *sweep, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  struct ndmsg *entry = netlink_begin (&batch, RTM_GETNEIGH, NLM_F_DUMP, sizeof *entry, 0, "list neighbours");
  entry->ndm_family = (uint8_t)family;
  return netlink_dump (netlink, &batch, function, sweep, error);
}

int
overlay_peers_sweep (struct netlink *netlink, const struct overlay_links *links, const json_t *peers,
                     struct tss_error *error)
{
  tss_autojson json_t *excess = json_object ();
  struct sweep sweep = { .links = links, .peers = peers, .excess = excess };
  if (dump (netlink, AF_BRIDGE, note_forwarding, &sweep, error) < 0
      || dump (netlink, AF_INET, note_neighbour, &sweep, error) < 0
      || dump (netlink, AF_INET6, note_neighbour, &sweep, error) < 0)
    return -1;
  return overlay_peers_change (netlink, links, excess, NULL, error);
}
