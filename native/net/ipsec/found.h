/* What the kernel has of an owner. */
#ifndef TSSTACK_NET_IPSEC_FOUND_H
#define TSSTACK_NET_IPSEC_FOUND_H

#include "../../common/buffer.h"
#include "message.h"

struct ipsec_found
{
  uint32_t owner;
  struct buffer associations, policies; /* struct ipsec_association, struct ipsec_policy */
  struct buffer exceptions;             /* struct ipsec_exception, whosesoever */
};

/* Adds what messages of TYPE tell: XFRM_MSG_GETPOLICY or XFRM_MSG_GETSA. */
int ipsec_found_list (struct ipsec_found *found, struct netlink *xfrm, uint16_t type, struct tss_error *error);

/* Forgets the keys as well. */
void ipsec_found_free (struct ipsec_found *found);

const struct ipsec_association *ipsec_found_associations (const struct ipsec_found *found, size_t *count);
const struct ipsec_policy *ipsec_found_policies (const struct ipsec_found *found, size_t *count);
const struct ipsec_exception *ipsec_found_exceptions (const struct ipsec_found *found, size_t *count);
bool ipsec_found_has_policy (const struct ipsec_found *found, const struct ipsec_policy *policy);

#endif
