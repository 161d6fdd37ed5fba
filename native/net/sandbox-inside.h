/* What a sandbox has inside: all of this runs in its namespace. */
#ifndef TSSTACK_NET_SANDBOX_INSIDE_H
#define TSSTACK_NET_SANDBOX_INSIDE_H

#include "sandbox.h"

#define SANDBOX_OVERLAYS "overlays" /* in the kept spec */

struct sandbox
{
  json_t *spec; /* the request that made it, with the port of its name server and what it has of its overlays */
  const char *id, *path;
  struct dns_resolver resolver;
  bool has_resolver;
  bool is_new; /* its namespace was made for this request */
};

/* Gives it the interfaces, sysctls, overlays and name server of REQUEST. */
int sandbox_configure (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request,
                       struct tss_error *error);

/* The name server's sockets; what died with a predecessor is opened again. */
int sandbox_ensure_dns (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request,
                        struct tss_error *error);

/* Gives it what its overlays are by now; BEFORE is what it has of them. */
int sandbox_join_overlays (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *interfaces,
                           const json_t *before, struct tss_error *error);

#endif
