#include "wireguard.h"
#include "../../common/cleanup.h"
#include "../ipsec/barrier.h"
#include "../ipsec/exceptions.h"
#include "../ipsec/wish.h"
#include "barrier.h"
#include "care.h"
#include "rules.h"
#include "ways.h"

#include <string.h>

/* The barrier first; hosts that are not to be reached any more go when nothing leads to them. */
static int
apply (struct wireguard *wireguard, struct wireguard_kernel *kernel, const struct wireguard_wish *wish,
       struct tss_error *error)
{
  char link[LINK_NAME_SIZE];
  unsigned device;
  struct wireguard_peers peers = { 0 };
  ipsec_barrier_link (wish->owner, link);
  int result = wireguard_barrier_set (wireguard, wish, link, error);
  if (result == 0)
    result = wireguard_device_ensure (kernel, wish, link, &device, error);
  if (result == 0)
    result = wireguard_peers_list (&peers, kernel, link, error);
  if (result == 0)
    result = wireguard_peers_add (&peers, kernel, wish, link, error);
  if (result == 0)
    result = wireguard_lead (wireguard, wish, &peers, device, error);
  if (result == 0)
    result = wireguard_peers_remove (&peers, kernel, wish, link, error);
  if (result == 0)
    {
      wireguard->owner = wish->owner;
      wireguard->device = device;
      wireguard_care (wireguard, wish, &peers);
    }
  wireguard_peers_free (&peers);
  return result;
}

/* Takes what is in WISH, but for the key. */
static void
remember (struct wireguard *wireguard, struct wireguard_wish *wish)
{
  explicit_bzero (wish->private_key, sizeof wish->private_key);
  wish->owner_name = NULL;
  wireguard_wish_free (&wireguard->asked);
  wireguard->asked = *wish;
  *wish = (struct wireguard_wish){ 0 };
}

static int
set_up (struct wireguard *wireguard, struct wireguard_wish *wish, struct tss_error *error)
{
  struct wireguard_kernel kernel;
  /* Before there is a device that could go. */
  if (ipsec_check (wireguard->ipsec, wish->owner_name, &wish->local, wish->port, error) < 0
      || link_watch_start (&wireguard->links, error) < 0
      || wireguard_kernel_open (&kernel, wireguard->route, error) < 0)
    return -1;
  int result = apply (wireguard, &kernel, wish, error);
  wireguard_kernel_close (&kernel);
  if (result == 0)
    wireguard_follow (wireguard, wish);
  if (result == 0)
    remember (wireguard, wish);
  return result;
}

/* Backwards: from the first step on everything needs ESP again. */
static int
take_down (struct wireguard *wireguard, uint32_t owner, struct tss_error *error)
{
  char link[LINK_NAME_SIZE];
  bool changed = false;
  ipsec_barrier_link (owner, link);
  wireguard_forget (wireguard);
  if (!wireguard_barrier_is_set (wireguard, owner))
    return 0;
  if (ipsec_except (wireguard->ipsec, owner, NULL, 0, false, error) < 0
      || wireguard_set_rules (wireguard->route, owner, 0, 0, &changed, error) < 0
      || wireguard_device_remove (wireguard->route, owner, link, error) < 0
      || wireguard_handshake_log_end (&wireguard->log, owner, error) < 0)
    return -1;
  link_watch_stop (&wireguard->links);
  return wireguard_barrier_remove (wireguard, owner, error);
}

int
wireguard_set (struct wireguard *wireguard, const json_t *request, json_t **silent, struct tss_error *error)
{
  struct wireguard_wish wish;
  if (wireguard_wish_parse (request, &wish, error) < 0)
    return -1;
  int result = wish.has_local ? set_up (wireguard, &wish, error) : take_down (wireguard, wish.owner, error);
  wireguard_wish_free (&wish);
  *silent = result == 0 ? wireguard_trials_silent (&wireguard->trials) : NULL;
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
