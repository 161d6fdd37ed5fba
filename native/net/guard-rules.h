/* The foreign chains that drop forwarded packets, and our rules in them. */
#ifndef TSSTACK_NET_GUARD_RULES_H
#define TSSTACK_NET_GUARD_RULES_H

#include "nft.h"

/* Makes the rules of BRIDGES (array of names) and only those true: adds what is missing, removes those of FORMER (array
 * of names, or NULL) that are in excess. */
int guard_rules_apply (struct nft *nft, const json_t *bridges, const json_t *former, struct tss_error *error);

#endif
