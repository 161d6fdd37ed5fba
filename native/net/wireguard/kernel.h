/* The kernel's WireGuard, for as long as something is asked of it. */
#ifndef TSSTACK_NET_WIREGUARD_KERNEL_H
#define TSSTACK_NET_WIREGUARD_KERNEL_H

#include "message.h"

struct wireguard_kernel
{
  struct netlink generic, *route;
  uint16_t family; /* of its messages */
};

int wireguard_kernel_open (struct wireguard_kernel *kernel, struct netlink *route, struct tss_error *error);
void wireguard_kernel_close (struct wireguard_kernel *kernel);

/* *REASON, which is the caller's, says what the kernel lacks; empty when it has WireGuard. */
int wireguard_probe (char reason[128], struct tss_error *error);

#endif
