/* Sandboxes: the network namespaces of containers, with their links and their name server. */
#ifndef TSSTACK_NET_SANDBOX_H
#define TSSTACK_NET_SANDBOX_H

#include "dns/resolver.h"
#include "map.h"
#include "netlink.h"
#include "overlay/overlays.h"
#include "state.h"
#include "trash.h"

struct sandboxes
{
  struct map by_id;
  int host_namespace;
  struct netlink *route; /* of the host's namespace */
  struct state *state;
  struct dns_service *dns;
  struct trash *trash;
  struct overlays *overlays;
};

/* Takes over the sandboxes of the state directory whose namespaces still exist. */
int sandboxes_restore (struct sandboxes *sandboxes, struct tss_error *error);

/* Forgets everything without touching the namespaces. */
void sandboxes_close (struct sandboxes *sandboxes);

/* The requests sandbox.ensure and sandbox.remove. */
int sandbox_ensure (struct sandboxes *sandboxes, const json_t *request, struct tss_error *error);
int sandbox_remove (struct sandboxes *sandboxes, const json_t *request, struct tss_error *error);

/* The request sandbox.refresh: gives the sandbox what its overlays are by now. */
int sandbox_refresh (struct sandboxes *sandboxes, const json_t *request, struct tss_error *error);

/* Calls FUNCTION for each. */
void sandboxes_each (struct sandboxes *sandboxes, void (*function) (const char *id, const char *path, void *context),
                     void *context);

/* [{"id","path","networks"}, ...]; the caller owns the result. */
json_t *sandboxes_list (struct sandboxes *sandboxes);

#endif
