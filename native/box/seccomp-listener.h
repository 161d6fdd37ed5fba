/* linux.seccomp.listenerPath: somebody outside decides on system calls of the container's processes. */
#ifndef TSSTACK_BOX_SECCOMP_LISTENER_H
#define TSSTACK_BOX_SECCOMP_LISTENER_H

#include "container.h"

/* A process that has put itself under the filter, or is about to. */
struct box_listened
{
  pid_t pid;
  int pidfd;
  const char *status; /* of the container, for the listener */
  struct box_channel *channel;
};

/* Whether the filter of CONTAINER, whose spec must be known, leaves decisions to a listener. */
bool box_listener_is_needed (const struct box_container *container);

/* Waits until the process is under the filter, hands the descriptor to whoever listens at the path of the spec, with
 * the container process state, and lets the process go on. After a failure the process ends by itself. */
int box_listener_hand_over (struct box_container *container, const struct box_listened *listened,
                            struct tss_error *error);

#endif
