#include "care.h"
#include "../../common/cleanup.h"
#include "../ipsec/barrier.h"
#include "../ipsec/exceptions.h"
#include "barrier.h"
#include "ways.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>

/* The agent looks for lines that begin so (agents/host/networks/net-log.ts). */
#define NEWS "tsstack-net: WireGuard: "

static void
say (const struct wireguard_trial *trial, void *context)
{
  char text[ADDRESS_TEXT_SIZE];
  (void)context;
  address_format (&trial->peer.address, text);
  fprintf (stderr, NEWS "%s %s at UDP port %u: what goes there is encrypted by %s\n", text,
           trial->is_silent ? "does not answer" : "answers", trial->peer.port,
           trial->is_silent ? "IPsec" : "WireGuard");
}

static void
schedule (struct wireguard *wireguard)
{
  uint64_t wait_ms = wireguard_trials_wait (&wireguard->trials, loop_now_ms ());
  if (wait_ms == 0)
    loop_stop_timer (wireguard->loop, &wireguard->check);
  else
    loop_start_timer (wireguard->loop, &wireguard->check, wait_ms);
}

void
wireguard_care (struct wireguard *wireguard, const struct wireguard_wish *wish, const struct wireguard_peers *peers)
{
  wireguard_trials_note (&wireguard->trials, wish, peers, loop_now_ms (), say, NULL);
  schedule (wireguard);
}

void
wireguard_forget (struct wireguard *wireguard)
{
  wireguard->device = 0;
  loop_stop_timer (wireguard->loop, &wireguard->check);
  wireguard_trials_clear (&wireguard->trials);
  wireguard_begun_clear (&wireguard->begun);
  wireguard_wish_free (&wireguard->asked);
}

static int
look (struct wireguard *wireguard, struct wireguard_kernel *kernel, struct tss_error *error)
{
  char link[LINK_NAME_SIZE];
  struct wireguard_peers peers = { 0 };
  ipsec_barrier_link (wireguard->owner, link);
  int result = wireguard_peers_list (&peers, kernel, link, error);
  if (result == 0)
    result = wireguard_lead (wireguard, &wireguard->asked, &peers, wireguard->device, error);
  if (result == 0)
    {
      wireguard_trials_note (&wireguard->trials, &wireguard->asked, &peers, loop_now_ms (), say, NULL);
      result = wireguard_trials_repeat (&wireguard->trials, kernel, link, loop_now_ms (), error);
    }
  wireguard_peers_free (&peers);
  return result;
}

static void
on_check (void *context)
{
  struct wireguard *wireguard = context;
  struct wireguard_kernel kernel;
  struct tss_error error = { 0 };
  int result = wireguard_kernel_open (&kernel, wireguard->route, &error);
  if (result == 0)
    {
      result = look (wireguard, &kernel, &error);
      wireguard_kernel_close (&kernel);
    }
  schedule (wireguard);
  if (result < 0)
    fprintf (stderr, "tsstack-net: look who answers by WireGuard: %s\n", error.message);
}

/* Leads what goes there by ESP, and greets it as one that has never answered; its session, of which nobody may know the
 * other end any more, goes. */
static int
doubt (struct wireguard *wireguard, struct wireguard_kernel *kernel, const struct wireguard_peer *peer,
       uint64_t since_ms, struct tss_error *error)
{
  char link[LINK_NAME_SIZE];
  struct netlink_batch batch;
  struct wireguard_peers peers = { 0 };
  ipsec_barrier_link (wireguard->owner, link);
  int result = wireguard_peers_list (&peers, kernel, link, error);
  wireguard_peers_doubt (&peers, peer);
  if (result == 0)
    result = wireguard_lead (wireguard, &wireguard->asked, &peers, wireguard->device, error);
  if (result == 0)
    {
      netlink_batch_init (&batch);
      wireguard_remove_peer (&batch, kernel->family, link, peer->key);
      wireguard_peers_greet (&batch, kernel, link, peer);
      result = netlink_flush (&kernel->generic, &batch, 1, error);
    }
  if (result == 0)
    {
      wireguard_trials_add (&wireguard->trials, peer, since_ms, loop_now_ms ());
      wireguard_care (wireguard, &wireguard->asked, &peers);
    }
  wireguard_peers_free (&peers);
  return result;
}

static void
on_handshake (const struct address *to, void *context)
{
  struct wireguard *wireguard = context;
  struct wireguard_kernel kernel;
  struct tss_error error = { 0 };
  uint64_t since_ms;
  const struct wireguard_peer *peer = wireguard_wish_find_address (&wireguard->asked, to);
  if (peer == NULL || wireguard_trials_have (&wireguard->trials, peer)
      || !wireguard_begun_note (&wireguard->begun, to, loop_now_ms (), &since_ms))
    return;
  int result = wireguard_kernel_open (&kernel, wireguard->route, &error);
  if (result == 0)
    {
      result = doubt (wireguard, &kernel, peer, since_ms, &error);
      wireguard_kernel_close (&kernel);
    }
  if (result < 0)
    fprintf (stderr, "tsstack-net: encrypt by IPsec what a host does not take by WireGuard: %s\n", error.message);
}

void
wireguard_follow (struct wireguard *wireguard, const struct wireguard_wish *wish)
{
  struct tss_error error = { 0 };
  if (wireguard->is_log_missing || wireguard_handshake_log_follow (&wireguard->log, wish, &error) == 0)
    return;
  wireguard->is_log_missing = true;
  fprintf (stderr, "tsstack-net: hosts that cease to answer by WireGuard are not noticed: %s\n", error.message);
}

static bool
is_up (unsigned device, const char *link)
{
  struct ifreq request = { 0 };
  tss_autofd int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  snprintf (request.ifr_name, sizeof request.ifr_name, "%s", link);
  return fd >= 0 && if_nametoindex (link) == device && ioctl (fd, SIOCGIFFLAGS, &request) == 0
         && (request.ifr_flags & IFF_UP) != 0;
}

/* Its routes have gone with it; with IPv6 the exceptions from IPsec have not, and nothing would reach anybody. */
static void
give_up_lost (struct wireguard *wireguard)
{
  char link[LINK_NAME_SIZE];
  struct tss_error error = { 0 };
  ipsec_barrier_link (wireguard->owner, link);
  wireguard_forget (wireguard);
  if (ipsec_except (wireguard->ipsec, wireguard->owner, NULL, 0, false, &error) < 0)
    fprintf (stderr, "tsstack-net: encrypt by IPsec: %s\n", error.message);
  fprintf (stderr, NEWS "the device %s was taken away, or down: all is encrypted by IPsec until it is there again\n",
           link);
}

static void
on_link (unsigned index, void *context)
{
  struct wireguard *wireguard = context;
  char link[LINK_NAME_SIZE];
  ipsec_barrier_link (wireguard->owner, link);
  /* What has been said may have been overtaken. */
  if (wireguard->device != 0 && (index == 0 || index == wireguard->device) && !is_up (wireguard->device, link))
    give_up_lost (wireguard);
}

static int
take_over (struct wireguard *wireguard, struct tss_error *error)
{
  char link[LINK_NAME_SIZE];
  if (!wireguard_barrier_find (wireguard, &wireguard->owner))
    return 0;
  if (link_watch_start (&wireguard->links, error) < 0)
    return -1;
  ipsec_barrier_link (wireguard->owner, link);
  wireguard->device = if_nametoindex (link);
  if (!is_up (wireguard->device, link))
    give_up_lost (wireguard);
  return 0;
}

int
wireguard_open (struct wireguard *wireguard, struct tss_error *error)
{
  wireguard->check = (struct loop_timer){ .function = on_check, .context = wireguard };
  wireguard->log = (struct wireguard_handshake_log){
    .loop = wireguard->loop, .tables = wireguard->tables, .function = on_handshake, .context = wireguard
  };
  wireguard_handshake_log_open (&wireguard->log);
  link_watch_open (&wireguard->links, wireguard->loop, on_link, wireguard);
  return take_over (wireguard, error);
}

void
wireguard_close (struct wireguard *wireguard)
{
  wireguard_forget (wireguard);
  link_watch_stop (&wireguard->links);
  wireguard_handshake_log_close (&wireguard->log);
}
