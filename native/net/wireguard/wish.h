/* The request wireguard.set, read. */
#ifndef TSSTACK_NET_WIREGUARD_WISH_H
#define TSSTACK_NET_WIREGUARD_WISH_H

#include "message.h"

#include <jansson.h>

struct wireguard_wish
{
  const char *owner_name; /* belongs to the request */
  uint32_t owner;
  bool has_local; /* without an address of this host nothing is to go by WireGuard any more */
  struct address local;
  uint16_t port; /* what goes there, and comes there, goes by WireGuard */
  uint16_t listen;
  uint8_t private_key[WG_KEY_LEN];
  struct wireguard_peer *peers; /* by their keys */
  size_t count;
};

int wireguard_wish_parse (const json_t *request, struct wireguard_wish *wish, struct tss_error *error);

/* The peer with that key, or NULL. */
const struct wireguard_peer *wireguard_wish_find (const struct wireguard_wish *wish, const uint8_t key[WG_KEY_LEN]);

/* The peer at that address, or NULL. */
const struct wireguard_peer *wireguard_wish_find_address (const struct wireguard_wish *wish,
                                                          const struct address *address);

/* Forgets the key as well. */
void wireguard_wish_free (struct wireguard_wish *wish);

#endif
