/* DNS over TCP: one client's connection, its queries answered one after the other. */
#ifndef TSSTACK_NET_DNS_CONNECTION_H
#define TSSTACK_NET_DNS_CONNECTION_H

#include "resolver.h"

/* Takes over FD. */
void dns_connection_open (struct dns_resolver *resolver, int fd);
void dns_connection_close (struct dns_connection *connection);

/* Sends the answer of the query at hand. May close the connection. */
void dns_connection_reply (struct dns_connection *connection, const uint8_t *data, size_t size);

#endif
