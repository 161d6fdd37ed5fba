/* The requests of docs/native.md, section 6. */
#ifndef TSSTACK_NET_OPERATIONS_H
#define TSSTACK_NET_OPERATIONS_H

#include "dns/resolver.h"
#include "guard.h"
#include "ports.h"
#include "sandbox.h"
#include "wireguard/wireguard.h"

struct operations
{
  struct loop *loop;
  struct netlink *route;
  struct nft *nft;
  struct state *state;
  struct dns_service *dns;
  struct sandboxes *sandboxes;
  struct trash *trash;
  struct ports *ports;
  struct kept_tables *tables;
  struct guard *guard;
  struct overlays *overlays;
  struct ipsec *ipsec;
  struct wireguard *wireguard;
};

/* A server_handler; CONTEXT is struct operations. */
json_t *operations_execute (void *context, const json_t *request, struct tss_error *error);

/* Reads the names of all networks back after a restart. */
int operations_restore_names (struct operations *operations, struct tss_error *error);

#endif
