/* Messages to the kernel's WireGuard, as they are written and as they are read, and the request that leads to them. */
#include "../net/wireguard/message.h"
#include "../net/wireguard/wish.h"
#include "check.h"

#include <linux/genetlink.h>
#include <stdlib.h>

#define FAMILY 31
#define LINK "tswg-0a1b2c3d"
#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_KEY "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct nlmsghdr *
only_message (struct netlink_batch *batch)
{
  CHECK (batch->count == 1);
  return (struct nlmsghdr *)(void *)batch->data;
}

static struct wireguard_peer
peer_at (const char *text)
{
  struct wireguard_peer peer = { .port = 4793 };
  CHECK (address_parse (text, &peer.address));
  for (uint8_t i = 0; i < WG_KEY_LEN; i++)
    peer.key[i] = i;
  return peer;
}

struct seen
{
  unsigned count;
  struct wireguard_known_peer last;
};

static void
note (const struct wireguard_known_peer *peer, void *context)
{
  struct seen *seen = context;
  seen->count++;
  seen->last = *peer;
}

static struct seen
read_message (const struct nlmsghdr *message)
{
  struct seen seen = { 0 };
  wireguard_read_peers (message, FAMILY, note, &seen);
  return seen;
}

/* What is written is what a dump of the kernel would say: the same attributes in both directions. */
static void
peers_can_be_read_back (const char *address)
{
  struct netlink_batch batch;
  struct wireguard_peer before = peer_at (address);
  netlink_batch_init (&batch);
  wireguard_set_peer (&batch, FAMILY, LINK, &before, 0);
  struct seen seen = read_message (only_message (&batch));
  CHECK (seen.count == 1 && !seen.last.is_kept_alive);
  CHECK (memcmp (&seen.last.peer.key, before.key, WG_KEY_LEN) == 0 && seen.last.peer.port == before.port);
  CHECK (seen.last.peer.address.family != 0 && address_equal (&seen.last.peer.address, &before.address));

  netlink_batch_init (&batch);
  wireguard_set_peer (&batch, FAMILY, LINK, &before, 1);
  CHECK (read_message (only_message (&batch)).last.is_kept_alive);
  only_message (&batch)->nlmsg_type = FAMILY + 1;
  CHECK (read_message (only_message (&batch)).count == 0);
}

/* Where a text is in a message, to be changed there. */
static char *
find_bytes (struct netlink_batch *batch, const void *bytes, size_t size)
{
  char *place = memmem (batch->data, batch->length, bytes, size);
  CHECK (place != NULL);
  return place;
}

/* A peer that may be more than one host, or is sent to elsewhere, is not what was asked for. */
static void
other_peers_are_told_apart (void)
{
  struct netlink_batch batch;
  struct wireguard_peer before = peer_at ("192.0.2.1");
  static const char mask[] = { 5, 0, WGALLOWEDIP_A_CIDR_MASK, 0, 32 };
  netlink_batch_init (&batch);
  wireguard_set_peer (&batch, FAMILY, LINK, &before, 0);
  find_bytes (&batch, mask, sizeof mask)[4] = 24;
  CHECK (read_message (only_message (&batch)).last.peer.address.family == 0);

  /* The first place that has the address is the endpoint. */
  netlink_batch_init (&batch);
  wireguard_set_peer (&batch, FAMILY, LINK, &before, 0);
  find_bytes (&batch, before.address.bytes, 4)[3] = 9;
  struct seen seen = read_message (only_message (&batch));
  CHECK (seen.last.peer.address.family == AF_INET && seen.last.peer.port == 0);
}

static void
removals_say_nothing_but_the_key (void)
{
  struct netlink_batch batch;
  struct wireguard_peer peer = peer_at ("192.0.2.1");
  netlink_batch_init (&batch);
  wireguard_remove_peer (&batch, FAMILY, LINK, peer.key);
  struct seen seen = read_message (only_message (&batch));
  CHECK (seen.count == 1 && seen.last.peer.address.family == 0 && seen.last.peer.port == 0);
  CHECK (memmem (batch.data, batch.length, "\x02\x00\xc0", 3) == NULL);
}

/* A batch holds as many requests as are sent at once, of the largest kind. */
static void
batches_are_large_enough (void)
{
  struct netlink_batch batch;
  struct wireguard_peer peer = peer_at ("2001:db8::1");
  netlink_batch_init (&batch);
  /* One less than are sent, and three for one peer. */
  for (unsigned i = 0; i < WIREGUARD_BATCH_REQUESTS + 2; i++)
    wireguard_set_peer (&batch, FAMILY, "fifteen-letters", &peer, 1);
  CHECK (batch.count == WIREGUARD_BATCH_REQUESTS + 2);
}

/* A message that ends anywhere is no reason to read beyond it. */
static void
short_messages_are_nothing (void)
{
  struct netlink_batch batch;
  struct wireguard_peer peer = peer_at ("2001:db8::1");
  netlink_batch_init (&batch);
  wireguard_set_peer (&batch, FAMILY, LINK, &peer, 1);
  size_t whole = only_message (&batch)->nlmsg_len;
  for (size_t length = NLMSG_HDRLEN; length < whole; length++)
    {
      struct nlmsghdr *copy = malloc (length); /* the sanitizers know where it ends */
      uint16_t family = 0;
      memcpy (copy, batch.data, length);
      copy->nlmsg_len = (uint32_t)length;
      CHECK (read_message (copy).count == 0);
      copy->nlmsg_type = GENL_ID_CTRL;
      CHECK (!wireguard_read_family (copy, &family) || length >= NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + 2);
      free (copy);
    }
}

static void
families_are_read (void)
{
  struct netlink_batch batch;
  uint16_t family = 0, number = FAMILY;
  netlink_batch_init (&batch);
  wireguard_ask_family (&batch);
  CHECK (!wireguard_read_family (only_message (&batch), &family));
  netlink_put (&batch, CTRL_ATTR_FAMILY_ID, &number, sizeof number);
  CHECK (wireguard_read_family (only_message (&batch), &family) && family == FAMILY);
}

static bool
is_good (const char *text)
{
  struct wireguard_wish wish;
  struct tss_error error = { 0 };
  json_t *request = json_loads (text, 0, NULL);
  CHECK (request != NULL);
  bool result = wireguard_wish_parse (request, &wish, &error) == 0;
  if (result)
    wireguard_wish_free (&wish);
  CHECK (strstr (error.message, "0102030405") == NULL); /* no key in what is said */
  json_decref (request);
  return result;
}

#define PEER(address, key, port) "{\"address\":\"" address "\",\"publicKey\":\"" key "\",\"port\":" port "}"
#define REQUEST(key, listen, peers)                                                                                    \
  "{\"owner\":\"0a1b2c3d\",\"local\":\"192.0.2.1\",\"port\":4792,\"listen\":" listen ",\"privateKey\":\"" key          \
  "\",\"peers\":[" peers "]}"

static void
requests_are_checked (void)
{
  CHECK (is_good ("{\"owner\":\"0a1b2c3d\",\"local\":null}"));
  CHECK (is_good (REQUEST (KEY, "4793", "")));
  CHECK (is_good (REQUEST (KEY, "4793", PEER ("192.0.2.2", OTHER_KEY, "4793") "," PEER ("192.0.2.3", KEY, "65535"))));
  CHECK (!is_good (
      REQUEST (KEY, "4793", PEER ("192.0.2.2", OTHER_KEY, "4793") "," PEER ("192.0.2.3", OTHER_KEY, "4793"))));
  CHECK (!is_good (REQUEST (KEY, "4793", PEER ("192.0.2.1", OTHER_KEY, "4793"))));
  CHECK (!is_good (REQUEST (KEY, "4793", PEER ("2001:db8::2", OTHER_KEY, "4793"))));
  CHECK (!is_good (REQUEST (KEY, "4793", PEER ("192.0.2.2", KEY "20", "4793"))));
  CHECK (!is_good (REQUEST (KEY, "4793", PEER ("192.0.2.2", OTHER_KEY, "0"))));
  CHECK (!is_good (REQUEST (KEY, "65536", "")));
  CHECK (!is_good (REQUEST ("01020304050607", "4793", "")));
  CHECK (!is_good ("{\"owner\":\"elsewhere\",\"local\":null}"));
}

static void
peers_are_found_by_their_key (void)
{
  struct wireguard_wish wish;
  struct wireguard_peer peer = peer_at ("192.0.2.3");
  json_t *request = json_loads (
      REQUEST (KEY, "4793", PEER ("192.0.2.2", OTHER_KEY, "4793") "," PEER ("192.0.2.3", KEY, "4793")), 0, NULL);
  CHECK (wireguard_wish_parse (request, &wish, NULL) == 0);
  const struct wireguard_peer *found = wireguard_wish_find (&wish, peer.key);
  CHECK (found != NULL && address_equal (&found->address, &peer.address));
  peer.key[0] = 1;
  CHECK (wireguard_wish_find (&wish, peer.key) == NULL);
  CHECK (wireguard_wish_find_address (&wish, &peer.address) == found);
  CHECK (wireguard_wish_find_address (&wish, &wish.local) == NULL);
  CHECK (memcmp (wish.private_key, "\0\1\2\3", 4) == 0);
  wireguard_wish_free (&wish);
  CHECK (memcmp (wish.private_key, "\0\0\0\0", 4) == 0);
  json_decref (request);
}

int
main (void)
{
  peers_can_be_read_back ("192.0.2.1");
  peers_can_be_read_back ("2001:db8::1");
  other_peers_are_told_apart ();
  removals_say_nothing_but_the_key ();
  batches_are_large_enough ();
  short_messages_are_nothing ();
  families_are_read ();
  requests_are_checked ();
  peers_are_found_by_their_key ();
  return check_finish ("net-wireguard");
}
