#include "kernel.h"

#include <stdio.h>

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
wireguard_kernel_open (struct wireguard_kernel *kernel, struct netlink *route, struct tss_error *error)
{
  *kernel = (struct wireguard_kernel){ .route = route };
  if (netlink_open (&kernel->generic, NETLINK_GENERIC, error) < 0)
    return -1;
  int result = find_family (&kernel->generic, &kernel->family, error);
  if (result == 0 && kernel->family == 0)
    result = tss_error_set (error, TSS_ERROR_NETWORK, 0, NULL, LACKING);
  if (result < 0)
    netlink_close (&kernel->generic);
  return result;
}

void
wireguard_kernel_close (struct wireguard_kernel *kernel)
{
  netlink_close (&kernel->generic);
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
