#include "peers.h"
#include "../memory.h"

#include <string.h>

#define KEEP_ALIVE_ONCE 1

static void
note_peer (const struct wireguard_known_peer *peer, void *context)
{
  memory_append (context, peer, sizeof *peer);
}

static void
note_peers (const struct nlmsghdr *message, void *context)
{
  struct wireguard_peers *peers = context;
  wireguard_read_peers (message, peers->family, note_peer, &peers->known);
}

int
wireguard_peers_list (struct wireguard_peers *peers, struct wireguard_kernel *kernel, const char *link,
                      struct tss_error *error)
{
  struct netlink_batch batch;
  peers->family = kernel->family;
  netlink_batch_init (&batch);
  wireguard_list_peers (&batch, kernel->family, link);
  return netlink_dump (&kernel->generic, &batch, note_peers, peers, error);
}

static struct wireguard_known_peer *
known_peers (const struct wireguard_peers *peers, size_t *count)
{
  *count = buffer_length (&peers->known) / sizeof (struct wireguard_known_peer);
  return (struct wireguard_known_peer *)(void *)buffer_bytes (&peers->known);
}

static struct wireguard_known_peer *
find_known (const struct wireguard_peers *peers, const uint8_t key[WG_KEY_LEN])
{
  size_t count;
  struct wireguard_known_peer *all = known_peers (peers, &count);
  for (size_t i = 0; i < count; i++)
    if (memcmp (all[i].peer.key, key, WG_KEY_LEN) == 0)
      return &all[i];
  return NULL;
}

static bool
is_in_place (const struct wireguard_known_peer *known, const struct wireguard_peer *wanted)
{
  return known != NULL && known->peer.port == wanted->port && address_equal (&known->peer.address, &wanted->address);
}

bool
wireguard_peers_have_answer (const struct wireguard_peers *peers, const struct wireguard_peer *peer)
{
  const struct wireguard_known_peer *known = find_known (peers, peer->key);
  return is_in_place (known, peer) && known->has_answered;
}

void
wireguard_peers_doubt (struct wireguard_peers *peers, const struct wireguard_peer *peer)
{
  struct wireguard_known_peer *known = find_known (peers, peer->key);
  if (known != NULL)
    known->has_answered = false;
}

/* A keep-alive that is asked for is sent at once, and so begins a handshake. Taken back in the next message, before a
 * second one could come. */
void
wireguard_peers_greet (struct netlink_batch *batch, const struct wireguard_kernel *kernel, const char *link,
                       const struct wireguard_peer *peer)
{
  wireguard_set_peer (batch, kernel->family, link, peer, KEEP_ALIVE_ONCE);
  wireguard_set_peer (batch, kernel->family, link, peer, 0);
}

int
wireguard_peers_add (const struct wireguard_peers *peers, struct wireguard_kernel *kernel,
                     const struct wireguard_wish *wish, const char *link, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  for (size_t i = 0; i < wish->count; i++)
    {
      const struct wireguard_peer *wanted = &wish->peers[i];
      const struct wireguard_known_peer *known = find_known (peers, wanted->key);
      /* What it has answered elsewhere says nothing of where it is now. */
      if (known != NULL && !is_in_place (known, wanted))
        wireguard_remove_peer (&batch, kernel->family, link, wanted->key);
      if (!is_in_place (known, wanted))
        wireguard_peers_greet (&batch, kernel, link, wanted);
      else if (known->is_kept_alive)
        wireguard_set_peer (&batch, kernel->family, link, wanted, 0);
      if (netlink_flush (&kernel->generic, &batch, WIREGUARD_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&kernel->generic, &batch, 1, error);
}

int
wireguard_peers_remove (const struct wireguard_peers *peers, struct wireguard_kernel *kernel,
                        const struct wireguard_wish *wish, const char *link, struct tss_error *error)
{
  struct netlink_batch batch;
  size_t count;
  const struct wireguard_known_peer *all = known_peers (peers, &count);
  netlink_batch_init (&batch);
  for (size_t i = 0; i < count; i++)
    {
      if (wireguard_wish_find (wish, all[i].peer.key) == NULL)
        wireguard_remove_peer (&batch, kernel->family, link, all[i].peer.key);
      if (netlink_flush (&kernel->generic, &batch, WIREGUARD_BATCH_REQUESTS, error) < 0)
        return -1;
    }
  return netlink_flush (&kernel->generic, &batch, 1, error);
}

void
wireguard_peers_free (struct wireguard_peers *peers)
{
  buffer_free (&peers->known);
}
