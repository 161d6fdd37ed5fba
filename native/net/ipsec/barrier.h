/* The second lock on the door: rules of nftables that let nothing through in clear, also when another program has
 * flushed the kernel's policies. */
#ifndef TSSTACK_NET_IPSEC_BARRIER_H
#define TSSTACK_NET_IPSEC_BARRIER_H

#include "../link.h"
#include "ipsec.h"
#include "wish.h"

/* The link that has a hole of its own in the barrier: what goes through it, it encrypts itself. Nobody else has a link
 * of that name, whether there is one or not. */
void ipsec_barrier_link (uint32_t owner, char name[LINK_NAME_SIZE]);

bool ipsec_barrier_is_set (const struct ipsec *ipsec, const struct ipsec_wish *wish);
int ipsec_barrier_set (struct ipsec *ipsec, const struct ipsec_wish *wish, struct tss_error *error);
int ipsec_barrier_remove (struct ipsec *ipsec, const struct ipsec_wish *wish, struct tss_error *error);

#endif
