#include "sandbox-inside.h"
#include "../common/cleanup.h"
#include "interface.h"
#include "nft.h"
#include "overlay/guest.h"
#include "sysctl.h"

#include <stdio.h>

#define DNS_TABLE "tsstack-dns"

/* Port 53 of the name server's address leads to its sockets; a program of the container can bind port 53 itself. A new
 * namespace has no former table to delete: the kernel would wait for a grace period (10 ms) to free one. */
static int
redirect_dns (uint16_t port, bool is_new, struct tss_error *error)
{
  char script[512];
  struct nft nft;
  snprintf (script, sizeof script,
            "%s"
            "table ip " DNS_TABLE " {\n"
            " chain output {\n"
            "  type nat hook output priority -100\n"
            "  ip daddr " DNS_ADDRESS " udp dport 53 dnat to " DNS_ADDRESS ":%u\n"
            "  ip daddr " DNS_ADDRESS " tcp dport 53 dnat to " DNS_ADDRESS ":%u\n"
            " }\n"
            "}\n",
            is_new ? "" : "table ip " DNS_TABLE "\ndelete table ip " DNS_TABLE "\n", port, port);
  if (nft_open (&nft, error) < 0)
    return -1;
  int result = nft_run (&nft, script, error);
  nft_close (&nft);
  return result;
}

int
sandbox_ensure_dns (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request,
                    struct tss_error *error)
{
  const json_t *dns = json_object_get (request, "dns");
  if (!json_is_object (dns))
    {
      dns_resolver_close (&sandbox->resolver);
      sandbox->has_resolver = false;
      return 0;
    }
  if (dns_resolver_configure (&sandbox->resolver, dns, error) < 0)
    return -1;
  if (sandbox->has_resolver)
    return 0;
  uint16_t port = (uint16_t)json_integer_value (json_object_get (sandbox->spec, "dnsPort"));
  if (dns_resolver_open (&sandbox->resolver, sandboxes->dns, port, error) < 0)
    return -1;
  sandbox->has_resolver = true;
  return sandbox->resolver.port == port ? 0 : redirect_dns (sandbox->resolver.port, sandbox->is_new, error);
}

int
sandbox_join_overlays (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *interfaces,
                       const json_t *before, struct tss_error *error)
{
  const struct overlay_guest guest = { sandbox->id, interfaces };
  json_t *wish = overlay_guest_wish (sandboxes->overlays, &guest);
  int result = overlay_guest_change (sandboxes->overlays, &guest, before, wish, error);
  if (result == 0)
    json_object_set (sandbox->spec, SANDBOX_OVERLAYS, wish);
  json_decref (wish);
  return result;
}

int
sandbox_configure (struct sandboxes *sandboxes, struct sandbox *sandbox, const json_t *request, struct tss_error *error)
{
  struct netlink inside;
  struct netlink_batch batch;
  const json_t *interfaces = json_object_get (request, "interfaces");
  if (netlink_open (&inside, NETLINK_ROUTE, error) < 0)
    return -1;
  netlink_batch_init (&batch);
  link_set_up (&batch, 1, "lo", 0, NULL); /* the loopback device is always the first */
  int result = netlink_send (&inside, &batch, error);
  for (size_t i = 0; i < json_array_size (interfaces) && result == 0; i++)
    {
      struct interface interface;
      result = interface_parse (json_array_get (interfaces, i), sandbox->id, &interface, error);
      trash_keep (sandboxes->trash, interface.host_name);
      if (result == 0)
        result = interface_ensure (&interface, sandboxes->route, &inside, error);
    }
  netlink_close (&inside);
  if (result < 0)
    return -1;
  /* Interfaces may be new, with nothing of what they had. */
  if (sysctl_write_all (json_object_get (request, "sysctls"), error) < 0
      || sandbox_join_overlays (sandboxes, sandbox, interfaces, NULL, error) < 0)
    return -1;
  return sandbox_ensure_dns (sandboxes, sandbox, request, error);
}
