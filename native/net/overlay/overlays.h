/* Networks that span several hosts: what this host has of each. */
#ifndef TSSTACK_NET_OVERLAYS_H
#define TSSTACK_NET_OVERLAYS_H

#include "../ipsec/ipsec.h"
#include "../map.h"
#include "../netlink.h"
#include "../state.h"

#include <jansson.h>

struct overlays
{
  struct map by_network; /* struct overlay */
  struct netlink *route; /* of the host's namespace */
  struct state *state;
  struct ipsec *ipsec;
};

/* Reads what a predecessor has left; the kernel still has it. */
int overlays_restore (struct overlays *overlays, struct tss_error *error);
void overlays_close (struct overlays *overlays);

/* The requests overlay.set and overlay.remove. */
int overlays_set (struct overlays *overlays, const json_t *request, struct tss_error *error);
int overlays_remove (struct overlays *overlays, const char *network, struct tss_error *error);

/* The request that made the network's overlay, or NULL. */
const json_t *overlays_get (const struct overlays *overlays, const char *network);

/* Whether a tunnel relies on what ipsec.set has set. */
bool overlays_any_encrypted (const struct overlays *overlays);

#endif
