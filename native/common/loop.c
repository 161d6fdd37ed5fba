/* The event loop: descriptors by epoll, timers and tasks. */
#include "loop.h"
#include "cleanup.h"

#include <limits.h>
#include <time.h>

int
loop_open (struct loop *loop, struct tss_error *error)
{
  *loop = (struct loop){ .epoll_fd = epoll_create1 (EPOLL_CLOEXEC) };
  if (loop->epoll_fd < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "create an epoll descriptor");
  return 0;
}

void
loop_close (struct loop *loop)
{
  tss_close (&loop->epoll_fd);
}

void
loop_stop (struct loop *loop)
{
  loop->stopping = true;
}

/* What this round has still to tell WATCH may be something that its owner has just ceased to ask for. */
static void
filter_round (struct loop *loop, const struct loop_watch *watch)
{
  for (int i = 0; i < loop->event_count; i++)
    if (loop->events[i].data.ptr == watch)
      {
        loop->events[i].events &= watch->events | EPOLLERR | EPOLLHUP;
        if (!watch->is_added || loop->events[i].events == 0)
          loop->events[i].data.ptr = NULL;
      }
}

int
loop_set (struct loop *loop, struct loop_watch *watch, uint32_t events, struct tss_error *error)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  int operation = events == LOOP_OFF ? EPOLL_CTL_DEL : watch->is_added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

  if (watch->fd < 0 || (events == LOOP_OFF && !watch->is_added) || (watch->is_added && watch->events == events))
    return 0;
  if (epoll_ctl (loop->epoll_fd, operation, watch->fd, &event) < 0)
    return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "watch descriptor %d", watch->fd);
  watch->is_added = events != LOOP_OFF;
  watch->events = events;
  filter_round (loop, watch);
  return 0;
}

void
loop_close_watch (struct loop *loop, struct loop_watch *watch)
{
  /* Whatever the kernel says: nothing of this round may reach an owner that is about to be freed. */
  if (watch->is_added)
    epoll_ctl (loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->is_added = false;
  filter_round (loop, watch);
  tss_close (&watch->fd);
}

uint64_t
loop_now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
loop_start_timer (struct loop *loop, struct loop_timer *timer, uint64_t delay_ms)
{
  struct loop_timer *before;

  loop_stop_timer (loop, timer);
  timer->deadline_ms = loop_now_ms () + delay_ms;
  timer->active = true;
  /* From the end: where there are many timers, most have the same delay, so that the new one is the last. */
  before = loop->last_timer;
  while (before && before->deadline_ms > timer->deadline_ms)
    before = before->previous;
  timer->previous = before;
  timer->next = before ? before->next : loop->first_timer;
  *(before ? &before->next : &loop->first_timer) = timer;
  *(timer->next ? &timer->next->previous : &loop->last_timer) = timer;
}

void
loop_stop_timer (struct loop *loop, struct loop_timer *timer)
{
  if (!timer->active)
    return;
  timer->active = false;
  *(timer->previous ? &timer->previous->next : &loop->first_timer) = timer->next;
  *(timer->next ? &timer->next->previous : &loop->last_timer) = timer->previous;
}

void
loop_post (struct loop *loop, struct loop_task *task)
{
  if (task->queued)
    return;
  task->queued = true;
  task->next = NULL;
  *(loop->last_task ? &loop->last_task->next : &loop->first_task) = task;
  loop->last_task = task;
}

void
loop_cancel (struct loop *loop, struct loop_task *task)
{
  struct loop_task *previous = NULL;

  if (!task->queued)
    return;
  for (struct loop_task *at = loop->first_task; at != task; at = at->next)
    previous = at;
  *(previous ? &previous->next : &loop->first_task) = task->next;
  if (loop->last_task == task)
    loop->last_task = previous;
  task->queued = false;
}

static void
run_timers (struct loop *loop)
{
  uint64_t now = loop->first_timer ? loop_now_ms () : 0;

  while (loop->first_timer && loop->first_timer->deadline_ms <= now)
    {
      struct loop_timer *timer = loop->first_timer;

      loop_stop_timer (loop, timer);
      timer->function (timer->context);
    }
}

/* One task a round: a long queue of work delays no DNS answer by more than its longest item. */
static void
run_task (struct loop *loop)
{
  struct loop_task *task = loop->first_task;

  if (!task)
    return;
  loop_cancel (loop, task);
  task->function (task->context);
}

static void
run_watches (struct loop *loop)
{
  for (int i = 0; i < loop->event_count; i++)
    {
      struct loop_watch *watch = loop->events[i].data.ptr;

      if (watch)
        watch->function (watch->context, loop->events[i].events);
    }
  loop->event_count = 0;
}

static int
wait_ms (const struct loop *loop)
{
  uint64_t now;

  if (loop->first_task)
    return 0;
  if (!loop->first_timer)
    return -1;
  now = loop_now_ms ();
  if (loop->first_timer->deadline_ms <= now)
    return 0;
  return loop->first_timer->deadline_ms - now > INT_MAX ? INT_MAX : (int)(loop->first_timer->deadline_ms - now);
}

int
loop_run (struct loop *loop, struct tss_error *error)
{
  while (!loop->stopping)
    {
      int count = epoll_wait (loop->epoll_fd, loop->events, LOOP_EVENTS, wait_ms (loop));

      if (count < 0 && errno != EINTR)
        return tss_error_set (error, TSS_ERROR_INTERNAL, errno, "", "wait for events");
      loop->event_count = count < 0 ? 0 : count;
      run_watches (loop);
      run_timers (loop);
      run_task (loop);
    }
  return 0;
}
