/* Tells when links of this namespace change or go, whoever does that. Nothing is polled: the kernel sends messages. */
#ifndef TSSTACK_NET_LINK_WATCH_H
#define TSSTACK_NET_LINK_WATCH_H

#include "../common/loop.h"

struct link_watch
{
  struct loop *loop;
  struct loop_watch socket;
  void (*function) (unsigned index, void *context);
  void *context;
};

/* From link_watch_start on FUNCTION is called with the index of a link that has changed or gone, after the fact, and
 * with 0 when messages were lost. */
void link_watch_open (struct link_watch *watch, struct loop *loop, void (*function) (unsigned index, void *context),
                      void *context);
int link_watch_start (struct link_watch *watch, struct tss_error *error);
void link_watch_stop (struct link_watch *watch);

#endif
