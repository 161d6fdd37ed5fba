#include "network.h"
#include "fields.h"
#include "link.h"
#include "sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define LABEL_SIZE 160 /* with the longest owner */
#define ALIAS_SIZE 256 /* the kernel's limit (IFALIASZ) */

int
network_parse (const json_t *request, struct network_spec *spec, struct tss_error *error)
{
  json_int_t mtu;
  const char *mac;
  const json_t *addresses;
  *spec = (struct network_spec){ 0 };
  if (field_id (request, "id", &spec->id, error) < 0 || field_id (request, "owner", &spec->owner, error) < 0
      || field_interface (request, "bridge", &spec->bridge, error) < 0
      || field_integer (request, "mtu", 68, 65535, &mtu, error) < 0
      || field_array (request, "addresses", &addresses, error) < 0 || field_string (request, "mac", &mac, error) < 0)
    return -1;
  if (!address_parse_mac (mac, spec->mac))
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "mac", "field mac: expected six octets");
  spec->mtu = (unsigned)mtu;
  size_t count = json_array_size (addresses);
  if (count > NETWORK_ADDRESSES)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "addresses", "field addresses: at most %d", NETWORK_ADDRESSES);
  for (size_t i = 0; i < count; i++)
    if (field_address_at (addresses, i, "addresses", &spec->addresses[i], error) < 0)
      return -1;
  spec->address_count = (unsigned)count;
  return 0;
}

/* The alias of a bridge begins with this; the id of the network follows. KIND "overlay": the alias of a tunnel. */
static void
format_label (const char *owner, const char *kind, char label[LABEL_SIZE])
{
  snprintf (label, LABEL_SIZE, "tsstack %s %s ", owner, kind);
}

static int
ensure_bridge (struct netlink *netlink, const struct network_spec *spec, unsigned *index, struct tss_error *error)
{
  struct link_info info;
  bool found;
  char label[LABEL_SIZE], alias[ALIAS_SIZE];
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  if (link_find (netlink, spec->bridge, &info, &found, error) < 0)
    return -1;
  format_label (spec->owner, "network", label);
  if ((size_t)snprintf (alias, sizeof alias, "%s%s", label, spec->id) >= sizeof alias)
    return tss_error_set (error, TSS_ERROR_INVALID, 0, "id", "field id: too long for the label of a bridge");
  if (found && strcmp (info.kind, "bridge") != 0)
    return tss_error_set (error, TSS_ERROR_EXISTS, 0, spec->bridge,
                          "create bridge %s: a link that is no bridge has this name", spec->bridge);
  if (found && strcmp (info.alias, alias) != 0)
    return tss_error_set (error, TSS_ERROR_EXISTS, 0, spec->bridge,
                          "create bridge %s: a bridge of somebody else has this name", spec->bridge);
  /* Where the address is set, even to the same, the kernel forgets all neighbours. */
  bool has_mac = memcmp (info.mac, spec->mac, sizeof info.mac) == 0;
  if (found)
    link_set_up (&batch, info.index, spec->bridge, spec->mtu, has_mac ? NULL : spec->mac);
  else
    link_add_bridge (&batch, spec->bridge, spec->mtu, spec->mac);
  /* In the same system call as the creation: no crash leaves a bridge that nobody can tell for ours. */
  link_set_alias (&batch, spec->bridge, alias);
  if (netlink_send (netlink, &batch, error) < 0)
    return -1;
  *index = found ? info.index : if_nametoindex (spec->bridge);
  return 0;
}

static bool
has_family (const struct network_spec *spec, int family)
{
  for (unsigned i = 0; i < spec->address_count; i++)
    if (spec->addresses[i].family == family)
      return true;
  return false;
}

#define IPV6_LINKS "/proc/sys/net/ipv6/conf"

/* A host that has its own IPv6 route from router advertisements would lose it: the kernel of a router heeds them on
 * links with accept_ra 2 only. */
static void
keep_advertised_routes (void)
{
  DIR *links = opendir (IPV6_LINKS);
  if (links == NULL)
    return;
  for (struct dirent *link = readdir (links); link != NULL; link = readdir (links))
    {
      char path[300];
      snprintf (path, sizeof path, "net/ipv6/conf/%s/accept_ra", link->d_name);
      if (link->d_name[0] != '.' && strcmp (link->d_name, "all") != 0 && sysctl_read (path) == '1')
        sysctl_write (path, "2", NULL);
    }
  closedir (links);
}

static int
forward_ipv6 (const struct network_spec *spec, struct tss_error *error)
{
  if (sysctl_read ("net/ipv6/conf/all/forwarding") == '0')
    {
      keep_advertised_routes ();
      if (sysctl_write ("net/ipv6/conf/all/forwarding", "1", error) < 0)
        return -1;
    }
  /* A container that plays the router shall not become the host's. */
  return sysctl_write_interface ("ipv6", spec->bridge, "accept_ra", "0", error);
}

static int
set_sysctls (const struct network_spec *spec, struct tss_error *error)
{
  /* Connections to 127.0.0.1 that are translated to a container leave by the bridge with a loopback source until
   * masqueraded. */
  if (sysctl_write_interface ("ipv4", spec->bridge, "route_localnet", "1", error) < 0
      || sysctl_write_interface ("ipv4", spec->bridge, "rp_filter", "2", error) < 0
      || sysctl_write_interface ("ipv6", spec->bridge, "disable_ipv6", has_family (spec, AF_INET6) ? "0" : "1", error)
             < 0)
    return -1;
  if (sysctl_read ("net/ipv4/ip_forward") == '0' && sysctl_write ("net/ipv4/ip_forward", "1", error) < 0)
    return -1;
  return has_family (spec, AF_INET6) ? forward_ipv6 (spec, error) : 0;
}

int
network_ensure (struct netlink *netlink, const struct network_spec *spec, struct tss_error *error)
{
  unsigned index = 0;
  if (ensure_bridge (netlink, spec, &index, error) < 0 || set_sysctls (spec, error) < 0)
    return -1;
  struct netlink_batch batch;
  netlink_batch_init (&batch);
  for (unsigned i = 0; i < spec->address_count; i++)
    link_add_address (&batch, index, spec->bridge, &spec->addresses[i]);
  return netlink_send (netlink, &batch, error);
}

struct search
{
  char labels[2][LABEL_SIZE];
  json_t *found;
};

static void
add_if_labelled (const char *name, const char *alias, void *context)
{
  const struct search *search = context;
  for (size_t i = 0; i < 2 && alias != NULL; i++)
    {
      size_t length = strlen (search->labels[i]);
      if (strncmp (alias, search->labels[i], length) == 0)
        json_array_append_new (search->found, json_pack ("{s:s,s:s}", "id", alias + length, "bridge", name));
    }
}

json_t *
networks_list (struct netlink *netlink, const char *owner, struct tss_error *error)
{
  struct search search = { .found = json_array () };
  format_label (owner, "network", search.labels[0]);
  format_label (owner, "overlay", search.labels[1]);
  if (link_list (netlink, add_if_labelled, &search, error) == 0)
    return search.found;
  json_decref (search.found);
  return NULL;
}
