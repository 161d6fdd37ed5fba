/* The WireGuard device of an owner. */
#ifndef TSSTACK_NET_WIREGUARD_DEVICE_H
#define TSSTACK_NET_WIREGUARD_DEVICE_H

#include "../link.h"
#include "kernel.h"
#include "wish.h"

/* Makes the device, with key and port of the request, or what has to be made of it; *INDEX is that of the link. */
int wireguard_device_ensure (struct wireguard_kernel *kernel, const struct wireguard_wish *wish, const char *link,
                             unsigned *index, struct tss_error *error);

/* Leaves alone what somebody else has made. */
int wireguard_device_remove (struct netlink *route, uint32_t owner, const char *link, struct tss_error *error);

#endif
