/* Encryption between this host and others: what may only go encrypted, and the keys. The kernel holds all of it; no
 * copy of a key is kept here. */
#ifndef TSSTACK_NET_IPSEC_H
#define TSSTACK_NET_IPSEC_H

#include "../kept-tables.h"
#include "message.h"

#include <jansson.h>

struct ipsec
{
  struct netlink xfrm; /* open once something has been asked of it */
  bool is_open;
  bool is_barrier_up; /* the rules that are kept are in the kernel, as far as this process has put them there */
  struct nft *nft;
  struct kept_tables *tables;
};

/* Not before it is needed: it may load a module. */
int ipsec_open (struct ipsec *ipsec, struct tss_error *error);
void ipsec_close (struct ipsec *ipsec);

/* The request ipsec.set. */
int ipsec_set (struct ipsec *ipsec, const json_t *request, struct tss_error *error);

/* Fails unless nothing can go in clear by PORT from LOCAL, or come in so. */
int ipsec_check (struct ipsec *ipsec, const char *owner, const struct address *local, unsigned port,
                 struct tss_error *error);

#endif
