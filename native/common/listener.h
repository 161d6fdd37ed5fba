/* A listening socket that survives a lack of descriptors. */
#ifndef TSSTACK_COMMON_LISTENER_H
#define TSSTACK_COMMON_LISTENER_H

#include "loop.h"

struct listener
{
  struct loop *loop;
  struct loop_watch watch;
  struct loop_timer pause;
  void (*function) (void *context, int fd); /* takes the connection FD, which is non-blocking */
  void *context;
};

/* Takes FD, a non-blocking socket that listens, also on failure. The loop, the function and the context have been set.
 */
int listener_open (struct listener *listener, int fd, struct tss_error *error);

/* Does nothing when it is not open. */
void listener_close (struct listener *listener);

#endif
