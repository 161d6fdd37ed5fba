/* Where the containers and hosts of a network are: entries of the tunnel's and the bridge's tables. */
#ifndef TSSTACK_NET_OVERLAY_PEERS_H
#define TSSTACK_NET_OVERLAY_PEERS_H

#include "../../common/error.h"
#include "../netlink.h"

#include <jansson.h>

/* Two links of the host by their indexes. */
struct overlay_links
{
  unsigned tunnel, bridge;
};

/* Checks the field peers: MAC -> {"host","addresses"}. */
int overlay_peers_check (const json_t *peers, struct tss_error *error);

/* From BEFORE to AFTER; either may be NULL for none. What is there already and what is gone already are no errors. */
int overlay_peers_change (struct netlink *netlink, const struct overlay_links *links, const json_t *before,
                          const json_t *after, struct tss_error *error);

/* Removes what a crash has left in the tables beside PEERS. */
int overlay_peers_sweep (struct netlink *netlink, const struct overlay_links *links, const json_t *peers,
                         struct tss_error *error);

#endif
