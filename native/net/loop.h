/* The one event loop: descriptors by epoll, timers, and tasks that run once after the events of a round. */
#ifndef TSSTACK_NET_LOOP_H
#define TSSTACK_NET_LOOP_H

#include "../common/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOOP_EVENTS 64

/* The owner keeps these structures alive until it has removed, stopped or cancelled them, and may do so inside any
 * callback. */
struct loop_watch
{
  int fd; /* -1: not watched */
  void (*function) (void *context, uint32_t events);
  void *context;
};

struct loop_timer
{
  uint64_t deadline_ms;
  void (*function) (void *context);
  void *context;
  struct loop_timer *previous, *next;
  bool active;
};

struct loop_task
{
  void (*function) (void *context);
  void *context;
  struct loop_task *next;
  bool queued;
};

struct loop
{
  int epoll_fd;
  bool stopping;
  struct loop_timer *first_timer, *last_timer;
  struct loop_task *first_task, *last_task;
  struct epoll_event events[LOOP_EVENTS]; /* of the current round */
  int event_count;
};

int loop_open (struct loop *loop, struct tss_error *error);
int loop_run (struct loop *loop, struct tss_error *error);
void loop_stop (struct loop *loop);
void loop_close (struct loop *loop);

/* Watches WATCH->fd. */
int loop_watch (struct loop *loop, struct loop_watch *watch, uint32_t events, struct tss_error *error);
void loop_change (struct loop *loop, struct loop_watch *watch, uint32_t events);

/* Also closes the descriptor. Does nothing for a watch whose fd is -1. */
void loop_unwatch (struct loop *loop, struct loop_watch *watch);

uint64_t loop_now_ms (void);

/* Starts or restarts TIMER. */
void loop_start_timer (struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_stop_timer (struct loop *loop, struct loop_timer *timer);

/* Runs TASK once, after the events that are ready now. Does nothing when it is queued already. */
void loop_post (struct loop *loop, struct loop_task *task);
void loop_cancel (struct loop *loop, struct loop_task *task);

#endif
