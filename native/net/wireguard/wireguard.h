/* WireGuard between this host and others, in place of IPsec where both have it. The kernel holds all of it; no copy of
 * a key is kept here. */
#ifndef TSSTACK_NET_WIREGUARD_WIREGUARD_H
#define TSSTACK_NET_WIREGUARD_WIREGUARD_H

#include "../ipsec/ipsec.h"

struct wireguard
{
  struct netlink *route;
  bool is_barrier_up; /* the rules that are kept are in the kernel, as far as this process has put them there */
  struct ipsec *ipsec;
  struct kept_tables *tables;
};

/* The request wireguard.set. */
int wireguard_set (struct wireguard *wireguard, const json_t *request, struct tss_error *error);

/* Takes away what wireguard.set has made for OWNER, if it has. */
int wireguard_remove (struct wireguard *wireguard, const char *owner, struct tss_error *error);

/* *REASON, which is the caller's, says what the kernel lacks; empty when it has WireGuard. */
int wireguard_probe (char reason[128], struct tss_error *error);

#endif
