#include "handshake-log.h"
#include "../../common/cleanup.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The message that begins a handshake and the one that answers it, and no other one of WireGuard, which are multiples
 * of 16, are as long as that with the header of UDP. */
#define BEGIN_SIZE (148 + 8)
#define ANSWER_SIZE (92 + 8)

/* Of a packet, the header of IP is enough. */
#define COPIED 64

#define MESSAGE(type) ((uint16_t)(NFNL_SUBSYS_ULOG << 8 | (type)))

/* Far from the low numbers that people give their loggers. */
static uint16_t
group_of (uint32_t owner)
{
  return (uint16_t)(0x7400 | (owner & 0xff));
}

static void
name_table (uint32_t owner, char table[64])
{
  snprintf (table, 64, "inet tsstack-handshakes-%08x", owner);
}

static int
log_packets (const struct wireguard_handshake_log *log, const struct wireguard_wish *wish, struct tss_error *error)
{
  char table[64], script[512], local[ADDRESS_TEXT_SIZE];
  name_table (wish->owner, table);
  address_format (&wish->local, local);
  snprintf (script, sizeof script,
            "table %s\ndelete table %s\ntable %s {\nchain out {\ntype filter hook output priority filter\n"
            "%s saddr %s udp sport %u udp length { %u, %u } log group %u snaplen %u queue-threshold 1\n}\n}\n",
            table, table, table, wish->local.family == AF_INET ? "ip" : "ip6", local, wish->listen, BEGIN_SIZE,
            ANSWER_SIZE, group_of (wish->owner), COPIED);
  tss_autojson json_t *keep = json_pack ("{s:s,s:s}", "table", table, "script", script);
  if (log->socket.fd >= 0 && json_equal (json_object_get (log->tables->tables, table), keep))
    return 0;
  return nft_run (log->tables->nft, script, error) < 0 ? -1 : kept_tables_set (log->tables, keep, error);
}

/* Binds the socket to the group: whole headers, at once. */
static int
bind_group (int fd, uint16_t group, struct tss_error *error)
{
  struct netlink netlink = { .fd = fd };
  struct netlink_batch batch;
  struct nfulnl_msg_config_cmd command = { .command = NFULNL_CFG_CMD_BIND };
  struct nfulnl_msg_config_mode mode = { .copy_range = htonl (COPIED), .copy_mode = NFULNL_COPY_PACKET };
  netlink_batch_init (&batch);
  struct nfgenmsg *header
      = netlink_begin (&batch, MESSAGE (NFULNL_MSG_CONFIG), 0, sizeof *header, 0, "follow handshakes of WireGuard");
  header->res_id = htons (group);
  netlink_put (&batch, NFULA_CFG_CMD, &command, sizeof command);
  netlink_put (&batch, NFULA_CFG_MODE, &mode, sizeof mode);
  return netlink_send (&netlink, &batch, error);
}

/* Where the packet goes to. */
static bool
read_packet (const struct nlmsghdr *message, struct address *to)
{
  if (message->nlmsg_type != MESSAGE (NFULNL_MSG_PACKET)
      || message->nlmsg_len < NLMSG_LENGTH (sizeof (struct nfgenmsg)))
    return false;
  struct netlink_bytes attributes = netlink_attributes (message, sizeof (struct nfgenmsg));
  struct netlink_bytes packet = netlink_find (attributes, NFULA_PAYLOAD, sizeof (struct iphdr));
  if (packet.data == NULL)
    return false;
  bool is_ipv6 = (packet.data[0] >> 4 & 15) == 6;
  if (is_ipv6 && packet.size < sizeof (struct ip6_hdr))
    return false;
  *to = (struct address){ .family = is_ipv6 ? AF_INET6 : AF_INET };
  size_t offset = is_ipv6 ? offsetof (struct ip6_hdr, ip6_dst) : offsetof (struct iphdr, daddr);
  memcpy (to->bytes, packet.data + offset, address_size (to));
  return true;
}

static void
on_packets (void *context, uint32_t events)
{
  struct wireguard_handshake_log *log = context;
  (void)events;
  /* FUNCTION may close the log. Of packets that were lost there will be others. */
  while (log->socket.fd >= 0)
    {
      _Alignas(NLMSG_ALIGNTO) char data[8192];
      struct address to;
      ssize_t size = recv (log->socket.fd, data, sizeof data, MSG_DONTWAIT);
      if (size < 0 && errno != ENOBUFS)
        return;
      int left = (int)size;
      for (struct nlmsghdr *message = (struct nlmsghdr *)data; size > 0 && NLMSG_OK (message, left);
           message = NLMSG_NEXT (message, left))
        if (read_packet (message, &to))
          log->function (&to, log->context);
    }
}

void
wireguard_handshake_log_open (struct wireguard_handshake_log *log)
{
  log->socket = (struct loop_watch){ .fd = -1, .function = on_packets, .context = log };
}

void
wireguard_handshake_log_close (struct wireguard_handshake_log *log)
{
  loop_close_watch (log->loop, &log->socket);
}

static int
follow_group (struct wireguard_handshake_log *log, uint16_t group, struct tss_error *error)
{
  struct sockaddr_nl address = { .nl_family = AF_NETLINK };
  if (log->socket.fd >= 0)
    return 0;
  tss_autofd int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) < 0)
    return tss_error_set (error, TSS_ERROR_NETWORK, errno, NULL, "open the log of netfilter");
  if (bind_group (fd, group, error) < 0)
    return -1;
  log->socket.fd = tss_steal_fd (&fd);
  if (loop_set (log->loop, &log->socket, EPOLLIN, error) == 0)
    return 0;
  wireguard_handshake_log_close (log);
  return -1;
}

int
wireguard_handshake_log_follow (struct wireguard_handshake_log *log, const struct wireguard_wish *wish,
                                struct tss_error *error)
{
  return log_packets (log, wish, error) < 0 ? -1 : follow_group (log, group_of (wish->owner), error);
}

int
wireguard_handshake_log_end (struct wireguard_handshake_log *log, uint32_t owner, struct tss_error *error)
{
  char table[64], script[256];
  name_table (owner, table);
  wireguard_handshake_log_close (log);
  if (json_object_get (log->tables->tables, table) == NULL)
    return 0;
  tss_autojson json_t *keep = json_pack ("{s:s,s:n}", "table", table, "script");
  snprintf (script, sizeof script, "table %s\ndelete table %s\n", table, table);
  return nft_run (log->tables->nft, script, error) < 0 ? -1 : kept_tables_set (log->tables, keep, error);
}
