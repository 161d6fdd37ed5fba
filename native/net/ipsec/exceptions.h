/* What may go without ESP, because something else has encrypted it. */
#ifndef TSSTACK_NET_IPSEC_EXCEPTIONS_H
#define TSSTACK_NET_IPSEC_EXCEPTIONS_H

#include "ipsec.h"

/* Makes WANTED the exceptions from what ipsec.set demands for OWNER. ANEW: those, too, that are there are written: with
 * each of them the kernel forgets the ways that it has found for packets, which with IPv6 it does not do for a rule of
 * routing, or for a route that leads somewhere else. */
int ipsec_except (struct ipsec *ipsec, uint32_t owner, const struct ipsec_exception *wanted, size_t count, bool anew,
                  struct tss_error *error);

#endif
