#include "wish.h"
#include "../fields.h"
#include "../ipsec/wish.h"
#include "../memory.h"

#include <stdlib.h>
#include <string.h>

/* Those of one device that the kernel takes (MAX_PEERS_PER_DEVICE). */
#define MOST_PEERS (1 << 20)

static int
parse_peer (const json_t *entry, const struct address *local, struct wireguard_peer *peer, struct tss_error *error)
{
  json_int_t port;
  if (field_address (entry, "address", &peer->address, error) < 0
      || field_bytes (entry, "publicKey", peer->key, sizeof peer->key, error) < 0
      || field_integer (entry, "port", 1, UINT16_MAX, &port, error) < 0)
    return -1;
  peer->port = (uint16_t)port;
  if (peer->address.family != local->family || address_equal (&peer->address, local))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "address",
                          "field address: expected another host's, of the family of the address of this host");
  return 0;
}

static int
compare (const void *left, const void *right)
{
  const struct wireguard_peer *a = left, *b = right;
  return memcmp (a->key, b->key, sizeof a->key);
}

/* The kernel has one peer for each key. */
static int
sort_peers (struct wireguard_wish *wish, struct tss_error *error)
{
  if (wish->count > 0)
    qsort (wish->peers, wish->count, sizeof *wish->peers, compare);
  for (size_t i = 1; i < wish->count; i++)
    if (compare (&wish->peers[i - 1], &wish->peers[i]) == 0)
      return tss_error_set (error, TSS_ERROR_INVALID, 0, "peers", "field peers: two with the same publicKey");
  return 0;
}

static int
parse_peers (const json_t *peers, struct wireguard_wish *wish, struct tss_error *error)
{
  size_t count = json_array_size (peers);
  if (count > MOST_PEERS)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "peers", "field peers: at most %d", MOST_PEERS);
  wish->peers = memory_allocate ((count + 1) * sizeof *wish->peers);
  for (; wish->count < count; wish->count++)
    if (parse_peer (json_array_get (peers, wish->count), &wish->local, &wish->peers[wish->count], error) < 0)
      return -1;
  return sort_peers (wish, error);
}

int
wireguard_wish_parse (const json_t *request, struct wireguard_wish *wish, struct tss_error *error)
{
  json_int_t port, listen;
  const json_t *peers;
  *wish = (struct wireguard_wish){ .has_local = field_present (request, "local") };
  if (ipsec_read_owner (request, &wish->owner_name, &wish->owner, error) < 0)
    return -1;
  if (!wish->has_local)
    return 0;
  if (field_address (request, "local", &wish->local, error) < 0
      || field_integer (request, "port", 1, UINT16_MAX, &port, error) < 0
      || field_integer (request, "listen", 1, UINT16_MAX, &listen, error) < 0
      || field_bytes (request, "privateKey", wish->private_key, sizeof wish->private_key, error) < 0
      || field_array (request, "peers", &peers, error) < 0 || parse_peers (peers, wish, error) < 0)
    {
      wireguard_wish_free (wish);
      return -1;
    }
  wish->port = (uint16_t)port;
  wish->listen = (uint16_t)listen;
  return 0;
}

const struct wireguard_peer *
wireguard_wish_find (const struct wireguard_wish *wish, const uint8_t key[WG_KEY_LEN])
{
  struct wireguard_peer wanted = { 0 };
  memcpy (wanted.key, key, sizeof wanted.key);
  return wish->count == 0 ? NULL : bsearch (&wanted, wish->peers, wish->count, sizeof *wish->peers, compare);
}

const struct wireguard_peer *
wireguard_wish_find_address (const struct wireguard_wish *wish, const struct address *address)
{
  for (size_t i = 0; i < wish->count; i++)
    if (address_equal (&wish->peers[i].address, address))
      return &wish->peers[i];
  return NULL;
}

void
wireguard_wish_free (struct wireguard_wish *wish)
{
  explicit_bzero (wish->private_key, sizeof wish->private_key);
  free (wish->peers);
  wish->peers = NULL;
  wish->count = 0;
}
