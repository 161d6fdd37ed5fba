/* WireGuard between this host and others, in place of IPsec where both have it. The kernel holds all of it; no copy of
 * a key is kept here. What happens without a request is a line in the log, upon which the agent asks again. */
#ifndef TSSTACK_NET_WIREGUARD_WIREGUARD_H
#define TSSTACK_NET_WIREGUARD_WIREGUARD_H

#include "../ipsec/ipsec.h"
#include "../link-watch.h"
#include "begun.h"
#include "handshake-log.h"
#include "trials.h"

struct wireguard
{
  struct loop *loop;
  struct netlink *route;
  struct ipsec *ipsec;
  struct kept_tables *tables;
  bool is_barrier_up; /* the rules that are kept are in the kernel, as far as this process has put them there */
  uint32_t owner;     /* whose device that is */
  unsigned device;    /* index of its link; 0: there is none */
  struct wireguard_wish asked; /* last, without the private key; nothing of what a predecessor was asked for */
  struct wireguard_trials trials;
  struct loop_timer check; /* of these */
  struct wireguard_handshake_log log;
  bool is_log_missing; /* that has been said */
  struct wireguard_begun begun;
  struct link_watch links;
};

/* The request wireguard.set; *SILENT, which is the caller's, are the addresses of hosts that do not answer. */
int wireguard_set (struct wireguard *wireguard, const json_t *request, json_t **silent, struct tss_error *error);

/* Takes away what wireguard.set has made for OWNER, if it has. */
int wireguard_remove (struct wireguard *wireguard, const char *owner, struct tss_error *error);

#endif
