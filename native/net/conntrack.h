/* The kernel's table of connections, as far as UDP needs it. A flow keeps the translation that it began with for as
 * long as packets come: a client that never pauses would not notice that a port was published, moved or closed, or that
 * the container behind a service's address has gone. */
#ifndef TSSTACK_NET_CONNTRACK_H
#define TSSTACK_NET_CONNTRACK_H

#include "../common/error.h"

#include <jansson.h>

/* The request conntrack.forget: flows to ports of the host that lead where the ports do not lead any more, and what the
 * containers that have gone have answered without such a flow: by that the next packet would find them again. */
int conntrack_forget (const json_t *request, struct tss_error *error);

/* In the namespace of the calling thread: flows to addresses of services (address -> containers behind it) that lead to
 * containers of BEFORE that AFTER has not. Either may be NULL for none. */
int conntrack_forget_services (const json_t *before, const json_t *after, struct tss_error *error);

#endif
