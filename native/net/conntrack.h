/* The kernel's table of connections, as far as published UDP ports need it. */
#ifndef TSSTACK_NET_CONNTRACK_H
#define TSSTACK_NET_CONNTRACK_H

#include "../common/error.h"

#include <jansson.h>

/* The request conntrack.forget: forgets the UDP flows to these ports of the host. A flow keeps the translation that it
 * began with for as long as packets come, so that a client that never pauses would not notice that a port was
 * published, moved or closed. */
int conntrack_forget (const json_t *request, struct tss_error *error);

#endif
