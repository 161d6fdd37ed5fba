/* What a sandbox has of the overlays that it is on: the size of its packets, ways back to the hosts that requests came
 * by, and rules that lead connections to services. */
#ifndef TSSTACK_NET_OVERLAY_GUEST_H
#define TSSTACK_NET_OVERLAY_GUEST_H

#include "overlays.h"

/* One sandbox, by the fields of its spec. */
struct overlay_guest
{
  const char *id;
  const json_t *interfaces;
};

/* What a sandbox should have: network -> what of its overlay concerns the guest. The caller owns the result. */
json_t *overlay_guest_wish (const struct overlays *overlays, const struct overlay_guest *guest);

/* Checks the fields nodes and rules of a request. */
int overlay_guest_check (const json_t *request, struct tss_error *error);

/* Called in the sandbox's namespace: from what it has of its overlays to what it should have. */
int overlay_guest_change (const struct overlays *overlays, const struct overlay_guest *guest, const json_t *before,
                          const json_t *after, struct tss_error *error);

#endif
