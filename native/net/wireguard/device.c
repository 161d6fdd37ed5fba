#include "device.h"
#include "../../common/cleanup.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of Ethernet, where no link has the address. */
#define USUAL_MTU 1500

/* What WireGuard puts around a packet: header (16) and tag (16), UDP (8), and IP. */
#define OVERHEAD_IPV4 (16 + 16 + 8 + 20)
#define OVERHEAD_IPV6 (16 + 16 + 8 + 40)

/* The kernel gives a link with less no IPv6 (RFC 8200, section 5). */
#define LEAST_MTU_IPV6 1280

struct search
{
  const struct address *address;
  unsigned link; /* index; 0: none has it */
};

static void
note_address (const struct nlmsghdr *message, void *context)
{
  struct search *search = context;
  struct address found = { .family = search->address->family };
  if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_HDRLEN + sizeof (struct ifaddrmsg))
    return;
  const struct ifaddrmsg *header = NLMSG_DATA (message);
  struct netlink_bytes attributes = netlink_attributes (message, sizeof *header);
  struct netlink_bytes bytes = netlink_find (attributes, IFA_LOCAL, address_size (&found));
  if (bytes.data == NULL) /* of IPv6 */
    bytes = netlink_find (attributes, IFA_ADDRESS, address_size (&found));
  if (bytes.data == NULL || header->ifa_family != found.family)
    return;
  memcpy (found.bytes, bytes.data, address_size (&found));
  if (address_equal (&found, search->address))
    search->link = header->ifa_index;
}

static unsigned
find_link (struct netlink *route, const struct address *address)
{
  struct search search = { .address = address };
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  struct ifaddrmsg *header
      = netlink_begin (&batch, RTM_GETADDR, NLM_F_DUMP, sizeof *header, 0, "look for the address of this host");
  header->ifa_family = (uint8_t)address->family;
  return netlink_dump (route, &batch, note_address, &search, NULL) < 0 ? 0 : search.link;
}

static unsigned
mtu_of_link (unsigned index)
{
  struct ifreq request = { 0 };
  tss_autofd int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || if_indextoname (index, request.ifr_name) == NULL || ioctl (fd, SIOCGIFMTU, &request) < 0)
    return USUAL_MTU;
  return (unsigned)request.ifr_mtu;
}

/* Such that what the device sends is as large as the link of LOCAL carries: it fills packets up to sixteen bytes, but
 * not beyond its MTU. */
static unsigned
mtu_for (struct netlink *route, const struct address *local)
{
  unsigned mtu = mtu_of_link (find_link (route, local));
  if (local->family == AF_INET)
    return mtu - OVERHEAD_IPV4;
  return mtu - OVERHEAD_IPV6 > LEAST_MTU_IPV6 ? mtu - OVERHEAD_IPV6 : LEAST_MTU_IPV6;
}

static int
create (struct netlink *route, const char *link, const char *alias, struct tss_error *error)
{
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  netlink_begin (&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof (struct ifinfomsg), 0,
                 "create WireGuard device %s", link);
  netlink_put_string (&batch, IFLA_IFNAME, link);
  size_t info = netlink_begin_nest (&batch, IFLA_LINKINFO);
  netlink_put_string (&batch, IFLA_INFO_KIND, WG_GENL_NAME);
  netlink_end_nest (&batch, info);
  link_set_alias (&batch, link, alias);
  link_set_no_automatic_address (&batch, link);
  return netlink_send (route, &batch, error);
}

/* Its socket is made when the link comes up, or when the port changes while it is. */
static int
explain_port (uint16_t listen, struct tss_error *error)
{
  if (error == NULL || error->error_number != EADDRINUSE)
    return -1;
  return tss_error_set (error, TSS_ERROR_NETWORK, 0, "listen",
                        "listen for WireGuard at UDP port %u: another program has that port", listen);
}

#define ALIAS_SIZE 64

static void
name_alias (uint32_t owner, char alias[ALIAS_SIZE])
{
  snprintf (alias, ALIAS_SIZE, "tsstack %08x wireguard", owner);
}

/* An empty label: whoever made it died before it had one. */
static bool
is_ours (const struct link_info *info, const char *alias)
{
  return strcmp (info->kind, WG_GENL_NAME) == 0 && (*info->alias == '\0' || strcmp (info->alias, alias) == 0);
}

/* The index of the link, which is made if there is none; 0 on failure. */
static unsigned
ensure_link (struct netlink *route, const char *link, uint32_t owner, struct tss_error *error)
{
  char alias[ALIAS_SIZE];
  bool found;
  struct link_info info;
  name_alias (owner, alias);
  if (link_find (route, link, &info, &found, error) < 0)
    return 0;
  if (found && !is_ours (&info, alias))
    {
      tss_error_set (error, TSS_ERROR_EXISTS, 0, link, "create WireGuard device %s: somebody else has such a link",
                     link);
      return 0;
    }
  if (!found && (create (route, link, alias, error) < 0 || link_find (route, link, &info, &found, error) < 0))
    return 0;
  return info.index;
}

int
wireguard_device_ensure (struct wireguard_kernel *kernel, const struct wireguard_wish *wish, const char *link,
                         unsigned *index, struct tss_error *error)
{
  struct netlink_batch batch;
  *index = ensure_link (kernel->route, link, wish->owner, error);
  if (*index == 0)
    return -1;
  netlink_batch_init (&batch);
  wireguard_set_device (&batch, kernel->family, link, wish->private_key, wish->listen);
  if (netlink_flush (&kernel->generic, &batch, 1, error) < 0)
    return explain_port (wish->listen, error);
  link_set_up (&batch, *index, link, mtu_for (kernel->route, &wish->local), NULL);
  return netlink_send (kernel->route, &batch, error) < 0 ? explain_port (wish->listen, error) : 0;
}

int
wireguard_device_remove (struct netlink *route, uint32_t owner, const char *link, struct tss_error *error)
{
  char alias[ALIAS_SIZE];
  bool found;
  struct link_info info;
  name_alias (owner, alias);
  if (link_find (route, link, &info, &found, error) < 0)
    return -1;
  return found && is_ours (&info, alias) ? link_delete_all (route, &link, 1, error) : 0;
}
