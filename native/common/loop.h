/* The event loop: descriptors by epoll, timers, and tasks for which the ready descriptors go first. With nothing to do
 * it sleeps: there is no tick. */
#ifndef TSSTACK_COMMON_LOOP_H
#define TSSTACK_COMMON_LOOP_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOOP_EVENTS 64

/* The owner keeps a watch, timer or task in memory until it has closed, stopped or cancelled it, and may do so in any
 * callback: nothing is called for it afterwards. */
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
  struct loop_timer *previous, *next;
};

struct loop_task
{
  bool queued;
  void (*function) (void *context);
  void *context;
  struct loop_task *next;
};

struct loop
{
  int epoll_fd;
  bool stopping;
  struct loop_timer *first_timer, *last_timer; /* the first is the earliest */
  struct loop_task *first_task, *last_task;
  struct epoll_event events[LOOP_EVENTS]; /* of this round */
  int event_count;
};

/* For loop_set: not even the end of the connection is reported. */
#define LOOP_OFF UINT32_MAX

int loop_open (struct loop *loop, struct tss_error *error);
int loop_run (struct loop *loop, struct tss_error *error);
void loop_stop (struct loop *loop);
void loop_close (struct loop *loop);

/* Watches for EVENTS from now on; 0 = only errors and the end. */
int loop_set (struct loop *loop, struct loop_watch *watch, uint32_t events, struct tss_error *error);

/* Stops watching and closes the descriptor; does nothing when that has been done. */
void loop_close_watch (struct loop *loop, struct loop_watch *watch);

uint64_t loop_now_ms (void);

/* Starts TIMER, or starts it again. */
void loop_start_timer (struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_stop_timer (struct loop *loop, struct loop_timer *timer);

/* Runs TASK once, after the events that are ready now. Does nothing when it is queued already. */
void loop_post (struct loop *loop, struct loop_task *task);
void loop_cancel (struct loop *loop, struct loop_task *task);

#endif
