#include "wireguard.h"
#include "../../common/cleanup.h"
#include "../ipsec/barrier.h"
#include "../ipsec/exceptions.h"
#include "../ipsec/wish.h"
#include "../memory.h"
#include "barrier.h"
#include "peers.h"
#include "routes.h"
#include "rules.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LACKING "the kernel lacks WireGuard (wireguard)"

static void
note_family (const struct nlmsghdr *message, void *context)
{
  wireguard_read_family (message, context);
}

/* FAMILY 0: the kernel has none. */
static int
find_family (struct netlink *generic, uint16_t *family, struct tss_error *error)
{
  struct netlink_batch batch;
  *family = 0;
  netlink_batch_init (&batch);
  wireguard_ask_family (&batch);
  return netlink_dump (generic, &batch, note_family, family, error);
}

int
wireguard_probe (char reason[128], struct tss_error *error)
{
  struct netlink generic;
  uint16_t family;
  if (netlink_open (&generic, NETLINK_GENERIC, error) < 0)
    return -1;
  int result = find_family (&generic, &family, error);
  snprintf (reason, 128, "%s", family == 0 ? LACKING : "");
  netlink_close (&generic);
  return result;
}

/* What comes in is told by the mark of the barrier. What goes out is told by the link that it leaves by, so that it
 * needs ESP again when it leaves by another one; with IPv6 the kernel asks before it knows that
 * (ip6_dst_lookup_flow), and all that can be said is where to: should the device go, the barrier of IPsec alone holds
 * back what is sent there. */
static int
set_exceptions (struct wireguard *wireguard, const struct wireguard_wish *wish, unsigned device, bool anew,
                struct tss_error *error)
{
  struct ipsec_policy from = { .local = wish->local, .port = wish->port, .direction = XFRM_POLICY_OUT };
  struct ipsec_exception *exceptions = memory_allocate ((wish->count + 2) * sizeof *exceptions);
  size_t count = 0;
  exceptions[count++] = (struct ipsec_exception){ .from = from, .mark = WIREGUARD_MARK };
  exceptions[0].from.direction = XFRM_POLICY_IN;
  if (wish->local.family == AF_INET)
    exceptions[count++] = (struct ipsec_exception){ .from = from, .device = device };
  for (size_t i = 0; i < wish->count && wish->local.family == AF_INET6; i++)
    exceptions[count++] = (struct ipsec_exception){ .from = from, .peer = wish->peers[i].address };
  int result = ipsec_except (wireguard->ipsec, wish->owner, exceptions, count, anew, error);
  free (exceptions);
  return result;
}

/* The barrier first. With IPv4 the exception is for the device alone, and has to be there when the first packet is led
 * to it; with IPv6 it comes last, because a way that the kernel has found is looked up anew with it. */
static int
apply (struct wireguard *wireguard, struct wireguard_kernel *kernel, const struct wireguard_wish *wish,
       struct tss_error *error)
{
  char link[LINK_NAME_SIZE];
  unsigned device;
  bool changed = false;
  struct wireguard_peers peers = { 0 };
  ipsec_barrier_link (wish->owner, link);
  int result = wireguard_barrier_set (wireguard, wish, link, error);
  if (result == 0)
    result = wireguard_device_ensure (kernel, wish, link, &device, error);
  if (result == 0)
    result = wireguard_peers_list (&peers, kernel, link, error);
  if (result == 0)
    result = wireguard_peers_add (&peers, kernel, wish, link, error);
  if (result == 0 && wish->local.family == AF_INET)
    result = set_exceptions (wireguard, wish, device, changed, error);
  if (result == 0)
    result = wireguard_set_routes (kernel->route, wish, device, &changed, error);
  if (result == 0)
    result = wireguard_set_rules (kernel->route, wish->owner, wish->local.family, wish->port, &changed, error);
  if (result == 0 && wish->local.family == AF_INET6)
    result = set_exceptions (wireguard, wish, device, changed, error);
  if (result == 0)
    result = wireguard_peers_remove (&peers, kernel, wish, link, error);
  wireguard_peers_free (&peers);
  return result;
}

static int
set_up (struct wireguard *wireguard, const struct wireguard_wish *wish, struct tss_error *error)
{
  struct wireguard_kernel kernel = { .route = wireguard->route };
  if (ipsec_check (wireguard->ipsec, wish->owner_name, &wish->local, wish->port, error) < 0
      || netlink_open (&kernel.generic, NETLINK_GENERIC, error) < 0)
    return -1;
  int result = find_family (&kernel.generic, &kernel.family, error);
  if (result == 0 && kernel.family == 0)
    result = tss_error_set (error, TSS_ERROR_NETWORK, 0, NULL, LACKING);
  if (result == 0)
    result = apply (wireguard, &kernel, wish, error);
  netlink_close (&kernel.generic);
  return result;
}

/* Backwards: from the first step on everything needs ESP again. */
static int
take_down (struct wireguard *wireguard, uint32_t owner, struct tss_error *error)
{
  char link[LINK_NAME_SIZE];
  bool changed = false;
  ipsec_barrier_link (owner, link);
  if (!wireguard_barrier_is_set (wireguard, owner))
    return 0;
  if (ipsec_except (wireguard->ipsec, owner, NULL, 0, false, error) < 0
      || wireguard_set_rules (wireguard->route, owner, 0, 0, &changed, error) < 0
      || wireguard_device_remove (wireguard->route, owner, link, error) < 0)
    return -1;
  return wireguard_barrier_remove (wireguard, owner, error);
}

int
wireguard_set (struct wireguard *wireguard, const json_t *request, struct tss_error *error)
{
  struct wireguard_wish wish;
  if (wireguard_wish_parse (request, &wish, error) < 0)
    return -1;
  int result = wish.has_local ? set_up (wireguard, &wish, error) : take_down (wireguard, wish.owner, error);
  wireguard_wish_free (&wish);
  return result;
}

int
wireguard_remove (struct wireguard *wireguard, const char *owner, struct tss_error *error)
{
  uint32_t number;
  if (!ipsec_parse_owner (owner, &number))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "owner", "field owner: expected eight hexadecimal digits");
  return take_down (wireguard, number, error);
}
