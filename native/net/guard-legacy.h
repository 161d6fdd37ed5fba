/* Rules made with iptables-legacy live outside nftables, where we do not write. */
#ifndef TSSTACK_NET_GUARD_LEGACY_H
#define TSSTACK_NET_GUARD_LEGACY_H

#include <stdbool.h>

/* Does the filter table of iptables-legacy exist and drop what it forwards by policy? Never loads the table. */
bool guard_legacy_drops (void);

#endif
