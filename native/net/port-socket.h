/* One reserved port. */
#ifndef TSSTACK_NET_PORT_SOCKET_H
#define TSSTACK_NET_PORT_SOCKET_H

#include "address.h"

#include <netinet/in.h>
#include <stdbool.h>

/* Binds PROTOCOL (IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP) at ADDRESS and *PORT; 0 = any free port, which is then
 * stored. SHARE lets it succeed where connections of the port's former user are still closing. Returns the descriptor,
 * or -1 with errno. The wildcard of IPv6 with BOTH is that of IPv4 as well. */
int port_socket_open (int protocol, const struct address *address, bool both, uint16_t *port, bool share);

/* Writes who uses the port, such as "nginx (pid 4711)"; false if no process of this host shows it. */
bool port_find_owner (int protocol, const struct address *address, uint16_t port, char *text, size_t size);

/* Do the addresses, of which one may stand for all, have one in common? */
bool port_addresses_overlap (const struct address *a, const struct address *b);

#endif
