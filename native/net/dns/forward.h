/* Questions that upstream servers answer: UDP first, TCP where an answer was cut and the client came by TCP. */
#ifndef TSSTACK_NET_DNS_FORWARD_H
#define TSSTACK_NET_DNS_FORWARD_H

#include "resolver.h"

/* Answers CLIENT sooner or later: with the first useful answer of an upstream server, else with a server failure. */
void dns_forward (const struct dns_client *client, const struct dns_query *query);

/* Forgets the questions of a TCP connection, or all. */
void dns_forward_cancel (struct dns_resolver *resolver, const struct dns_connection *connection);
void dns_forward_cancel_all (struct dns_resolver *resolver);

#endif
