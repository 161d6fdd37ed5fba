/* Says so when the kernel refuses new connections because a namespace has as many as the host allows
 * (nf_conntrack_max). The kernel tells nobody but its own log, which is followed: nothing is polled. */
#ifndef TSSTACK_NET_FLOW_LIMIT_H
#define TSSTACK_NET_FLOW_LIMIT_H

#include "sandbox.h"

struct flow_limit
{
  struct loop *loop;
  struct loop_watch kernel_log;
  uint64_t said_ms;
  struct sandboxes *sandboxes;
};

/* Without a log of the kernel that can be read there is nothing to follow. The caller has set loop and sandboxes. */
void flow_limit_open (struct flow_limit *limit);
void flow_limit_close (struct flow_limit *limit);

#endif
