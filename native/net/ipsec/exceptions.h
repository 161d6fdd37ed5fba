/* What may go without ESP, because something else has encrypted it. */
#ifndef TSSTACK_NET_IPSEC_EXCEPTIONS_H
#define TSSTACK_NET_IPSEC_EXCEPTIONS_H

#include "ipsec.h"

/* Makes WANTED the exceptions from what ipsec.set demands for OWNER. To be called when rules and routes are as they
 * shall be: packets are led by them from then on. */
int ipsec_except (struct ipsec *ipsec, uint32_t owner, const struct ipsec_exception *wanted, size_t count,
                  struct tss_error *error);

#endif
