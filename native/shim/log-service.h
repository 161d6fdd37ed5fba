/* The connection to a logging service: datagrams to a socket of this host or an address, or lines by TCP. Nothing here
 * waits for the service. */
#ifndef TSSTACK_SHIM_LOG_SERVICE_H
#define TSSTACK_SHIM_LOG_SERVICE_H

#include "../common/loop.h"
#include "options.h"

#include <sys/uio.h>

struct log_service
{
  const struct forward_options *options;
  struct loop *loop;
  struct loop_watch watch; /* not open while nobody listens */
  size_t sent;             /* bytes that a stream has taken of the message whose turn it is */
};

/* Whether OPTIONS, of shim.json, name a service that can be sent to. */
int log_service_check (const struct forward_options *options, struct tss_error *error);

/* Sends the message, or what is left of it. 0: sent; EMSGSIZE: no datagram can be so long; else why not now, EAGAIN
 * when the service, which is connected or about to be, has no room. */
int log_service_send (struct log_service *service, struct iovec *pieces, int count);

/* The next message goes to a new connection, from its first byte on. */
void log_service_close (struct log_service *service);

#endif
