/* The second lock on the door: rules of nftables that let nothing through in clear, also when another program has
 * flushed the kernel's policies. */
#ifndef TSSTACK_NET_IPSEC_BARRIER_H
#define TSSTACK_NET_IPSEC_BARRIER_H

#include "ipsec.h"
#include "wish.h"

bool ipsec_barrier_is_set (const struct ipsec *ipsec, const struct ipsec_wish *wish);
int ipsec_barrier_set (struct ipsec *ipsec, const struct ipsec_wish *wish, struct tss_error *error);
int ipsec_barrier_remove (struct ipsec *ipsec, const struct ipsec_wish *wish, struct tss_error *error);

#endif
