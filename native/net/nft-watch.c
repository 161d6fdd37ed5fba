#include "nft-watch.h"
#include "../common/cleanup.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

/* Firewalls change many rules in a row, one process each: wait for a pause, but not for ever; and should another
 * program insist on the opposite of what we want, then argue with it calmly. */
#define PAUSE_MS 50
#define MOST_WAIT_MS 500
#define LEAST_INTERVAL_MS 250
#define OWN_TABLES "tsstack-"

/* Attribute 1 of every nftables message names the table. */
static const char *
table_of (const struct nlmsghdr *message)
{
  size_t offset = NLMSG_ALIGN (NLMSG_HDRLEN + sizeof (struct nfgenmsg));
  if (message->nlmsg_len < offset + NLA_HDRLEN)
    return NULL;
  const struct nlattr *attribute = (const struct nlattr *)((const char *)message + offset);
  bool fits = attribute->nla_len >= NLA_HDRLEN && offset + attribute->nla_len <= message->nlmsg_len;
  if (!fits || (attribute->nla_type & NLA_TYPE_MASK) != NFTA_TABLE_NAME)
    return NULL;
  return (const char *)attribute + NLA_HDRLEN;
}

static bool
is_relevant (const struct nlmsghdr *message)
{
  switch (NFNL_MSG_TYPE (message->nlmsg_type))
    {
    case NFT_MSG_DELTABLE:
      return true; /* ours too: somebody has flushed everything */
    case NFT_MSG_NEWTABLE:
    case NFT_MSG_NEWCHAIN:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      break;
    default:
      return false;
    }
  const char *table = table_of (message);
  return table == NULL || strncmp (table, OWN_TABLES, strlen (OWN_TABLES)) != 0;
}

static void
schedule (struct nft_watch *watch)
{
  uint64_t now = loop_now_ms ();
  if (!watch->delay.active)
    watch->first_ms = now;
  uint64_t at = now + PAUSE_MS;
  if (at > watch->first_ms + MOST_WAIT_MS)
    at = watch->first_ms + MOST_WAIT_MS;
  if (at < watch->called_ms + LEAST_INTERVAL_MS)
    at = watch->called_ms + LEAST_INTERVAL_MS;
  loop_start_timer (watch->loop, &watch->delay, at > now ? at - now : 0);
}

static void
on_rules_changed (void *context, uint32_t events)
{
  struct nft_watch *watch = context;
  (void)events;
  bool relevant = false;
  for (;;)
    {
      _Alignas(NLMSG_ALIGNTO) char data[32768];
      ssize_t size = recv (watch->socket.fd, data, sizeof data, MSG_DONTWAIT);
      if (size < 0 && errno != ENOBUFS)
        break;
      relevant = relevant || size < 0; /* some messages were lost */
      int left = (int)size;
      for (struct nlmsghdr *message = (struct nlmsghdr *)data; size > 0 && NLMSG_OK (message, left);
           message = NLMSG_NEXT (message, left))
        relevant = relevant || is_relevant (message);
    }
  if (relevant)
    schedule (watch);
}

static void
on_delay (void *context)
{
  struct nft_watch *watch = context;
  watch->called_ms = loop_now_ms ();
  watch->function (watch->context);
}

void
nft_watch_open (struct nft_watch *watch, struct loop *loop, void (*function) (void *context), void *context)
{
  *watch = (struct nft_watch){ .loop = loop, .function = function, .context = context };
  watch->socket = (struct loop_watch){ .fd = -1, .function = on_rules_changed, .context = watch };
  watch->delay = (struct loop_timer){ .function = on_delay, .context = watch };
}

void
nft_watch_close (struct nft_watch *watch)
{
  nft_watch_stop (watch);
}

int
nft_watch_start (struct nft_watch *watch, struct tss_error *error)
{
  if (watch->socket.fd >= 0)
    return 0;
  struct sockaddr_nl address = { .nl_family = AF_NETLINK };
  int group = NFNLGRP_NFTABLES;
  tss_autofd int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) < 0
      || setsockopt (fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "subscribe to changes of nftables");
  watch->socket.fd = fd;
  if (loop_set (watch->loop, &watch->socket, EPOLLIN, error) < 0)
    {
      watch->socket.fd = -1;
      return -1;
    }
  fd = -1;
  return 0;
}

void
nft_watch_stop (struct nft_watch *watch)
{
  loop_close_watch (watch->loop, &watch->socket);
  loop_stop_timer (watch->loop, &watch->delay);
}
