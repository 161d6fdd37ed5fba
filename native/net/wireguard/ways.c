#include "ways.h"
#include "../ipsec/exceptions.h"
#include "../memory.h"
#include "barrier.h"
#include "routes.h"
#include "rules.h"

#include <stdlib.h>

/* What comes in is told by the mark of the barrier. What goes out is told by the link that it leaves by, so that it
 * needs ESP again when it leaves by another one; with IPv6 the kernel asks before it knows that
 * (ip6_dst_lookup_flow), and all that can be said is where to. */
static int
set_exceptions (struct wireguard *wireguard, const struct wireguard_wish *answering, unsigned device, bool anew,
                struct tss_error *error)
{
  struct ipsec_policy from = { .local = answering->local, .port = answering->port, .direction = XFRM_POLICY_OUT };
  struct ipsec_exception *exceptions = memory_allocate ((answering->count + 2) * sizeof *exceptions);
  size_t count = 0;
  exceptions[count++] = (struct ipsec_exception){ .from = from, .mark = WIREGUARD_MARK };
  exceptions[0].from.direction = XFRM_POLICY_IN;
  if (answering->local.family == AF_INET)
    exceptions[count++] = (struct ipsec_exception){ .from = from, .device = device };
  for (size_t i = 0; i < answering->count && answering->local.family == AF_INET6; i++)
    exceptions[count++] = (struct ipsec_exception){ .from = from, .peer = answering->peers[i].address };
  int result = ipsec_except (wireguard->ipsec, answering->owner, exceptions, count, anew, error);
  free (exceptions);
  return result;
}

/* The same request, of those hosts alone. */
static struct wireguard_wish
select_answering (const struct wireguard_wish *wish, const struct wireguard_peers *peers)
{
  struct wireguard_wish answering = { .owner = wish->owner, .local = wish->local, .port = wish->port };
  answering.peers = memory_allocate ((wish->count + 1) * sizeof *answering.peers);
  for (size_t i = 0; i < wish->count; i++)
    if (wireguard_peers_have_answer (peers, &wish->peers[i]))
      answering.peers[answering.count++] = wish->peers[i];
  return answering;
}

/* With IPv4 the exception is for the device alone, and has to be there when the first packet is led to it; with IPv6 it
 * comes last, because a way that the kernel has found is looked up anew with it. */
int
wireguard_lead (struct wireguard *wireguard, const struct wireguard_wish *wish, const struct wireguard_peers *peers,
                unsigned device, struct tss_error *error)
{
  bool changed = false;
  int family = wish->local.family, result = 0;
  struct wireguard_wish answering = select_answering (wish, peers);
  if (family == AF_INET)
    result = set_exceptions (wireguard, &answering, device, false, error);
  /* The other end finds out for itself, and may be the first that does. */
  if (result == 0)
    result = wireguard_set_routes (wireguard->route, wish, WIREGUARD_BACK, device, &changed, error);
  if (result == 0)
    result = wireguard_set_routes (wireguard->route, &answering, WIREGUARD_OUT, device, &changed, error);
  if (result == 0)
    result = wireguard_set_rules (wireguard->route, wish->owner, family, wish->port, &changed, error);
  if (result == 0 && family == AF_INET6)
    result = set_exceptions (wireguard, &answering, device, changed, error);
  wireguard_wish_free (&answering);
  return result;
}
