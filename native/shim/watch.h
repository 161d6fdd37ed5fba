/* The event loop: descriptors with a callback each, in one epoll instance. */
#ifndef TSSTACK_SHIM_WATCH_H
#define TSSTACK_SHIM_WATCH_H
#include <stdbool.h>
#include <stdint.h>

struct watch
{
  int fd; /* -1 = not watched */
  uint32_t events;
  void (*ready) (struct watch *watch, uint32_t events);
  void *owner;
};

int watch_open_loop (void);
int watch_add (struct watch *watch, uint32_t events);
void watch_change (struct watch *watch, uint32_t events);
/* Removes and closes. */
void watch_close (struct watch *watch);
/* One round; returns -1 with errno when the wait itself failed. */
int watch_run_once (void);
#endif
