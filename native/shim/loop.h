/* The event loop: descriptors by epoll, and timers. Without a timer it sleeps until something happens. */
#ifndef TSSTACK_SHIM_LOOP_H
#define TSSTACK_SHIM_LOOP_H

#include "../common/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* The owner keeps a watch or timer in memory until it has closed or stopped it, and may do so in any callback. */
struct loop_watch
{
  int fd; /* -1: closed */
  bool is_added;
  uint32_t events;
  void (*function) (void *context, uint32_t events);
  void *context;
};

struct loop_timer
{
  bool active;
  uint64_t deadline_ms;
  void (*function) (void *context);
  void *context;
  struct loop_timer *next;
};

struct loop
{
  int epoll_fd;
  bool stopping;
  struct loop_timer *first_timer; /* the earliest */
};

/* For loop_set: not even the end of the connection is reported. */
#define LOOP_OFF UINT32_MAX

int loop_open (struct loop *loop, struct tss_error *error);
int loop_run (struct loop *loop, struct tss_error *error);
void loop_stop (struct loop *loop);

/* Watches for EVENTS from now on; 0 = only errors and the end. */
int loop_set (struct loop *loop, struct loop_watch *watch, uint32_t events, struct tss_error *error);

/* Stops watching and closes the descriptor; does nothing when that has been done. */
void loop_close_watch (struct loop *loop, struct loop_watch *watch);

uint64_t loop_now_ms (void);

/* Starts TIMER, or starts it again. */
void loop_start_timer (struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_stop_timer (struct loop *loop, struct loop_timer *timer);

#endif
